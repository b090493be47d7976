/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/track.h"
#include "probe/facts.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tracked {
    bool seen, declared;
    uint8_t from;
    uint32_t id;
    double last, grown;
    int64_t last_ns;
};

struct track {
    const struct metric_map *map;
    const char *page;
    const struct probe_out *out;
    struct tracked values[SCRAPE_SCOPES][MAP_ENTRIES];
    size_t scopes;
    char labels[16][128];
    double started_s;
    uint64_t scrapes, restarts;
    int64_t last_ns; /* of the latest scrape */
};

int track_new(struct track **ret, const struct metric_map *m, const char *page,
              const struct probe_out *out)
{
    struct track *t = calloc(1, sizeof *t);

    if (!t)
        return -ENOMEM;
    t->map = m;
    t->page = page;
    t->out = out;
    t->started_s = NAN;
    *ret = t;
    return 0;
}

void track_free(struct track *t)
{
    free(t);
}

static void scope_name(char buf[32], const struct track *t, size_t scope)
{
    if (t->map->index)
        (void)snprintf(buf, 32, "%s.%zu", t->map->scope, scope);
    else
        (void)snprintf(buf, 32, "%s", t->map->scope);
}

/* "GET /metrics vllm:x{reason=\"y\"}" */
static void add_family(struct str *s, const struct track *t, const struct metric_entry *e,
                       size_t from)
{
    str_addf(s, "%s %s", t->page, e->from[from]);
    if (e->label)
        str_addf(s, "{%s=\"%s\"}", e->label, e->value);
}

static void add_source(struct str *s, const struct track *t, const struct metric_entry *e,
                       size_t from)
{
    static const char *const across[] = {
        [ACROSS_SUM] = "sum", [ACROSS_MAX] = "largest", [ACROSS_MEAN] = "mean"};

    add_family(s, t, e, from);
    str_addf(s, ", %s of its samples", across[e->across]);
    if (e->scale < 1 || e->scale > 1)
        str_addf(s, ", times %g", e->scale);
    str_addf(s, ", map %s", t->map->id);
    if (e->note)
        str_addf(s, "; %s", e->note);
}

/* A counter's series is its growth a second: "tokens/s", "1/s". */
static void unit_of(char buf[32], const struct metric_entry *e)
{
    const char *unit = e->unit[0] ? e->unit : "1";

    if (e->kind == METRIC_COUNTER)
        (void)snprintf(buf, 32, "%s/s", unit);
    else
        (void)snprintf(buf, 32, "%s", unit);
}

static int declare(struct track *t, size_t scope, size_t entry)
{
    const struct metric_entry *e = &t->map->entries[entry];
    struct tracked *v = &t->values[scope][entry];
    AUTO(str_release) struct str source = {0};
    char where[32], unit[32];
    struct series series = {.scope = where, .name = e->name, .unit = unit, .known = KNOWN_REPORTED};
    int r;

    scope_name(where, t, scope);
    unit_of(unit, e);
    add_source(&source, t, e, v->from);
    if (!str_ok(&source))
        return -ENOMEM;
    series.source = source.data;
    r = t->out->series.declare(t->out->series.ctx, &v->id, &series);
    if (r == 0)
        v->declared = true;
    return r;
}

static int put(struct track *t, size_t scope, size_t entry, int64_t now_ns, double value)
{
    struct tracked *v = &t->values[scope][entry];
    int r = v->declared ? 0 : declare(t, scope, entry);

    if (r == 0)
        t->out->series.put(t->out->series.ctx, v->id, now_ns, value);
    return r;
}

/* Sums of floats may differ in their last digits. */
static bool went_down(double from, double to)
{
    return to < from - 1e-9 * fabs(from);
}

/* The first counter that went down, for words. */
static const struct metric_entry *find_reset(const struct track *t, const struct scrape *s,
                                             double *from, double *to)
{
    for (size_t scope = 0; scope < s->scopes; scope++)
        for (size_t i = 0; i < t->map->entry_count; i++) {
            const struct tracked *old = &t->values[scope][i];
            const struct scrape_value *new = &s->values[scope][i];

            if (t->map->entries[i].kind == METRIC_COUNTER && old->seen && new->n > 0 &&
                old->from == new->from &&went_down(old->last, new->value)) {
                *from = old->last;
                *to = new->value;
                return &t->map->entries[i];
            }
        }
    return NULL;
}

static int tell(const struct track *t, int64_t now_ns, const char *text)
{
    return t->out->changed ? t->out->changed(t->out->ctx, now_ns, text) : 0;
}

/* 1: it began again since the scrape before, and that is told. */
static int check_restart(struct track *t, const struct scrape *s, int64_t now_ns)
{
    const double before = t->started_s;
    const struct metric_entry *e;
    double from = 0, to = 0;
    char text[256];
    int r;

    if (!isnan(s->started_s))
        t->started_s = s->started_s;
    if (s->started_s > before + 0.001)
        (void)snprintf(text, sizeof text,
                       "%s restarted: process_start_time_seconds from %.3f to %.3f", t->map->engine,
                       before, s->started_s);
    else if ((e = find_reset(t, s, &from, &to)))
        (void)snprintf(text, sizeof text, "%s restarted: its counter %s went from %.15g to %.15g",
                       t->map->engine, e->from[0], from, to);
    else
        return 0;
    t->restarts++;
    r = tell(t, now_ns, text);
    return r < 0 ? r : 1;
}

/* The growth since the scrape before, or since nothing where the family comes with its first
 * count. False: there is none to tell. */
static bool growth(const struct track *t, const struct metric_entry *e, const struct tracked *v,
                   const struct scrape_value *now, double *ret)
{
    if (v->seen && v->from == now->from)
        *ret = now->value > v->last ? now->value - v->last : 0;
    else if (!v->seen && e->lazy && t->scrapes > 0)
        *ret = now->value;
    else
        return false;
    return true;
}

static int take_counter(struct track *t, size_t scope, size_t entry, const struct scrape_value *now,
                        int64_t then_ns, int64_t now_ns, bool restarted)
{
    const struct metric_entry *e = &t->map->entries[entry];
    struct tracked *v = &t->values[scope][entry];
    const int64_t since_ns = v->seen ? v->last_ns : then_ns;
    double more = 0;
    const bool known = !restarted && growth(t, e, v, now, &more);

    v->seen = true;
    v->from = now->from;
    v->last = now->value;
    v->last_ns = now_ns;
    if (!known)
        return 0;
    v->grown += more;
    if (now_ns <= since_ns)
        return 0;
    return put(t, scope, entry, now_ns, more / ((double)(now_ns - since_ns) / (double)NS_PER_S));
}

static int take_value(struct track *t, const struct scrape *s, size_t scope, size_t entry,
                      int64_t now_ns, bool restarted)
{
    const struct scrape_value *now = &s->values[scope][entry];
    struct tracked *v = &t->values[scope][entry];

    if (now->n == 0)
        return 0;
    if (t->map->entries[entry].kind == METRIC_COUNTER)
        return take_counter(t, scope, entry, now, t->last_ns, now_ns, restarted);
    v->seen = true;
    v->from = now->from;
    return put(t, scope, entry, now_ns, now->value);
}

static int take_label(struct track *t, const char *now, size_t i, int64_t now_ns)
{
    const struct facts facts = {&t->out->facts, t->map->scope};
    const struct metric_label *l = &t->map->labels[i];
    char *known = t->labels[i], text[512];

    if (now[0] == '\0' || strcmp(known, now) == 0)
        return 0;
    if (known[0]) {
        (void)snprintf(text, sizeof text, "%s: %s from %s to %s", t->map->engine, l->name, known,
                       now);
        memcpy(known, now, sizeof t->labels[i]);
        return tell(t, now_ns, text);
    }
    memcpy(known, now, sizeof t->labels[i]);
    (void)snprintf(text, sizeof text, "%s %s{%s}, map %s", t->page, l->from, l->label, t->map->id);
    return facts_put(&facts, KNOWN_REPORTED, l->name, known, l->unit, text);
}

int track_take(struct track *t, const struct scrape *s, int64_t now_ns)
{
    int r = check_restart(t, s, now_ns);
    const bool restarted = r == 1;

    if (s->scopes > t->scopes)
        t->scopes = s->scopes;
    for (size_t scope = 0; scope < s->scopes && r >= 0; scope++)
        for (size_t i = 0; i < t->map->entry_count && r >= 0; i++)
            r = take_value(t, s, scope, i, now_ns, restarted);
    for (size_t i = 0; i < t->map->label_count && r >= 0; i++)
        r = take_label(t, s->labels[i], i, now_ns);
    t->scrapes++;
    t->last_ns = now_ns;
    return r < 0 ? r : 0;
}

static int put_total(struct track *t, const struct facts *f, const struct metric_entry *e,
                     const struct tracked *v)
{
    AUTO(str_release) struct str source = {0};
    char value[40];

    str_add(&source, "growth of ");
    add_family(&source, t, e, v->from);
    str_add(&source, " between the first and the last scrape");
    if (t->restarts > 0)
        str_addf(&source, ", without the scrapes around %" PRIu64 " restart%s: at least",
                 t->restarts, t->restarts == 1 ? "" : "s");
    if (!str_ok(&source))
        return -ENOMEM;
    (void)snprintf(value, sizeof value, "%.15g", v->grown);
    return facts_put(f, KNOWN_DERIVED, e->total, value, e->unit, source.data);
}

/* The halves of a histogram are told as one. */
static int put_absent(const struct track *t, const struct facts *f, const struct metric_entry *e)
{
    const size_t n = strlen(e->name);
    char where[192] = "";

    if (n > 6 && strcmp(e->name + n - 6, ".count") == 0)
        return 0;
    if (e->label)
        (void)snprintf(where, sizeof where, "{%s=\"%s\"}", e->label, e->value);
    return facts_absent(f, e->total ? e->total : e->name, "%s: family %s%s not in the scrape%s",
                        t->page, e->from[0], where,
                        e->lazy ? " (it comes with its first count)" : "");
}

static int finish_entry(struct track *t, size_t scope, const struct facts *f, size_t i)
{
    const struct metric_entry *e = &t->map->entries[i];
    const struct tracked *v = &t->values[scope][i];

    if (!v->seen)
        return put_absent(t, f, e);
    return e->total ? put_total(t, f, e, v) : 0;
}

static int put_ratio(struct track *t, const struct facts *f, size_t scope,
                     const struct metric_ratio *q)
{
    const struct metric_entry *all = t->map->entries;
    const struct tracked *of = &t->values[scope][map_entry(t->map, q->of) - all];
    const struct tracked *over = &t->values[scope][map_entry(t->map, q->over) - all];
    char value[40], source[160];

    if (!of->seen || !over->seen)
        return facts_absent(f, q->name, "%s: %s not in the scrape", t->page,
                            of->seen ? q->over : q->of);
    if (!(over->grown > 0))
        return facts_absent(f, q->name, "no %s in the run", q->over);
    (void)snprintf(value, sizeof value, "%.6g", of->grown / over->grown);
    (void)snprintf(source, sizeof source, "%s over %s, map %s", q->of, q->over, t->map->id);
    return facts_put(f, KNOWN_DERIVED, q->name, value, "1", source);
}

static int finish_scope(struct track *t, size_t scope)
{
    char where[32];
    const struct facts f = {&t->out->facts, where};
    int r = 0;

    scope_name(where, t, scope);
    for (size_t i = 0; i < t->map->entry_count && r == 0; i++)
        r = finish_entry(t, scope, &f, i);
    for (size_t i = 0; i < t->map->ratio_count && r == 0; i++)
        r = put_ratio(t, &f, scope, &t->map->ratios[i]);
    return r;
}

/* A GPU that is not there has no absent facts. */
static bool scope_is_there(const struct track *t, size_t scope)
{
    if (!t->map->index)
        return true;
    for (size_t i = 0; i < t->map->entry_count; i++)
        if (t->values[scope][i].seen)
            return true;
    return false;
}

static int finish_label(struct track *t, size_t i)
{
    const struct facts f = {&t->out->facts, t->map->scope};
    const struct metric_label *l = &t->map->labels[i];

    return t->labels[i][0] ? 0
                           : facts_absent(&f, l->name, "%s: no label %s of %s in the scrape",
                                          t->page, l->label, l->from);
}

int track_finish(struct track *t)
{
    int r = 0;

    for (size_t scope = 0; scope < (t->map->index ? t->scopes : 1) && r == 0; scope++)
        if (scope_is_there(t, scope))
            r = finish_scope(t, scope);
    for (size_t i = 0; i < t->map->label_count && r == 0; i++)
        r = finish_label(t, i);
    return r;
}
