/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/trend.h"
#include "stats/robust.h"
#include "stats/stats.h"
#include <math.h>
#include <stdlib.h>

enum { LEAST_FOR_DRIFT = 2 * STATS_DRIFT_BATCHES };
static const double grows_t = 2.76, grows_share = 0.2;
static const double cusum_k = 0.5, cusum_h = 5;

struct stats_line stats_line(const double *v, size_t n)
{
    struct stats_line l = {.mean = stats_mean(v, n)};
    double centre = (double)(n - 1) / 2, sxx = 0, sxy = 0, rest = 0;

    assert(n >= 3);
    for (size_t i = 0; i < n; i++) {
        double x = (double)i - centre;

        sxx += x * x;
        sxy += x * (v[i] - l.mean);
    }
    l.slope = sxy / sxx;
    for (size_t i = 0; i < n; i++) {
        double off = v[i] - l.mean - l.slope * ((double)i - centre);

        rest += off * off;
    }
    l.error = sqrt(rest / (double)(n - 2) / sxx);
    return l;
}

/* Sum over groups of t equal values of t (t - 1) (2t + 5). */
static double ties(const double *v, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        size_t before = 0, t = 0;

        for (size_t j = 0; j < n; j++) {
            before += j < i && v[j] == v[i];
            t += v[j] == v[i];
        }
        if (before == 0)
            sum += (double)t * (double)(t - 1) * (double)(2 * t + 5);
    }
    return sum;
}

double stats_mann_kendall(const double *v, size_t n)
{
    double s = 0, k = (double)n, variance;

    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            s += (v[j] > v[i]) - (v[j] < v[i]);
    variance = (k * (k - 1) * (2 * k + 5) - ties(v, n)) / 18;
    if (n < 3 || variance <= 0 || fabs(s) <= 1)
        return 0;
    return (s - copysign(1, s)) / sqrt(variance);
}

double stats_trend(const double *v, size_t n)
{
    double mean[STATS_TREND_BATCHES];

    if (n < STATS_TREND_BATCHES)
        return 0;
    stats_batch_means(mean, STATS_TREND_BATCHES, v, n);
    return stats_mann_kendall(mean, STATS_TREND_BATCHES);
}

int stats_theil_sen(double *ret, const double *v, size_t n)
{
    AUTO(free) double *slope = malloc(n * (n - 1) / 2 * sizeof *slope);
    size_t k = 0;

    assert(n >= 2);
    if (!slope)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            slope[k++] = (v[j] - v[i]) / (double)(j - i);
    *ret = stats_median(slope, k);
    return 0;
}

/* Of @v as it is. @batch: the means that the line goes through. */
static struct stats_drift drift_of(double batch[STATS_DRIFT_BATCHES], struct stats_line *line,
                                   const double *v, size_t n)
{
    struct stats_drift d;
    double scale;

    stats_batch_means(batch, STATS_DRIFT_BATCHES, v, n);
    *line = stats_line(batch, STATS_DRIFT_BATCHES);
    scale = STATS_DRIFT_BATCHES / fabs(line->mean);
    d.change = line->slope * scale;
    d.bound = fabs(d.change) +
              stats_t_quantile(STATS_LEVEL, STATS_DRIFT_BATCHES - 2) * line->error * scale;
    return d;
}

/*
 * Whether what was cut off lies, within 3 standard errors, on the line through what was kept: then
 * it was no warm-up. With x in batches from the middle of the kept ones: the variance of a batch
 * mean is error^2 Sxx, Sxx = k (k^2 - 1) / 12; that of the line at x, 1 / k + x^2 / Sxx times as
 * much; that of the mean of what was cut, batch over cut times.
 */
static bool line_goes_on(const struct stats_line *l, const double *v, size_t from, size_t n)
{
    double k = STATS_DRIFT_BATCHES, sxx = k * (k * k - 1) / 12;
    double batch = (double)(n - from) / k, x = -(k + (double)from / batch) / 2;
    double one = l->error * l->error * sxx;
    double error = sqrt(one * (1 / k + x * x / sxx + batch / (double)from));

    return fabs(stats_mean(v, from) - (l->mean + l->slope * x)) <= 3 * error;
}

struct stats_drift stats_drift(const double *clean, size_t from, size_t n)
{
    struct stats_drift d = {NAN, INFINITY}, kept;
    double batch[STATS_DRIFT_BATCHES], scale;
    struct stats_line line;

    if (from >= n || n - from < LEAST_FOR_DRIFT)
        return d;
    kept = drift_of(batch, &line, clean + from, n - from);
    if (!isfinite(kept.bound))
        return d;
    if (from > 0 && line_goes_on(&line, clean, from, n)) {
        kept = drift_of(batch, &line, clean, n);
        return isfinite(kept.bound) ? kept : d;
    }
    scale = (double)n / (double)(n - from);
    return (struct stats_drift){kept.change * scale, kept.bound * scale};
}

bool stats_grows(const double mean[STATS_TREND_BATCHES])
{
    struct stats_line l = stats_line(mean, STATS_TREND_BATCHES);

    return l.slope > grows_t * l.error &&
           l.slope * (STATS_TREND_BATCHES - 1) > grows_share * l.mean;
}

int stats_cusum(struct stats_cusum *c, double value)
{
    double z = (value - c->mean) / c->sd;
    int alarm;

    c->up = fmax(0, c->up + z - cusum_k);
    c->down = fmax(0, c->down - z - cusum_k);
    alarm = c->up > cusum_h ? 1 : c->down > cusum_h ? -1 : 0;
    if (alarm != 0)
        c->up = c->down = 0;
    return alarm;
}

double stats_adjust(double *ret, const double *y, const double *x, size_t n)
{
    double sxx = 0, sxy = 0, mean = stats_mean(x, n), b;

    assert(n >= 3);
    for (size_t i = 1; i < n; i++) {
        sxx += (x[i] - x[i - 1]) * (x[i] - x[i - 1]);
        sxy += (x[i] - x[i - 1]) * (y[i] - y[i - 1]);
    }
    b = sxx > 0 ? sxy / sxx : 0;
    for (size_t i = 0; i < n; i++)
        ret[i] = y[i] - b * (x[i] - mean);
    return b;
}

static int changes_of(size_t *ret, const double *v, size_t n)
{
    AUTO(stats_levels_release) struct stats_levels l = {0};
    int r = stats_levels(&l, v, n);

    if (r == 0)
        *ret = l.count;
    return r;
}

int stats_cause(enum stats_cause *ret, const double *y, const double *x, size_t n)
{
    AUTO(free) double *rest = malloc((n + 1) * sizeof *rest);
    size_t of_y = 0, of_x = 0, of_rest = 0;

    if (!rest)
        return -ENOMEM;
    (void)stats_adjust(rest, y, x, n);
    if (changes_of(&of_y, y, n) < 0 || changes_of(&of_x, x, n) < 0 ||
        changes_of(&of_rest, rest, n) < 0)
        return -ENOMEM;
    if (of_rest > 0)
        *ret = of_x > 0 ? STATS_BOTH : STATS_SERVER;
    else if (of_y > 0)
        *ret = of_x > 0 ? STATS_WORKLOAD : STATS_SERVER;
    else
        *ret = STATS_STEADY;
    return 0;
}
