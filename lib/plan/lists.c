/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/lists.c - values that hold others: lists, maps, good:, expect: and slo:. */
#include "plan/reading.h"
#include "plan/metric_names.h"
#include "base/units.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

struct shown { /* the name of a nested key, for messages */
    char text[160];
};

static struct shown named(const char *fmt, ...) PRINTF_LIKE(1, 2);
static struct shown named(const char *fmt, ...)
{
    struct shown s;
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(s.text, sizeof s.text, fmt, ap);
    va_end(ap);
    return s;
}

static void store(void *base, const struct key *k, void *items, size_t count)
{
    memcpy((char *)base + k->field, &items, sizeof items);
    memcpy((char *)base + k->field2, &count, sizeof count);
}

static size_t children(const struct node *n)
{
    size_t count = 0;

    for (const struct node *c = n->child; c; c = c->next)
        count++;
    return count;
}

/* A scalar with something in it, copied. */
static int entry_text(const char **ret, struct reading *r, const char *shown, const struct node *n)
{
    if (n->kind != NODE_SCALAR || !*n->text || node_is_null(n))
        return reading_fail(r, n, shown, "must be one value; write text or a number");
    *ret = arena_strdup(&r->plan->arena, n->text);
    return *ret ? 0 : reading_no_memory(r);
}

static int set_texts(struct reading *r, const struct key *k, const char *shown,
                     const struct node *n, void *base)
{
    size_t count = children(n), i = 0;
    const char **texts = arena_alloc(&r->plan->arena, (count + 1) * sizeof *texts);
    int rc;

    if (!texts)
        return reading_no_memory(r);
    for (const struct node *c = n->child; c; c = c->next, i++) {
        rc = entry_text(&texts[i], r, named("%s[%zu]", shown, i).text, c);
        if (rc < 0)
            return rc;
    }
    store(base, k, texts, count);
    return 0;
}

static int set_map(struct reading *r, const struct key *k, const char *shown, const struct node *n,
                   void *base)
{
    size_t count = children(n), i = 0;
    struct plan_pair *pairs = arena_alloc(&r->plan->arena, (count + 1) * sizeof *pairs);
    int rc;

    if (!pairs)
        return reading_no_memory(r);
    for (const struct node *c = n->child; c; c = c->next, i++) {
        pairs[i].key = arena_strdup(&r->plan->arena, c->key);
        if (!pairs[i].key)
            return reading_no_memory(r);
        rc = entry_text(&pairs[i].value, r, named("%s.%.80s", shown, c->key).text, c);
        if (rc < 0)
            return rc;
    }
    if (strcmp(k->name, "target.headers") == 0) {
        rc = headers_check(r, shown, n);
        if (rc < 0)
            return rc;
    }
    store(base, k, pairs, count);
    return 0;
}

/* Reads @text in the metric's unit, into its base unit; -EINVAL. */
static int read_limit(double *ret, const struct metric_name *m, const char *text)
{
    int64_t ns;
    int rc;

    switch (m->unit) {
    case METRIC_UNIT_SECONDS:
        rc = units_duration(&ns, text);
        *ret = rc == 0 ? (double)ns / 1e9 : 0;
        return rc;
    case METRIC_UNIT_PER_S:
        return units_rate(ret, text);
    case METRIC_UNIT_RATIO:
        if (units_double(ret, text) == 0 && *ret == 0) /* no errors at all */
            return 0;
        rc = units_ratio(ret, text);
        return rc == 0 && *ret > 1 ? -EINVAL : rc;
    default:
        rc = units_double(ret, text);
        return rc == 0 && *ret < 0 ? -EINVAL : rc;
    }
}

static const char *limit_takes(const struct metric_name *m)
{
    static const char *const words[] = {
        [METRIC_UNIT_SECONDS] = "a duration: 500ms, 2s",
        [METRIC_UNIT_RATIO] = "a share of at most 1: 95%, 0.95",
        [METRIC_UNIT_PER_S] = "a rate: 4/s, 300/m",
        [METRIC_UNIT_USD] = "a number, in USD",
        [METRIC_UNIT_JOULE] = "a number, in joules",
    };

    return words[m->unit];
}

static int set_limit(struct reading *r, const struct key *k, const char *shown,
                     const struct node *n, const struct metric_name *m, void *item)
{
    const bool yes = true;
    double v = 0;

    if (node_is_null(n))
        return 0;
    if (n->kind != NODE_SCALAR || read_limit(&v, m, n->text) < 0)
        return reading_fail(r, n, shown, "'%.40s' does not fit %s; it takes %s",
                            n->kind == NODE_SCALAR ? n->text : "a list or map", m->id,
                            limit_takes(m));
    memcpy((char *)item + k->field, &v, sizeof v);
    if (k->field2 != KEY_NO_FIELD)
        memcpy((char *)item + k->field2, &yes, sizeof yes);
    return 0;
}

static int set_slo_entry(struct plan_slo *ret, struct reading *r, const char *shown,
                         const struct node *n)
{
    const struct metric_name *m = metric_name_find(n->key);

    if (!m || !m->is_slo)
        return reading_fail(r, n, shown,
                            "%s; use one like ttft.content.due@1, tpot.after_first@1, "
                            "latency.due@1",
                            m ? "is not a figure of one request" : "is not a metric");
    if (n->kind != NODE_SCALAR || units_duration(&ret->at_most_ns, n->text) < 0 ||
        ret->at_most_ns <= 0)
        return reading_fail(r, n, shown, "'%.40s' is not a duration; write 500ms, 2s", n->text);
    ret->metric = m->id;
    return 0;
}

static int set_slo(struct reading *r, const struct key *k, const char *shown, const struct node *n,
                   void *item)
{
    size_t count = children(n), i = 0;
    struct plan_slo *slo = arena_alloc(&r->plan->arena, (count + 1) * sizeof *slo);

    if (node_is_null(n))
        return 0;
    if (!slo)
        return reading_no_memory(r);
    if (n->kind != NODE_MAP)
        return reading_fail(r, n, shown, "takes %s", key_takes(k));
    for (const struct node *c = n->child; c; c = c->next, i++) {
        int rc = set_slo_entry(&slo[i], r, named("%s.%.80s", shown, c->key).text, c);

        if (rc < 0)
            return rc;
    }
    store(item, k, slo, count);
    return 0;
}

static int unknown_in_entry(struct reading *r, const char *shown, const char *list,
                            const struct node *c)
{
    char known[120];

    key_siblings(known, sizeof known, list);
    return reading_fail(r, c, named("%s.%.60s", shown, c->key).text,
                        "is not a key here; known here: %s", known);
}

/* Keys that need to know the entry's metric wait for the second pass. */
static int set_entry_key(struct reading *r, const struct key *k, const char *shown,
                         const struct node *c, const struct metric_name *m, void *item)
{
    bool second = k->type == KEY_LIMIT || k->type == KEY_SLO;

    if (second != (m != NULL))
        return 0;
    return k->type == KEY_LIMIT ? set_limit(r, k, shown, c, m, item)
           : k->type == KEY_SLO ? set_slo(r, k, shown, c, item)
                                : value_set(r, k, shown, c, item);
}

static int entry_pass(struct reading *r, const char *shown, const char *list, const struct node *n,
                      const struct metric_name *m, void *item)
{
    for (const struct node *c = n->child; c; c = c->next) {
        const struct key *k = key_find(named("%s.%.60s", list, c->key).text);
        int rc = k ? set_entry_key(r, k, named("%s.%.60s", shown, c->key).text, c, m, item)
                   : unknown_in_entry(r, shown, list, c);

        if (rc < 0)
            return rc;
    }
    return 0;
}

static int entry_defaults(struct reading *r, const char *list, void *item)
{
    const struct key *k;
    size_t n = strlen(list);

    for (size_t i = 0; (k = key_at(i)); i++) {
        int rc =
            strncmp(k->name, list, n) == 0 && k->name[n] == '.' ? value_default(r, k, item) : 0;

        if (rc < 0)
            return rc;
    }
    return 0;
}

static int set_entry(struct reading *r, const char *shown, const char *list, const struct node *n,
                     void *item)
{
    const struct node *metric = n->kind == NODE_MAP ? node_child(n, "metric") : NULL;
    int rc;

    if (n->kind != NODE_MAP)
        return reading_fail(r, n, shown, "must be a map; write {metric: ttft.content.due@1, ...}");
    if (!metric)
        return reading_fail(r, n, shown, "names no metric; add metric: ttft.content.due@1");
    rc = entry_defaults(r, list, item);
    if (rc == 0)
        rc = entry_pass(r, shown, list, n, NULL, item);
    if (rc == 0 && node_is_null(metric))
        return reading_fail(r, metric, shown, "names no metric; add metric: ttft.content.due@1");
    if (rc == 0)
        rc = entry_pass(r, shown, list, n, metric_name_find(metric->text), item);
    return rc;
}

static int check_percentile(struct reading *r, const char *shown, const struct node *n,
                            const char *metric, double percentile)
{
    if (isnan(percentile) || metric_name_find(metric)->has_percentiles)
        return 0;
    return reading_fail(r, node_child(n, "percentile"), named("%s.percentile", shown).text,
                        "%s is one value, not a distribution; leave percentile out", metric);
}

static bool counts_slo(const char *metric)
{
    return strcmp(metric, "goodput@1") == 0 || strcmp(metric, "slo_attainment@1") == 0;
}

static int check_good(struct reading *r, const char *shown, const struct node *n,
                      const struct plan_good *g)
{
    if (!g->has_at_most && !g->has_at_least)
        return reading_fail(r, n, shown, "sets no limit; add at_most or at_least");
    if (g->has_at_most && g->has_at_least && g->at_least > g->at_most)
        return reading_fail(r, n, shown, "at_least is above at_most; nothing can meet both");
    if (counts_slo(g->metric) && g->slo_count == 0)
        return reading_fail(r, n, shown, "%s counts what meets an SLO; add slo: {%s: 500ms}",
                            g->metric, "ttft.content.due@1");
    if (!counts_slo(g->metric) && g->slo_count > 0)
        return reading_fail(r, node_child(n, "slo"), named("%s.slo", shown).text,
                            "is only for goodput@1 and slo_attainment@1; leave it out");
    return check_percentile(r, shown, n, g->metric, g->percentile);
}

static int set_good(struct reading *r, const struct key *k, const char *shown, const struct node *n,
                    void *base)
{
    size_t count = children(n), i = 0;
    struct plan_good *good = arena_alloc(&r->plan->arena, (count + 1) * sizeof *good);

    if (!good)
        return reading_no_memory(r);
    for (const struct node *c = n->child; c; c = c->next, i++) {
        struct shown name = named("%s[%zu]", shown, i);
        int rc = set_entry(r, name.text, "good[]", c, &good[i]);

        if (rc == 0)
            rc = check_good(r, name.text, c, &good[i]);
        if (rc < 0)
            return rc;
    }
    store(base, k, good, count);
    return 0;
}

static int set_expect(struct reading *r, const struct key *k, const char *shown,
                      const struct node *n, void *base)
{
    size_t count = children(n), i = 0;
    struct plan_expect *expect = arena_alloc(&r->plan->arena, (count + 1) * sizeof *expect);

    if (!expect)
        return reading_no_memory(r);
    for (const struct node *c = n->child; c; c = c->next, i++) {
        struct shown name = named("%s[%zu]", shown, i);
        int rc = set_entry(r, name.text, "expect[]", c, &expect[i]);

        if (rc == 0 && (!node_child(c, "value") || node_is_null(node_child(c, "value"))))
            rc = reading_fail(r, c, name.text, "expects no value; add value: 300ms");
        if (rc == 0)
            rc = check_percentile(r, name.text, c, expect[i].metric, expect[i].percentile);
        if (rc < 0)
            return rc;
    }
    store(base, k, expect, count);
    return 0;
}

int list_set(struct reading *r, const struct key *k, const char *shown, const struct node *n,
             void *base)
{
    enum node_kind want =
        k->type == KEY_MAP || k->type == KEY_REQUIRE || k->type == KEY_SWEEP ? NODE_MAP : NODE_LIST;

    if (n->kind != want)
        return reading_fail(r, n, shown, "is not a %s; it takes %s",
                            want == NODE_MAP ? "map" : "list", key_takes(k));
    return k->type == KEY_MAP       ? set_map(r, k, shown, n, base)
           : k->type == KEY_REQUIRE ? require_set(r, k, shown, n, base)
           : k->type == KEY_TEXTS   ? set_texts(r, k, shown, n, base)
           : k->type == KEY_MIX     ? mix_set(r, k, shown, n, base)
           : k->type == KEY_SWEEP   ? sweep_set(r, k, shown, n, base)
           : k->type == KEY_STAGES  ? stages_set(r, k, shown, n, base)
           : k->type == KEY_GOOD    ? set_good(r, k, shown, n, base)
                                    : set_expect(r, k, shown, n, base);
}
