/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/kinds.h"
#include "base/rng.h"
#include "stats/robust.h"
#include "stats/stats.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 200, DRAWS = 9999, LEAST_KEYS = 5 };
static const double least_mad = 1e-3;

/* Median distance of an ascending window from its median: two pointers outwards from it. */
static double spread(const double *sorted, size_t n, double centre)
{
    double off[WINDOW + 1];

    for (size_t i = 0; i < n; i++)
        off[i] = fabs(sorted[i] - centre);
    return stats_median(off, n);
}

/* The scores change slowly: one window serves the @step values in its middle. */
static void score_some(double *ret, const double *logs, size_t n, size_t from, size_t to)
{
    double sorted[WINDOW + 1], centre, sd;
    size_t first = from > WINDOW / 2 ? from - WINDOW / 2 : 0, count;

    if (n > WINDOW && first > n - WINDOW)
        first = n - WINDOW;
    count = n - first < WINDOW ? n - first : WINDOW;
    memcpy(sorted, logs + first, count * sizeof *sorted);
    centre = stats_median(sorted, count);
    sd = STATS_MAD_TO_SD * fmax(spread(sorted, count, centre), least_mad);
    for (size_t i = from; i < to; i++)
        ret[i] = (logs[i] - centre) / sd;
}

int stats_outlier_scores(double *ret, const double *v, size_t n)
{
    enum { STEP = 10 };
    AUTO(free) double *logs = malloc((n + 1) * sizeof *logs);

    if (!logs)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        logs[i] = log(v[i]);
    for (size_t i = 0; i < n; i += STEP)
        score_some(ret, logs, n, i, i + STEP < n ? i + STEP : n);
    return 0;
}

/* The logarithms of each key in order of arrival, one key after the other. */
struct grouped {
    double *logs;
    size_t *from; /* kinds + 1 */
    size_t kinds;
};

static void group(struct grouped *g, const double *v, const uint32_t *key, size_t n)
{
    memset(g->from, 0, (g->kinds + 1) * sizeof *g->from);
    for (size_t i = 0; i < n; i++)
        g->from[key[i] + 1]++;
    for (size_t k = 0; k < g->kinds; k++)
        g->from[k + 1] += g->from[k];
    for (size_t i = n; i-- > 0;) /* from the back: what is before moves down to its place */
        g->logs[--g->from[key[i] + 1]] = log(v[i]);
    memmove(g->from, g->from + 1, g->kinds * sizeof *g->from);
    g->from[g->kinds] = n;
}

/* ln of value @which of key @k over the mean of the key's others; 0 for what occurs but once. */
static double excess_of(const struct grouped *g, const double *sums, size_t k, size_t which)
{
    size_t m = g->from[k + 1] - g->from[k];
    double x;

    if (m < 2)
        return 0;
    x = g->logs[g->from[k] + which];
    return x - (sums[k] - x) / (double)(m - 1);
}

static double draw(const struct grouped *g, const double *sums, struct rng *rng)
{
    double sum = 0;

    for (size_t k = 0; k < g->kinds; k++) {
        size_t m = g->from[k + 1] - g->from[k];

        if (m >= 2)
            sum += excess_of(g, sums, k, (size_t)rng_below(rng, m));
    }
    return sum;
}

static struct stats_first test(const struct grouped *g, double *sums)
{
    struct stats_first f = {0, 1, 0};
    struct rng rng;
    double seen = 0;
    int as_much = 0;

    for (size_t k = 0; k < g->kinds; k++) {
        size_t m = g->from[k + 1] - g->from[k];

        sums[k] = stats_sum(g->logs + g->from[k], m);
        f.keys += m >= 2;
        seen += excess_of(g, sums, k, 0);
    }
    f.excess = f.keys > 0 ? seen / (double)f.keys : 0;
    if (f.keys < LEAST_KEYS)
        return f;
    rng_init(&rng, 1, 0);
    for (int i = 0; i < DRAWS; i++)
        as_much += draw(g, sums, &rng) >= seen - 1e-9 * fabs(seen); /* sums of another order */
    f.p = (1.0 + as_much) / (1.0 + DRAWS);
    return f;
}

int stats_first_of_kind(struct stats_first *ret, const double *v, const uint32_t *key, size_t n,
                        size_t kinds)
{
    AUTO(free) double *logs = malloc((n + 1) * sizeof *logs);
    AUTO(free) size_t *from = malloc((kinds + 2) * sizeof *from);
    AUTO(free) double *sums = malloc((kinds + 1) * sizeof *sums);
    struct grouped g = {logs, from, kinds};

    if (!logs || !from || !sums)
        return -ENOMEM;
    group(&g, v, key, n);
    *ret = test(&g, sums);
    return 0;
}
