/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/patience.c - load.hang_up: read, written out, drawn. */
#include "plan/patience.h"
#include "base/units.h"
#include "plan/reading.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STREAM_PATIENCE = 0x70617401, MOST_TOKENS = 1000000 };
static const int64_t MOST_NS = 3600 * NS_PER_S;

/* "5 tokens" or "2s"; the word may stand behind the second of two numbers only. */
static int read_one(int64_t *ret, bool tokens, const char *text)
{
    int64_t v;
    int rc = tokens ? units_i64(&v, text) : units_duration(&v, text);

    if (rc < 0 || v < 1 || v > (tokens ? MOST_TOKENS : MOST_NS))
        return -EINVAL;
    *ret = v;
    return 0;
}

static int read_patience(struct plan_patience *ret, const char *text)
{
    static const char word[] = "uniform ", unit[] = " tokens";
    struct plan_patience p = {0};
    size_t n = strlen(text), cut = sizeof unit - 1;
    char numbers[80], *dots;

    p.tokens = n > cut && strcmp(text + n - cut, unit) == 0;
    (void)snprintf(numbers, sizeof numbers, "%.*s", (int)(p.tokens ? n - cut : n), text);
    if (strncmp(numbers, word, sizeof word - 1) != 0) {
        if (read_one(&p.from, p.tokens, numbers) < 0)
            return -EINVAL;
        p.to = p.from;
        *ret = p;
        return 0;
    }
    dots = strstr(numbers, "..");
    if (!dots)
        return -EINVAL;
    *dots = '\0';
    if (read_one(&p.from, p.tokens, numbers + sizeof word - 1) < 0 ||
        read_one(&p.to, p.tokens, dots + 2) < 0 || p.from >= p.to)
        return -EINVAL;
    *ret = p;
    return 0;
}

int patience_set(struct reading *r, const struct key *k, const char *shown, const struct node *n,
                 void *base)
{
    struct plan_patience p;

    if (read_patience(&p, n->text) < 0)
        return reading_fail(r, n, shown,
                            "'%.60s' does not fit; it takes %s, of 1 to %d tokens or up to 1h",
                            n->text, key_takes(k), MOST_TOKENS);
    memcpy((char *)base + k->field, &p, sizeof p);
    return 0;
}

json_t *patience_json(const struct plan_patience *p)
{
    char from[64] = "";

    if (p->to == 0)
        return json_null();
    if (p->from != p->to && p->tokens)
        (void)snprintf(from, sizeof from, "uniform %" PRId64 "..", p->from);
    else if (p->from != p->to)
        (void)snprintf(from, sizeof from, "uniform %s..", units_exact_ns(p->from).text);
    if (p->tokens)
        return json_sprintf("%s%" PRId64 " tokens", from, p->to);
    return json_sprintf("%s%s", from, units_exact_ns(p->to).text);
}

void patience_init(struct rng *r, const struct plan *p)
{
    rng_init(r, p->seed, STREAM_PATIENCE);
}

void patience_draw(struct rng *r, const struct plan *p, struct item *item)
{
    const struct plan_patience *after = &p->load.hang_up_after;
    double chance, place;
    int64_t v;

    if (!(p->load.hang_up_share > 0))
        return;
    chance = rng_unit(r);
    place = rng_unit(r);
    if (chance >= p->load.hang_up_share)
        return;
    v = after->from + (int64_t)floor(place * (double)(after->to - after->from + 1));
    if (v > after->to)
        v = after->to;
    if (after->tokens)
        item->hang_up_events = (int32_t)v;
    else
        item->hang_up_ns = v;
}
