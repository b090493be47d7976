/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/levels.h"
#include "stats/stats.h"
#include <math.h>

enum { BATCH = 5, NOT_ELIGIBLE = 5, LEAST = 60 };
static const double anchor_share = 0.03;

/* From the back: sums of the batches so far, by Welford's updates, so that large values don't
 * cancel. */
size_t stats_mser5(const double *v, size_t n)
{
    size_t batches = n / BATCH, best = 0;
    double mean = 0, squares = 0, least = INFINITY;

    for (size_t k = batches; k-- > 0;) {
        double x = stats_mean(v + k * BATCH, BATCH), count = (double)(batches - k);
        double off = x - mean;

        mean += off / count;
        squares += off * (x - mean);
        if (batches - k > NOT_ELIGIBLE && squares / (count * count) <= least) {
            least = squares / (count * count);
            best = k;
        }
    }
    return best * BATCH;
}

const char *stats_label_name(enum stats_label l)
{
    static const char *const names[] = {"flat", "warm-up", "slowdown", "no steady state",
                                        "too short"};

    return names[l];
}

static double mean_of(const struct stats_levels *l, size_t from, size_t to)
{
    return stats_mean(l->clean + from, to - from);
}

/* Squared standard error of the mean of @count values. */
static double error2(const struct stats_levels *l, size_t count)
{
    return l->lrv / (double)count;
}

/* What may be between two means of one level. */
static double tolerance(const struct stats_levels *l, double mean, double delta, size_t a, size_t b)
{
    return fmax(delta * fabs(mean), 2 * sqrt(error2(l, a) + error2(l, b)));
}

/* Back from the last level over all that are like it. */
static size_t steady_from(const struct stats_levels *l, double delta)
{
    size_t start = l->n - (size_t)ceil(anchor_share * (double)l->n), from, to, k = l->count;
    double anchor;

    stats_level(l, k, &from, &to);
    if (from < start)
        start = from;
    anchor = mean_of(l, start, l->n);
    to = l->n - start;
    for (size_t anchor_n = to; k-- > 0;) {
        stats_level(l, k, &from, &to);
        if (from >= start || stats_is_transient(l, from, to))
            continue;
        if (fabs(mean_of(l, from, to) - anchor) > tolerance(l, anchor, delta, to - from, anchor_n))
            break;
        start = from;
    }
    return start;
}

/* Whether a level that was left out, and lasted, is better than what remained. */
static bool was_better(const struct stats_levels *l, const struct stats_steady *s, double delta,
                       int better)
{
    for (size_t k = 0, from, to; k <= l->count; k++) {
        stats_level(l, k, &from, &to);
        if (from >= s->start)
            break;
        to = to < s->start ? to : s->start;
        if (!stats_is_transient(l, from, to) &&
            better * (mean_of(l, from, to) - s->after) >
                tolerance(l, s->after, delta, to - from, l->n - s->start))
            return true;
    }
    return false;
}

static enum stats_label label_of(const struct stats_levels *l, const struct stats_steady *s,
                                 double delta, int better)
{
    if (l->n < LEAST)
        return STATS_TOO_SHORT;
    if (6 * s->start > 5 * l->n)
        return STATS_UNSTEADY;
    if (was_better(l, s, delta, better))
        return STATS_SLOWDOWN;
    if (s->start > 0 &&
        better * (s->after - s->before) > tolerance(l, s->after, delta, s->start, l->n - s->start))
        return STATS_WARM_UP;
    return STATS_FLAT;
}

static size_t latest(size_t a, size_t b)
{
    return a > b ? a : b;
}

struct stats_steady stats_steady(const struct stats_levels *l, double delta, int better)
{
    struct stats_steady s = {.label = STATS_TOO_SHORT, .before = NAN, .after = NAN};

    assert(better == 1 || better == -1);
    if (l->n == 0)
        return s;
    s.from_changes = steady_from(l, delta);
    s.from_mser = stats_mser5(l->clean, l->n);
    s.start = s.from_changes;
    s.late = 2 * latest(s.start, s.from_mser) > l->n;
    if (2 * s.from_mser <= l->n) /* beyond, it has no answer */
        s.start = latest(s.start, s.from_mser);
    if (s.start >= l->n)
        s.start = l->n - 1;
    if (s.start > 0)
        s.before = mean_of(l, 0, s.start);
    s.after = mean_of(l, s.start, l->n);
    s.label = label_of(l, &s, delta, better);
    return s;
}

size_t stats_regime(const struct stats_levels *l, size_t from, double delta)
{
    double all = mean_of(l, from, l->n);

    for (size_t k = 0, a, b; k <= l->count; k++) {
        double off;

        stats_level(l, k, &a, &b);
        a = latest(a, from);
        if (a >= b || stats_is_transient(l, a, b))
            continue;
        off = fabs(mean_of(l, a, b) - all);
        if (off > delta * fabs(all) && off > 3 * sqrt(error2(l, b - a)))
            return k;
    }
    return SIZE_MAX;
}
