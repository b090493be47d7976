/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/sweep.c - sweep: and search:, read and checked; plan/steps.c makes steps of them. */
#include "plan/reading.h"
#include "base/units.h"
#include "plan/steps.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct range {
    double from, to, step, factor, count; /* NAN: not given */
    char unit[8];
};

/* "10/s" as 10 and "/s". All numbers of a range have one unit; a factor and a count have none. */
static int read_number(struct range *range, double *ret, const char *text, bool with_unit)
{
    char *end;
    double v = strtod(text, &end);

    if (end == text || !isfinite(v) || strlen(end) >= sizeof range->unit)
        return -EINVAL;
    if (with_unit && isnan(range->from))
        (void)snprintf(range->unit, sizeof range->unit, "%s", end);
    if (strcmp(end, with_unit ? range->unit : "") != 0)
        return -EINVAL;
    *ret = v;
    return 0;
}

static int read_range(struct range *ret, struct reading *r, const char *shown, const struct node *n)
{
    struct range range = {NAN, NAN, NAN, NAN, NAN, ""};
    const struct {
        const char *name;
        double *to;
        bool with_unit;
    } parts[] = {{"from", &range.from, true},
                 {"to", &range.to, true},
                 {"step", &range.step, true},
                 {"factor", &range.factor, false},
                 {"count", &range.count, false}};
    size_t given = 0;

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        const struct node *c = node_child(n, parts[i].name);

        given += c != NULL;
        if (c && (c->kind != NODE_SCALAR ||
                  read_number(&range, parts[i].to, c->text, parts[i].with_unit) < 0))
            return reading_fail(r, c, shown, "%s is no number in the unit of from", parts[i].name);
    }
    for (const struct node *c = n->child; c; c = c->next)
        given -= 1;
    if (given != 0 || isnan(range.from) || isnan(range.to) ||
        isnan(range.step) + isnan(range.factor) + isnan(range.count) != 2)
        return reading_fail(r, n, shown,
                            "is no range; it takes {from: 2/s, to: 16/s, step: 2/s} (or factor: 2, "
                            "or count: 8)");
    if (range.to <= range.from || range.step <= 0 || range.factor <= 1 || range.count < 2 ||
        (!isnan(range.factor) && range.from <= 0) || range.count > STEPS_MAX)
        return reading_fail(r, n, shown,
                            "goes nowhere; from is below to, a step above 0, a factor above 1, a "
                            "count from 2 to %d",
                            STEPS_MAX);
    *ret = range;
    return 0;
}

/* Value @i of the range; a hair beyond its end is its end. */
static double range_value(const struct range *r, size_t i)
{
    if (!isnan(r->count))
        return r->from + (r->to - r->from) * (double)i / (r->count - 1);
    return isnan(r->factor) ? r->from + r->step * (double)i : r->from * pow(r->factor, (double)i);
}

static int add_value(struct reading *r, const char **values, size_t *count, const char *text)
{
    values[*count] = arena_strdup(&r->plan->arena, text);
    return values[(*count)++] ? 0 : reading_no_memory(r);
}

static int fill_range(struct reading *r, const char **values, size_t *count, const char *shown,
                      const struct node *n)
{
    struct range range;
    int rc = read_range(&range, r, shown, n);

    for (size_t i = 0; rc == 0; i++) {
        double v = range_value(&range, i);
        char text[56];

        if (v > range.to + 1e-9 * fabs(range.to) || (!isnan(range.count) && i >= range.count))
            break;
        if (i == STEPS_MAX)
            return reading_fail(r, n, shown, "has more than %d values", STEPS_MAX);
        (void)snprintf(text, sizeof text, "%.12g", v);
        (void)snprintf(text, sizeof text, "%s%s", number_text(strtod(text, NULL)).text, range.unit);
        rc = add_value(r, values, count, text);
    }
    return rc;
}

static int fill_list(struct reading *r, const char **values, size_t *count, const char *shown,
                     const struct node *n)
{
    int rc = 0;

    for (const struct node *c = n->child; c && rc == 0; c = c->next) {
        if (c->kind != NODE_SCALAR)
            return reading_fail(r, c, shown, "holds a list or map; values are scalars");
        if (*count == STEPS_MAX)
            return reading_fail(r, n, shown, "has more than %d values", STEPS_MAX);
        rc = add_value(r, values, count, c->text);
    }
    return rc;
}

static bool can_be_swept(const char *name)
{
    const struct key *k = key_find(name);
    char map[64];

    if (strncmp(name, "sweep.", 6) == 0 || strncmp(name, "search.", 7) == 0 || strchr(name, '['))
        return false;
    if (k)
        return k->type != KEY_VERSION && k->type != KEY_GOOD && k->type != KEY_EXPECT &&
               k->type != KEY_STAGES && k->type != KEY_TEXTS && k->type != KEY_MAP &&
               k->type != KEY_REQUIRE && k->type != KEY_MIX && k->type != KEY_BODY;
    for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
        (void)snprintf(map, sizeof map, "%.*s", (int)(dot - name), name);
        k = key_find(map);
        if (k && (k->type == KEY_MAP || k->type == KEY_REQUIRE))
            return true;
    }
    return false;
}

static int set_swept(struct reading *r, const char *shown, const struct node *n,
                     struct plan_swept *s)
{
    const char **values = arena_alloc(&r->plan->arena, STEPS_MAX * sizeof *values);
    int rc;

    if (!can_be_swept(n->key))
        return reading_fail(r, n, shown,
                            "is no key that takes one value; sweep load.rate, "
                            "target.url, declare.NAME ...");
    if (!values)
        return reading_no_memory(r);
    if (n->kind == NODE_SCALAR)
        return reading_fail(r, n, shown, "is one value; give a list, or {from: ..., to: ...}");
    rc = n->kind == NODE_MAP ? fill_range(r, values, &s->count, shown, n)
                             : fill_list(r, values, &s->count, shown, n);
    if (rc == 0 && s->count == 0)
        return reading_fail(r, n, shown, "has no values; give at least one");
    s->key = n->key;
    s->values = values;
    return rc;
}

int sweep_set(struct reading *r, const struct key *k, const char *shown, const struct node *n,
              void *base)
{
    struct plan_swept *over;
    size_t count = 0;

    for (const struct node *c = n->child; c; c = c->next)
        count++;
    if (count > STEP_KEYS_MAX)
        return reading_fail(r, n, shown, "sweeps more than %d keys", STEP_KEYS_MAX);
    over = arena_alloc(&r->plan->arena, (count + 1) * sizeof *over);
    if (!over)
        return reading_no_memory(r);
    count = 0;
    for (const struct node *c = n->child; c; c = c->next, count++) {
        char name[120];
        int rc;

        (void)snprintf(name, sizeof name, "%s.%s", shown, c->key);
        rc = set_swept(r, name, c, &over[count]);
        if (rc < 0)
            return rc;
    }
    memcpy((char *)base + k->field, &over, sizeof over);
    memcpy((char *)base + k->field2, &count, sizeof count);
    return 0;
}

void swept_put(json_t *map, const struct plan_swept *s)
{
    json_t *values = json_array();

    for (size_t i = 0; i < s->count; i++)
        json_push(values, json_string(s->values[i]));
    json_put(map, s->key, values);
}

static const struct node *below(const struct node *root, const char *group, const char *name)
{
    const struct node *g = node_child(root, group);
    const struct node *n = g && g->kind == NODE_MAP ? node_child(g, name) : NULL;

    return n && !node_is_null(n) ? n : NULL;
}

static int first_of_sweep(struct reading *r, struct node *root, const struct node *over)
{
    struct plan_swept first = {0};

    for (const struct node *c = over->kind == NODE_MAP ? over->child : NULL; c; c = c->next) {
        char name[120];
        int rc;

        (void)snprintf(name, sizeof name, "sweep.over.%s", c->key);
        first.count = 0;
        rc = set_swept(r, name, c, &first);
        if (rc == 0)
            rc = reading_override(r, root, &(struct plan_override){first.key, first.values[0]});
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void drop(struct node *root, const char *key)
{
    for (struct node **at = &root->child; *at; at = &(*at)->next)
        if (strcmp((*at)->key, key) == 0) {
            *at = (*at)->next;
            return;
        }
}

int steps_prepare(struct reading *r, struct node *root)
{
    const struct node *over = below(root, "sweep", "over");
    const struct node *key = below(root, "search", "key"), *from = below(root, "search", "from");

    if (r->step) {
        drop(root, "sweep");
        drop(root, "search");
        return 0;
    }
    if (over)
        return first_of_sweep(r, root, over);
    if (key && from && key->kind == NODE_SCALAR && from->kind == NODE_SCALAR && key_find(key->text))
        return reading_override(r, root, &(struct plan_override){key->text, from->text});
    return 0;
}

static int fail(struct reading *r, const char *key, const char *words)
{
    return reading_fail(r, r->seen[key_index(key_find(key))], key, "%s", words);
}

static int read_load(double *ret, const struct plan *p, const char *text)
{
    int64_t slots;

    if (p->search.key == SEARCH_RATE)
        return units_rate(ret, text);
    if (units_size(&slots, text) < 0 || slots < 1)
        return -EINVAL;
    *ret = (double)slots;
    return 0;
}

static int check_search(struct reading *r)
{
    struct plan *p = r->plan;

    if (p->search.key == SEARCH_NOTHING)
        return *p->search.from || *p->search.to
                   ? fail(r, "search.key", "is missing; say load.rate or load.concurrency")
                   : 0;
    if (p->sweep.count > 0)
        return fail(r, "search.key", "and sweep exclude each other; keep one");
    if (p->good_count == 0)
        return fail(r, "search.key", "has no criterion; say what good means: add good");
    if (p->regime == REGIME_UNSTATED)
        return fail(r, "search.key", "can't be answered without regime: latency, throughput, cost");
    if (!*p->search.from || read_load(&p->search.from_load, p, p->search.from) < 0)
        return fail(r, "search.from", "is missing or no load; write 1/s, or 1 for concurrency");
    if (!*p->search.to || read_load(&p->search.to_load, p, p->search.to) < 0)
        return fail(r, "search.to", "is missing or no load; write 64/s, or 64 for concurrency");
    return p->search.to_load <= p->search.from_load
               ? fail(r, "search.to", "is not above search.from")
               : 0;
}

static int check_sweep(struct reading *r)
{
    const struct plan *p = r->plan;
    double steps = 1;

    for (size_t i = 0; i < p->sweep.count; i++) {
        steps = p->sweep.combine ? (double)p->sweep.over[i].count
                                 : steps * (double)p->sweep.over[i].count;
        if (p->sweep.combine && p->sweep.over[i].count != p->sweep.over[0].count)
            return fail(r, "sweep.combine", "zip takes as many values of each key");
    }
    return steps > STEPS_MAX ? fail(r, "sweep.over", "has more than 1000 steps") : 0;
}

int steps_check(struct reading *r)
{
    int rc = check_sweep(r);

    return rc < 0 ? rc : check_search(r);
}
