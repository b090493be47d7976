/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/levels.h"
#include "stats/robust.h"
#include "stats/stats.h"
#include <math.h>
#include <stdlib.h>

enum { MOST_POINTS = 4096, LONG_SERIES = 1000, SHORTEST = 5, SHORTEST_LONG = 10 };
static const double transient_share = 0.01;
static const double penalty_per_log = 4.5;

/* Means of equal blocks, in units of their long-run standard deviation. @ret may be @v. */
static int standardise(double *ret, double *lrv, const double *v, size_t n, size_t block)
{
    for (size_t i = 0; i < n; i++)
        ret[i] = stats_mean(v + i * block, block);
    if (stats_lrv(lrv, ret, n) < 0)
        return -ENOMEM;
    for (size_t i = 0; *lrv > 0 && i < n; i++)
        ret[i] /= sqrt(*lrv);
    return 0;
}

static int find_changes(struct stats_levels *l)
{
    size_t block = (l->n + MOST_POINTS - 1) / MOST_POINTS, points = block ? l->n / block : 0;
    AUTO(free) double *unit = malloc((points + 1) * sizeof *unit);
    double lrv = 0;
    int r;

    if (!unit || standardise(unit, &lrv, l->clean, points, block) < 0)
        return -ENOMEM;
    l->lrv = lrv * (double)block;
    if (lrv <= 0)
        return 0;
    r = stats_pelt(l->at, &l->count, unit, points, penalty_per_log * log((double)points),
                   points >= LONG_SERIES ? SHORTEST_LONG : SHORTEST);
    for (size_t i = 0; r == 0 && i < l->count; i++)
        l->at[i] *= block;
    return r;
}

/* A level that is over at once is a transient, not a level: the one before it goes on. The first
 * one stays: it is for the truncation to cut. */
static void level_transients(struct stats_levels *l)
{
    double before = NAN;

    for (size_t k = 0, from, to; k <= l->count; k++) {
        stats_level(l, k, &from, &to);
        if (k > 0 && stats_is_transient(l, from, to))
            for (size_t i = from; i < to; i++)
                l->clean[i] = before;
        else
            before = stats_mean(l->clean + from, to - from);
    }
}

bool stats_is_transient(const struct stats_levels *l, size_t from, size_t to)
{
    return (double)(to - from) < transient_share * (double)l->n;
}

int stats_levels(struct stats_levels *ret, const double *v, size_t n)
{
    AUTO(stats_levels_release) struct stats_levels l = {.n = n};

    l.clean = malloc((n + 1) * sizeof *l.clean);
    l.at = malloc((n / SHORTEST + 1) * sizeof *l.at);
    if (!l.clean || !l.at || stats_winsorise(l.clean, v, n, NULL) < 0 || find_changes(&l) < 0)
        return -ENOMEM;
    level_transients(&l);
    *ret = l;
    l = (struct stats_levels){0};
    return 0;
}

void stats_levels_release(struct stats_levels *l)
{
    free(l->clean);
    free(l->at);
    *l = (struct stats_levels){0};
}

void stats_level(const struct stats_levels *l, size_t k, size_t *from, size_t *to)
{
    assert(k <= l->count);
    *from = k > 0 ? l->at[k - 1] : 0;
    *to = k < l->count ? l->at[k] : l->n;
}
