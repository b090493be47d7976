/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/analysis/diff_series.c - the conditions of two runs: each series while trials ran.
 *
 * A series is cut into ten pieces, so that what hangs together in time counts once; their medians
 * have a median and a spread (1.4826 times the median absolute deviation: of a normal one its
 * standard deviation; Rousseeuw and Croux 1993). Two runs differ where the medians are more than
 * three of the larger spread and more than a twentieth of the larger apart.
 */
#include "analysis/diff_parts.h"
#include "base/vec.h"
#include "stats/stats.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECES = 10, LEAST_VALUES = 5 };

static const double least_ratio = 0.05;

struct course { /* of one series */
    const char *name, *unit, *known;
    double *v; /* in order of time */
    size_t count, cap;
};

struct courses {
    struct arena arena;
    struct course *items; /* by name once sorted */
    size_t count, cap;
    size_t *of; /* position of series id; SIZE_MAX: none */
    size_t of_count, of_cap;
    const struct evidence_trial *trials;
    size_t trial_count;
};

static void courses_release(struct courses *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->items[i].v);
    free(c->items);
    free(c->of);
    arena_release(&c->arena);
}
DEFINE_AUTO_HELD(struct courses, courses_release)

static int on_series(void *ctx, uint32_t id, const struct series *s)
{
    struct courses *c = ctx;
    struct course own = {.name = arena_printf(&c->arena, "%s.%s", s->scope, s->name),
                         .unit = arena_strdup(&c->arena, s->unit),
                         .known = known_name(s->known)};

    if (!own.name || !own.unit)
        return -ENOMEM;
    while (c->of_count <= id)
        if (VEC_PUSH(c->of, c->of_count, c->of_cap, SIZE_MAX) < 0)
            return -ENOMEM;
    c->of[id] = c->count;
    return VEC_PUSH(c->items, c->count, c->cap, own);
}

static bool in_a_trial(const struct courses *c, int64_t ns)
{
    for (size_t i = 0; i < c->trial_count; i++)
        if (ns >= c->trials[i].start_ns &&
            (c->trials[i].end_ns == TIME_NONE || ns <= c->trials[i].end_ns))
            return true;
    return false;
}

static int on_value(void *ctx, const struct series *s, const struct telemetry_row *row)
{
    struct courses *c = ctx;
    struct course *to;

    (void)s;
    if (!in_a_trial(c, row->time_ns) || row->series >= c->of_count ||
        c->of[row->series] == SIZE_MAX)
        return 0;
    to = &c->items[c->of[row->series]];
    return VEC_PUSH(to->v, to->count, to->cap, row->value);
}

static int by_name(const void *x, const void *y)
{
    return strcmp(((const struct course *)x)->name, ((const struct course *)y)->name);
}

static int courses_read(struct courses *c, struct evidence *e, struct err *err)
{
    int r;

    c->trials = evidence_trials(e, &c->trial_count);
    r = evidence_each_series(e, on_series, c, err);
    if (r == 0)
        r = evidence_each_telemetry(e, EVIDENCE_ALL_SERIES, on_value, c, err);
    if (r == 0 && c->count > 0)
        qsort(c->items, c->count, sizeof *c->items, by_name);
    return r;
}

static double median(double *v, size_t n)
{
    stats_sort(v, n);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

struct middle {
    double median, spread;
};

/* -ENOMEM only. */
static int middle_of(struct middle *ret, const struct course *c)
{
    AUTO(free) double *copy = malloc(c->count * sizeof *copy);
    size_t pieces = c->count < PIECES ? c->count : PIECES;
    double at[PIECES], away[PIECES];

    if (!copy)
        return -ENOMEM;
    memcpy(copy, c->v, c->count * sizeof *copy);
    for (size_t i = 0; i < pieces; i++) {
        size_t from = i * c->count / pieces, to = (i + 1) * c->count / pieces;

        at[i] = median(copy + from, to - from);
    }
    ret->median = median(at, pieces);
    for (size_t i = 0; i < pieces; i++)
        away[i] = fabs(at[i] - ret->median);
    ret->spread = 1.4826 * median(away, pieces);
    return 0;
}

/* What slows a machine down behind one's back goes before what merely moves. */
static bool is_pressing(const char *name)
{
    static const char *const words[] = {"clock", "frequency", "throttl", "power", "steal"};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strstr(name, words[i]))
            return true;
    return false;
}

static int add_unknown(struct diff *d, const struct course *a, const struct course *b)
{
    size_t n_a = a ? a->count : 0, n_b = b ? b->count : 0;
    bool no_a = n_a < LEAST_VALUES, no_b = n_b < LEAST_VALUES;
    char why[100];

    (void)snprintf(why, sizeof why, "unknown in %s: %zu and %zu values while trials ran",
                   no_a && no_b ? "A and B"
                   : no_a       ? "A"
                                : "B",
                   n_a, n_b);
    return diff_add(d, &(struct diff_item){.tier = DIFF_CONDITIONS,
                                           .state = DIFF_UNKNOWN,
                                           .part = "conditions",
                                           .name = a ? a->name : b->name,
                                           .why = why});
}

static int add_pair(struct diff *d, const struct course *a, const struct course *b)
{
    struct middle x, y;
    double apart, spread, scale;
    char of_a[32], of_b[32], why[100];
    bool differs;

    if (!a || !b || a->count < LEAST_VALUES || b->count < LEAST_VALUES)
        return add_unknown(d, a, b);
    if (middle_of(&x, a) < 0 || middle_of(&y, b) < 0)
        return -ENOMEM;
    apart = fabs(x.median - y.median);
    spread = fmax(x.spread, y.spread);
    scale = fmax(fabs(x.median), fabs(y.median));
    differs = apart > 3 * spread && apart > least_ratio * scale;
    (void)snprintf(of_a, sizeof of_a, "%.6g", stats_mean(a->v, a->count));
    (void)snprintf(of_b, sizeof of_b, "%.6g", stats_mean(b->v, b->count));
    (void)snprintf(why, sizeof why, "means; medians %.4g and %.4g, spread %.3g", x.median, y.median,
                   spread);
    return diff_add(d, &(struct diff_item){.tier = DIFF_CONDITIONS,
                                           .state = differs ? DIFF_DIFFERS : DIFF_SAME,
                                           .part = "conditions",
                                           .name = a->name,
                                           .unit = a->unit,
                                           .a = {of_a, a->known},
                                           .b = {of_b, b->known},
                                           .effect = (is_pressing(a->name) ? 1000 : 0) +
                                                     fmin(apart / (spread + 0.01 * scale), 999),
                                           .why = why});
}

int diff_conditions(struct diff *d, struct evidence *a, struct evidence *b, struct err *err)
{
    AUTO(courses_release) struct courses x = {0}, y = {0};
    size_t i = 0, k = 0;
    int r = courses_read(&x, a, err);

    if (r == 0)
        r = courses_read(&y, b, err);
    while (r == 0 && (i < x.count || k < y.count)) {
        const struct course *f = i < x.count ? &x.items[i] : NULL;
        const struct course *g = k < y.count ? &y.items[k] : NULL;
        int order = !f ? 1 : !g ? -1 : strcmp(f->name, g->name);

        r = add_pair(d, order <= 0 ? f : NULL, order >= 0 ? g : NULL);
        i += order <= 0;
        k += order >= 0;
    }
    return r;
}
