/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/key_names.c - finding keys by name, and guessing which one was meant. */
#include "plan/keys.h"
#include <stdio.h>
#include <string.h>

const struct key *key_find(const char *name)
{
    const struct key *k;

    for (size_t i = 0; (k = key_at(i)); i++)
        if (strcmp(k->name, name) == 0)
            return k;
    return NULL;
}

bool key_is_group(const char *name)
{
    size_t n = strlen(name);
    const struct key *k;

    for (size_t i = 0; (k = key_at(i)); i++)
        if (strncmp(k->name, name, n) == 0 && k->name[n] == '.')
            return true;
    return false;
}

const char *key_leaf(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot ? dot + 1 : name;
}

/* Optimal string alignment over two rolling rows would forget the swap; names are short, so the
 * whole table stands on the stack. */
int text_distance(const char *a, const char *b, int limit)
{
    enum { MOST = 48 };
    size_t n = strlen(a), m = strlen(b);
    int d[MOST + 1][MOST + 1];

    if (n > MOST || m > MOST)
        return limit + 1;
    for (size_t i = 0; i <= n; i++)
        d[i][0] = (int)i;
    for (size_t j = 0; j <= m; j++)
        d[0][j] = (int)j;
    for (size_t i = 1; i <= n; i++)
        for (size_t j = 1; j <= m; j++) {
            int best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

            best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
            best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[n][m] > limit ? limit + 1 : d[n][m];
}

/* The part of @name right below @parent, cut at the next dot; its length, 0 if not below. */
static size_t below(const char **part, const char *name, const char *parent)
{
    size_t n = strlen(parent);

    if (n > 0) {
        if (strncmp(name, parent, n) != 0 || name[n] != '.')
            return 0;
        name += n + 1;
    }
    *part = name;
    return strcspn(name, ".[");
}

/* Calls for each key or group right below @parent, once each: rows of a group are neighbours. */
static bool next_below(size_t *i, char *buf, size_t size, const char *parent)
{
    const struct key *k;
    const char *part = "";
    char seen[64] = "";

    (void)snprintf(seen, sizeof seen, "%s", buf);
    for (; (k = key_at(*i)); ++*i) {
        size_t n = below(&part, k->name, parent);

        if (n == 0 || (strlen(seen) == n && strncmp(seen, part, n) == 0))
            continue;
        (void)snprintf(buf, size, "%.*s", (int)n, part);
        return true;
    }
    return false;
}

static void suggest_elsewhere(char *buf, size_t size, const char *leaf)
{
    const struct key *k;

    for (size_t i = 0; (k = key_at(i)); i++)
        if (strcmp(key_leaf(k->name), leaf) == 0 && !strchr(k->name, '[')) {
            (void)snprintf(buf, size, "%s", k->name);
            return;
        }
}

void key_suggest(char *buf, size_t size, const char *parent, const char *leaf)
{
    int best = strlen(leaf) < 5 ? 2 : 3;
    char name[64] = "";

    buf[0] = '\0';
    for (size_t i = 0; next_below(&i, name, sizeof name, parent); i++) {
        int d = text_distance(name, leaf, best);

        if (d >= best)
            continue;
        best = d;
        (void)snprintf(buf, size, "%s%s%s", parent, *parent ? "." : "", name);
    }
    if (!buf[0])
        suggest_elsewhere(buf, size, leaf);
}

void key_siblings(char *buf, size_t size, const char *parent)
{
    char name[64] = "";
    size_t used = 0;

    buf[0] = '\0';
    for (size_t i = 0; used < size && next_below(&i, name, sizeof name, parent); i++)
        used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "", name);
}

const char *key_takes(const struct key *k)
{
    static const char *const words[] = {
        [KEY_VERSION] = "the number 1",
        [KEY_TEXT] = "text",
        [KEY_WORD] = "a word",
        [KEY_URL] = "a URL: http://HOST:PORT/v1, https://HOST/v1",
        [KEY_METRIC] = "a metric id: ttft.content.due@1",
        [KEY_DIGEST] = "64 hex digits",
        [KEY_DURATION] = "a duration: 500ms, 10s, 5m, 2h",
        [KEY_RATE] = "a rate: 4/s, 30/m",
        [KEY_RATIO] = "a ratio: 1/16, 0.25, 25%",
        [KEY_NUMBER] = "a number",
        [KEY_PERCENTILE] = "a number between 0 and 100: 99",
        [KEY_COUNT] = "a whole number: 64, 4k, 4Ki",
        [KEY_COUNT64] = "a whole number: 1000, 10k, 1M",
        [KEY_SEED] = "a whole number",
        [KEY_BOOL] = "true or false",
        [KEY_TRISTATE] = "auto, true or false",
        [KEY_ENUM] = "a word",
        [KEY_SECRET] = "env:NAME or file:PATH",
        [KEY_THINK] = "a duration, or exponential DURATION: 2s, exponential 2s",
        [KEY_PATIENCE] = "N tokens or a duration, or uniform A..B: 5 tokens, uniform 1s..5s",
        [KEY_TURNS] = "a whole number, a range, or geometric MEAN: 4, 2..8, geometric 4",
        [KEY_WARM_UP] = "first DURATION, first COUNT, or none",
        [KEY_TEXTS] = "a list of texts",
        [KEY_MAP] = "names with values: {NAME: VALUE}",
        [KEY_REQUIRE] = "names with what must hold: {NAME: text, glob*, \">=550\", or a list}",
        [KEY_BODY] = "names with any values: {top_p: 0.9, stop: [a, b]}",
        [KEY_GOOD] = "a list: [{metric: ..., at_most: ...}]",
        [KEY_EXPECT] = "a list: [{metric: ..., value: ...}]",
        [KEY_STAGES] = "a list: [{rate: 2/s..8/s, for: 30s}] or [{concurrency: 8, for: 30s}]",
        [KEY_MIX] = "a list: [{name: chat, share: 70%, profile: ...}, ...]",
        [KEY_SWEEP] = "keys with values: {load.rate: [2/s, 4/s]}",
        [KEY_RAMP] = "a rate, or a ramp: 2/s, 2/s..8/s",
        [KEY_SLOTS] = "a whole number, or a ramp: 8, 8..32",
        [KEY_LIMIT] = "a value in the metric's unit: 500ms, 4/s, 95%",
        [KEY_SLO] = "limits: {ttft.content.due@1: 500ms}",
    };

    return words[k->type];
}
