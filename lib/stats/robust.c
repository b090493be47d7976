/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/robust.h"
#include "stats/stats.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WINSOR_WIDTH = 15 };
#define MEAN_TO_SD 1.2533141373155003 /* sqrt(pi / 2) */
static const double winsor_sds = 3;
static const double most_rho = 0.95;
static const double quantum = 1e-3; /* of the median: the least sd of a series that hardly moves */

static double middle(const double *sorted, size_t n)
{
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

double stats_median(double *v, size_t n)
{
    assert(n > 0);
    stats_sort(v, n);
    return middle(v, n);
}

/* Where @x is, or would be, in an ascending window. */
static size_t place(const double *window, size_t n, double x)
{
    size_t lo = 0;

    while (lo < n) {
        size_t mid = lo + (n - lo) / 2;

        if (window[mid] < x)
            lo = mid + 1;
        else
            n = mid;
    }
    return lo;
}

static void window_add(double *window, size_t *n, double x)
{
    size_t at = place(window, *n, x);

    memmove(window + at + 1, window + at, (*n - at) * sizeof *window);
    window[at] = x;
    ++*n;
}

static void window_drop(double *window, size_t *n, double x)
{
    size_t at = place(window, *n, x);

    --*n;
    memmove(window + at, window + at + 1, (*n - at) * sizeof *window);
}

int stats_running_median(double *ret, const double *v, size_t n, size_t width)
{
    size_t half = width / 2, have = 0;
    AUTO(free) double *window = malloc((width + 1) * sizeof *window);

    assert(width % 2 == 1);
    if (!window)
        return -ENOMEM;
    for (size_t i = 0; i < half && i < n; i++)
        window_add(window, &have, v[i]);
    for (size_t i = 0; i < n; i++) {
        if (i + half < n)
            window_add(window, &have, v[i + half]);
        if (i > half)
            window_drop(window, &have, v[i - half - 1]);
        ret[i] = middle(window, have);
    }
    return 0;
}

/* Of one who hardly ever moves: a thousandth of what is typical, else of what there is. */
static double least_sd(double *v, size_t n)
{
    double typical = fabs(stats_median(v, n));

    return quantum * (typical > 0 ? typical : fmax(fabs(v[0]), fabs(v[n - 1])));
}

int stats_winsorise(double *ret, const double *v, size_t n, size_t *cut)
{
    AUTO(free) double *off = malloc((n + 1) * sizeof *off);
    double limit;
    size_t count = 0;

    if (!off)
        return -ENOMEM;
    if (n == 0 || stats_running_median(ret, v, n, WINSOR_WIDTH) < 0)
        return n == 0 ? 0 : -ENOMEM;
    for (size_t i = 0; i < n; i++)
        off[i] = fabs(v[i] - ret[i]);
    limit = winsor_sds * STATS_MAD_TO_SD * stats_median(off, n);
    if (limit <= 0) {
        memcpy(off, v, n * sizeof *off);
        limit = winsor_sds * least_sd(off, n);
    }
    for (size_t i = 0; i < n; i++) {
        double by = v[i] - ret[i];

        count += fabs(by) > limit;
        ret[i] = fabs(by) > limit ? ret[i] + copysign(limit, by) : v[i];
    }
    if (cut)
        *cut = count;
    return 0;
}

/* Squared sd of the differences at @lag: from the median of their magnitudes, or from their mean
 * where most are 0. */
static double difference_variance(double *scratch, const double *v, size_t n, size_t lag, bool mean)
{
    double sd;

    for (size_t i = lag; i < n; i++)
        scratch[i - lag] = fabs(v[i] - v[i - lag]);
    sd = mean ? MEAN_TO_SD * stats_mean(scratch, n - lag)
              : STATS_MAD_TO_SD * stats_median(scratch, n - lag);
    return sd * sd;
}

int stats_lrv(double *ret, const double *v, size_t n)
{
    AUTO(free) double *scratch = malloc((n + 1) * sizeof *scratch);
    double v1, v2, rho, floor_sd = 0;
    bool mean = false;

    if (!scratch)
        return -ENOMEM;
    if (n < 3) {
        *ret = 0;
        return 0;
    }
    v1 = difference_variance(scratch, v, n, 1, false);
    if (v1 <= 0) { /* it hardly ever moves */
        memcpy(scratch, v, n * sizeof *scratch);
        floor_sd = least_sd(scratch, n);
        v1 = difference_variance(scratch, v, n, 1, true);
        mean = true;
    }
    if (v1 <= 0) {
        *ret = 0;
        return 0;
    }
    v2 = difference_variance(scratch, v, n, 2, mean);
    rho = fmin(fmax(v2 / v1 - 1, 0), most_rho);
    *ret = fmax(v1 / (2 * (1 - rho)) * (1 + rho) / (1 - rho), floor_sd * floor_sd);
    return 0;
}
