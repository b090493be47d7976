/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/scrape.c - names are compared whole: num_requests_waiting is not
 * num_requests_waiting_by_reason. Where a page has a family under an old and a new name, the first
 * of the map's names counts, and only that.
 */
#include "probe/scrape.h"
#include "wire/prom.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void note_bad(struct scrape *s, size_t line, const char *why)
{
    if (s->bad++ == 0) {
        s->bad_line = line;
        s->bad_why = why;
    }
}

/* Which of the entry's names the sample has; -1: none. */
static int name_of(const struct metric_entry *e, const struct prom_sample *m)
{
    for (int i = 0; e->from[i]; i++)
        if (prom_named(m, e->from[i]))
            return i;
    return -1;
}

static void add(struct scrape_value *v, const struct metric_entry *e, double value)
{
    const bool first = v->n == 0;

    v->n++;
    if (first)
        v->value = value;
    else if (e->across == ACROSS_SUM)
        v->value += value;
    else if (e->across == ACROSS_MAX)
        v->value = fmax(v->value, value);
    else
        v->value += (value - v->value) / v->n;
}

static bool is_counted(const struct metric_map *map, const struct prom_sample *m)
{
    char value[PROM_VALUE];

    return !map->without || !prom_label(value, m, map->without);
}

static bool is_where(const struct metric_entry *e, const struct prom_sample *m)
{
    char value[PROM_VALUE];

    return !e->label || (prom_label(value, m, e->label) && strcmp(value, e->value) == 0);
}

/* The scope's number; SCRAPE_SCOPES: it has none. */
static size_t scope_of(const struct metric_map *map, const struct prom_sample *m)
{
    char value[PROM_VALUE];

    if (!map->index)
        return 0;
    if (!prom_label(value, m, map->index) || strlen(value) > 2 || value[0] == '\0' ||
        strspn(value, "0123456789") != strlen(value))
        return SCRAPE_SCOPES;
    return (size_t)atoi(value) < SCRAPE_SCOPES ? (size_t)atoi(value) : SCRAPE_SCOPES;
}

/* FNV-1a. */
static uint64_t hash_span(uint64_t h, struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (unsigned char)s.data[i]) * UINT64_C(0x100000001b3);
    return (h ^ 0xff) * UINT64_C(0x100000001b3);
}

static bool is_rank(const struct metric_map *map, struct span name)
{
    for (size_t i = 0; map->ranks[i]; i++)
        if (strlen(map->ranks[i]) == name.len && memcmp(map->ranks[i], name.data, name.len) == 0)
            return true;
    return false;
}

static uint64_t group_of(const struct metric_map *map, const struct prom_sample *m)
{
    struct span rest = m->labels;
    struct prom_label label;
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    while (prom_label_next(&label, &rest))
        if (!is_rank(map, label.name))
            h = hash_span(hash_span(h, label.name), label.raw);
    return h;
}

/* False: there is no room for one more. */
static bool take_group(struct scrape *s, size_t entry, uint64_t labels, double value)
{
    struct scrape_group *groups = s->groups[entry];
    size_t *n = &s->group_count[entry], i = 0;

    while (i < *n && groups[i].labels != labels)
        i++;
    if (i < *n)
        groups[i].value = fmax(groups[i].value, value);
    else if (*n < SCRAPE_GROUPS)
        groups[(*n)++] = (struct scrape_group){labels, value};
    else
        return false;
    return true;
}

/* Of a map with ranks: one value a group in place of one a sample. */
static void fold_groups(struct scrape *s, const struct metric_map *map)
{
    for (size_t i = 0; i < map->entry_count && map->ranks[0]; i++) {
        struct scrape_value *v = &s->values[0][i];

        if (v->n == 0)
            continue;
        v->n = 0;
        for (size_t k = 0; k < s->group_count[i]; k++)
            add(v, &map->entries[i], s->groups[i][k].value);
    }
}

/* NULL, or why the sample is left out. */
static const char *take_value(struct scrape *s, const struct metric_entry *e, size_t scope,
                              size_t entry, int from, double value, const uint64_t *group)
{
    struct scrape_value *v = &s->values[scope][entry];

    if (v->n > 0 && from > v->from)
        return NULL;
    if (v->n == 0 || from < v->from) {
        *v = (struct scrape_value){.from = (uint8_t)from};
        s->group_count[entry] = 0;
    }
    if (group && !take_group(s, entry, *group, value * e->scale))
        return "more than 64 engines and labels of one family";
    add(v, e, value * e->scale);
    if (scope >= s->scopes)
        s->scopes = scope + 1;
    return NULL;
}

static bool take_entries(struct scrape *s, const struct metric_map *map,
                         const struct prom_sample *m, size_t line)
{
    size_t scope = SCRAPE_SCOPES;
    bool matched = false;
    uint64_t group = 0;

    for (size_t i = 0; i < map->entry_count; i++) {
        const int from = name_of(&map->entries[i], m);
        const char *why;

        if (from < 0 || !isfinite(m->value) || !is_counted(map, m) ||
            !is_where(&map->entries[i], m))
            continue;
        if (!matched)
            scope = scope_of(map, m);
        if (!matched && map->ranks[0])
            group = group_of(map, m);
        matched = true;
        why = scope == SCRAPE_SCOPES ? "its index is no number below 64"
                                     : take_value(s, &map->entries[i], scope, i, from, m->value,
                                                  map->ranks[0] ? &group : NULL);
        if (why)
            note_bad(s, line, why);
    }
    return matched;
}

/* Of several engines the first tells: they are started with one configuration. */
static bool take_labels(struct scrape *s, const struct metric_map *map, const struct prom_sample *m)
{
    char value[PROM_VALUE];
    bool matched = false;

    for (size_t i = 0; i < map->label_count; i++) {
        if (!prom_named(m, map->labels[i].from))
            continue;
        matched = true;
        if (s->labels[i][0] == '\0' && prom_label(value, m, map->labels[i].label) &&
            strlen(value) < sizeof s->labels[i])
            memcpy(s->labels[i], value, strlen(value) + 1);
    }
    return matched;
}

/* Of several processes the latest start: any of them may be the one that began again. */
static void take_start(struct scrape *s, const struct prom_sample *m)
{
    if (prom_named(m, "process_start_time_seconds") && isfinite(m->value))
        s->started_s = isnan(s->started_s) ? m->value : fmax(s->started_s, m->value);
}

void scrape_read(struct scrape *ret, const struct metric_map *m, const char *text, size_t n)
{
    struct prom_sample sample;
    struct prom_scan scan;
    enum prom_step step;

    memset(ret, 0, sizeof *ret);
    ret->started_s = NAN;
    prom_init(&scan, text, n);
    while ((step = prom_next(&scan, &sample)) != PROM_END) {
        bool matched;

        if (step == PROM_BAD) {
            note_bad(ret, scan.line, scan.why);
            continue;
        }
        ret->samples++;
        take_start(ret, &sample);
        matched = take_entries(ret, m, &sample, scan.line);
        matched = take_labels(ret, m, &sample) || matched;
        ret->matched += matched;
    }
    fold_groups(ret, m);
}
