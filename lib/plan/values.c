/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/values.c - single values: from a scalar into a field. */
#include "plan/reading.h"
#include "plan/metric_names.h"
#include "base/units.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static void *at(void *base, long field)
{
    return (char *)base + field;
}

static int set_text(struct reading *r, const char *text, void *field)
{
    const char *copy = arena_strdup(&r->plan->arena, text);

    if (!copy)
        return reading_no_memory(r);
    memcpy(field, &copy, sizeof copy);
    return 0;
}

static void show_bound(char *buf, size_t size, const struct key *k, double v)
{
    if (k->type == KEY_DURATION || k->type == KEY_THINK)
        (void)snprintf(buf, size, "%s", units_exact_ns((int64_t)v).text);
    else
        (void)snprintf(buf, size, "%.15g%s", v, k->type == KEY_RATE ? "/s" : "");
}

static int check_range(struct reading *r, const struct key *k, const char *shown,
                       const struct node *n, double v)
{
    char low[40], high[40];
    bool open = k->type == KEY_PERCENTILE;

    if (open ? v > k->min && v < k->max : v >= k->min && v <= k->max)
        return 0;
    show_bound(low, sizeof low, k, k->min);
    show_bound(high, sizeof high, k, k->max);
    return reading_fail(r, n, shown, "%s is out of range; %s %s %s %s", n->text,
                        open ? "between" : "from", low, open ? "and" : "to", high);
}

/* Reads the number of a ranged key; integers pass through double exactly up to 2^53. */
static int read_number(double *ret, const struct key *k, const char *text)
{
    int64_t i = 0;
    int rc;

    switch (k->type) {
    case KEY_RATE:
        return units_rate(ret, text);
    case KEY_RATIO:
        return units_ratio(ret, text);
    case KEY_NUMBER:
    case KEY_PERCENTILE:
        return units_double(ret, text);
    case KEY_DURATION:
        rc = units_duration(&i, text);
        break;
    default:
        rc = units_size(&i, text);
        if (rc < 0) /* "1.0" of a document, or a negative number that the range refuses better */
            return units_double(ret, text) < 0 || *ret != floor(*ret) ? -EINVAL : 0;
    }
    if (rc == 0)
        *ret = (double)i;
    return rc;
}

static void store_number(const struct key *k, double v, void *field)
{
    const int64_t wide = k->type == KEY_DURATION || k->type == KEY_COUNT64 ? llround(v) : 0;
    const int32_t narrow = k->type == KEY_COUNT ? (int32_t)v : 0;

    if (k->type == KEY_DURATION || k->type == KEY_COUNT64)
        memcpy(field, &wide, sizeof wide);
    else if (k->type == KEY_COUNT)
        memcpy(field, &narrow, sizeof narrow);
    else
        memcpy(field, &v, sizeof v);
}

static int set_number(struct reading *r, const struct key *k, const char *shown,
                      const struct node *n, void *field)
{
    double v;

    if (read_number(&v, k, n->text) < 0)
        return reading_fail(r, n, shown, "'%.60s' does not fit; it takes %s", n->text,
                            key_takes(k));
    if (check_range(r, k, shown, n, v) < 0)
        return -EINVAL;
    store_number(k, v, field);
    return 0;
}

static int set_seed(struct reading *r, const struct key *k, const char *shown, const struct node *n,
                    void *field)
{
    int64_t v;
    uint64_t seed;

    if (units_i64(&v, n->text) < 0 || v < 0 || (double)v > k->max)
        return reading_fail(r, n, shown, "'%.60s' is not a seed; a whole number from 0 to 2^63",
                            n->text);
    seed = (uint64_t)v;
    memcpy(field, &seed, sizeof seed);
    return 0;
}

static int choice(struct reading *r, const struct key *k, const char *shown, const struct node *n)
{
    char list[120] = "";
    size_t used = 0;

    for (int i = 0; k->choices[i]; i++) {
        if (*k->choices[i] && strcmp(k->choices[i], n->text) == 0)
            return i;
        if (*k->choices[i])
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "",
                                     k->choices[i]);
    }
    if (strcmp(k->name, "exclude.one_off") == 0 && strcmp(n->text, "attributed") == 0)
        return reading_fail(r, n, shown, "attributed is not in this version; write none");
    return reading_fail(r, n, shown, "'%.60s' is not known here; one of: %s", n->text, list);
}

static int set_enum(struct reading *r, const struct key *k, const char *shown, const struct node *n,
                    void *field)
{
    int found = choice(r, k, shown, n);
    unsigned v = (unsigned)found;

    if (found < 0)
        return found;
    memcpy(field, &v, sizeof v);
    return 0;
}

static int truth(const char *text) /* -1: neither */
{
    static const char *const yes[] = {"true", "yes", "on"}, *const no[] = {"false", "no", "off"};

    for (size_t i = 0; i < COUNT_OF(yes); i++) {
        if (strcmp(text, yes[i]) == 0)
            return 1;
        if (strcmp(text, no[i]) == 0)
            return 0;
    }
    return -1;
}

static int set_bool(struct reading *r, const struct key *k, const char *shown, const struct node *n,
                    void *field)
{
    int found = truth(n->text);
    bool v = found == 1;

    if (found < 0)
        return reading_fail(r, n, shown, "'%.60s' does not fit; it takes %s", n->text,
                            key_takes(k));
    memcpy(field, &v, sizeof v);
    return 0;
}

static int set_tristate(struct reading *r, const struct key *k, const char *shown,
                        const struct node *n, void *field)
{
    int found = truth(n->text);
    enum tristate v = found == 1 ? TRI_YES : found == 0 ? TRI_NO : TRI_AUTO;

    if (found < 0 && strcmp(n->text, "auto") != 0)
        return reading_fail(r, n, shown, "'%.60s' does not fit; it takes %s", n->text,
                            key_takes(k));
    memcpy(field, &v, sizeof v);
    return 0;
}

static int set_metric(struct reading *r, const char *shown, const struct node *n, void *field)
{
    const struct metric_name *m, *near = NULL;
    int best = 6;

    if (metric_name_find(n->text))
        return set_text(r, n->text, field);
    for (size_t i = 0; (m = metric_name_at(i)); i++) {
        int d = text_distance(m->id, n->text, best);

        if (strncmp(m->id, n->text, strlen(n->text)) == 0)
            d = 0;
        if (d < best) {
            best = d;
            near = m;
        }
    }
    if (near)
        return reading_fail(r, n, shown, "'%.60s' is not a metric; did you mean %s?", n->text,
                            near->id);
    return reading_fail(r, n, shown,
                        "'%.40s' is not a metric; among others: ttft.content.due@1, latency.due@1, "
                        "tpot.after_first@1, throughput.output_tokens@1, goodput@1",
                        n->text);
}

static int set_digest(struct reading *r, const char *shown, const struct node *n, void *field)
{
    if (strspn(n->text, "0123456789abcdef") != 64 || n->text[64])
        return reading_fail(r, n, shown, "'%.70s' is not a SHA-256; 64 small hex digits", n->text);
    return set_text(r, n->text, field);
}

static int set_warm_up(struct reading *r, const char *shown, const struct node *n)
{
    const char *rest = strncmp(n->text, "first ", 6) == 0 ? n->text + 6 : "";
    struct plan *p = r->plan;
    int64_t v;

    if (strcmp(n->text, "none") == 0)
        p->exclude.warm_up = WARM_UP_NONE;
    else if (units_size(&v, rest) == 0 && v > 0) {
        p->exclude.warm_up = WARM_UP_REQUESTS;
        p->exclude.warm_up_requests = v;
    } else if (units_duration(&v, rest) == 0 && v > 0) {
        p->exclude.warm_up = WARM_UP_DURATION;
        p->exclude.warm_up_ns = v;
    } else if (strcmp(n->text, "detect") == 0)
        return reading_fail(r, n, shown,
                            "detect is not in this version; write first 30s, first 20, or none");
    else
        return reading_fail(r, n, shown,
                            "'%.60s' is not a rule; write first 30s, first 20, or none", n->text);
    return 0;
}

/* "2s", or "exponential 2s". */
static int set_think(struct reading *r, const struct key *k, const char *shown,
                     const struct node *n, void *base)
{
    static const char word[] = "exponential ";
    bool exponential = strncmp(n->text, word, sizeof word - 1) == 0;
    int64_t ns;

    if (units_duration(&ns, n->text + (exponential ? sizeof word - 1 : 0)) < 0 ||
        (exponential && ns == 0))
        return reading_fail(r, n, shown, "'%.60s' does not fit; it takes %s", n->text,
                            key_takes(k));
    if (check_range(r, k, shown, n, (double)ns) < 0)
        return -EINVAL;
    memcpy(at(base, k->field), &ns, sizeof ns);
    memcpy(at(base, k->field2), &exponential, sizeof exponential);
    return 0;
}

static int set_scalar(struct reading *r, const struct key *k, const char *shown,
                      const struct node *n, void *base)
{
    switch (k->type) {
    case KEY_VERSION:
        return strcmp(n->text, "1") == 0
                   ? 0
                   : reading_fail(r, n, shown, "version '%.20s' is not known; write asrun: 1",
                                  n->text);
    case KEY_WORD:
        return choice(r, k, shown, n) < 0 ? -EINVAL : 0;
    case KEY_TEXT:
        if (k->choices && choice(r, k, shown, n) < 0)
            return -EINVAL;
        return set_text(r, n->text, at(base, k->field));
    case KEY_URL:
        if (url_check(r, shown, n) < 0)
            return -EINVAL;
        return set_text(r, n->text, at(base, k->field));
    case KEY_METRIC:
        return set_metric(r, shown, n, at(base, k->field));
    case KEY_DIGEST:
        return set_digest(r, shown, n, at(base, k->field));
    case KEY_SEED:
        return set_seed(r, k, shown, n, at(base, k->field));
    case KEY_BOOL:
        return set_bool(r, k, shown, n, at(base, k->field));
    case KEY_TRISTATE:
        return set_tristate(r, k, shown, n, at(base, k->field));
    case KEY_ENUM:
        return set_enum(r, k, shown, n, at(base, k->field));
    case KEY_SECRET:
        return secret_set(r, k, shown, n, base);
    case KEY_THINK:
        return set_think(r, k, shown, n, base);
    case KEY_PATIENCE:
        return patience_set(r, k, shown, n, base);
    case KEY_TURNS:
        return turns_set(r, k, shown, n, base);
    case KEY_WARM_UP:
        return set_warm_up(r, shown, n);
    default:
        return set_number(r, k, shown, n, at(base, k->field));
    }
}

static bool is_list(enum key_type t)
{
    return t == KEY_TEXTS || t == KEY_MAP || t == KEY_REQUIRE || t == KEY_GOOD || t == KEY_EXPECT ||
           t == KEY_STAGES || t == KEY_MIX || t == KEY_SWEEP;
}

int value_set(struct reading *r, const struct key *k, const char *shown, const struct node *n,
              void *base)
{
    if (node_is_null(n))
        return value_default(r, k, base);
    if (n->kind == NODE_SCALAR && !*n->text && n->plain)
        return reading_fail(r, n, shown, "has no value; give %s, or leave the key out",
                            key_takes(k));
    if (k->type == KEY_BODY)
        return extra_set(r, k, shown, n, base);
    if (is_list(k->type))
        return list_set(r, k, shown, n, base);
    if (n->kind != NODE_SCALAR)
        return reading_fail(r, n, shown, "is a %s; it takes %s",
                            n->kind == NODE_LIST ? "list" : "map", key_takes(k));
    return set_scalar(r, k, shown, n, base);
}

int value_default(struct reading *r, const struct key *k, void *base)
{
    const struct node n = {.kind = NODE_SCALAR, .text = k->fallback, .key = ""};
    const double unstated = (double)NAN;

    if (k->fallback)
        return set_scalar(r, k, k->name, &n, base);
    if (k->field == KEY_NO_FIELD || is_list(k->type) || k->type == KEY_LIMIT || k->type == KEY_SLO)
        return 0;
    if (k->type == KEY_PERCENTILE)
        memcpy(at(base, k->field), &unstated, sizeof unstated);
    if (k->type == KEY_SECRET && set_text(r, "", at(base, k->field2)) < 0)
        return -ENOMEM;
    if (k->type == KEY_TEXT || k->type == KEY_URL || k->type == KEY_METRIC ||
        k->type == KEY_DIGEST || k->type == KEY_SECRET || k->type == KEY_BODY)
        return set_text(r, "", at(base, k->field));
    return 0; /* numbers and enums are zero: not stated */
}
