/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/stats.h"
#include <math.h>

enum { SUM_BLOCK = 256, MOST_BATCHES = 64, LEAST_IN_BATCH = 4 };
static const double least_n_eff = 20;

double stats_sum(const double *v, size_t n)
{
    double total = 0;

    for (size_t at = 0; at < n; at += SUM_BLOCK) {
        double block = 0;

        for (size_t i = at; i < n && i < at + SUM_BLOCK; i++)
            block += v[i];
        total += block;
    }
    return total;
}

double stats_mean(const double *v, size_t n)
{
    return n > 0 ? stats_sum(v, n) / (double)n : (double)NAN;
}

static double square(double v)
{
    return v * v;
}

static double squares_around(const double *v, size_t n, double mean)
{
    double total = 0;

    for (size_t at = 0; at < n; at += SUM_BLOCK) {
        double block = 0;

        for (size_t i = at; i < n && i < at + SUM_BLOCK; i++)
            block += square(v[i] - mean);
        total += block;
    }
    return total;
}

double stats_variance(const double *v, size_t n)
{
    return n < 2 ? (double)NAN : squares_around(v, n, stats_mean(v, n)) / (double)(n - 1);
}

static double t_half(double variance, double n, double df)
{
    return stats_t_quantile((1 + STATS_LEVEL) / 2, df) * sqrt(variance / n);
}

struct stats_mean stats_mean_t(const double *v, size_t n)
{
    struct stats_mean m = {stats_mean(v, n), NAN, NAN, (double)n, 0};

    if (n >= 2) {
        double half = t_half(stats_variance(v, n), (double)n, (double)(n - 1));

        m.lo = m.mean - half;
        m.hi = m.mean + half;
    }
    return m;
}

/* Sum of squared steps between neighbours over twice the sum of squares; 1 if independent. */
static double step_ratio(const double *v, size_t n)
{
    double squares = squares_around(v, n, stats_mean(v, n));
    double steps = 0;

    for (size_t i = 1; i < n; i++)
        steps += square(v[i] - v[i - 1]);
    return squares > 0 ? steps / (2 * squares) : 1;
}

double stats_von_neumann(const double *v, size_t n)
{
    double k = (double)n;

    return n < 3 ? 0 : (1 - step_ratio(v, n)) * sqrt((k * k - 1) / (k - 2));
}

/* Lag-1 correlation, corrected for its bias towards minus 1/n (Kendall 1954). */
static double lag_one(const double *v, size_t n)
{
    double mean = stats_mean(v, n), squares = squares_around(v, n, mean), products = 0, r;

    if (squares <= 0)
        return 0;
    for (size_t i = 1; i < n; i++)
        products += (v[i] - mean) * (v[i - 1] - mean);
    r = products / squares;
    r += (1 + 3 * r) / (double)n;
    return r < 0 ? 0 : r > 0.99 ? 0.99 : r;
}

void stats_batch_means(double *ret, size_t k, const double *v, size_t n)
{
    for (size_t i = 0; i < k; i++) {
        size_t from = i * n / k, to = (i + 1) * n / k;

        ret[i] = stats_mean(v + from, to - from);
    }
}

/* The first count whose batch means look independent, else the smallest. Fills @ret. */
static size_t choose_batches(double *ret, const double *v, size_t n)
{
    static const size_t counts[] = {64, 48, 32, 24, 20, 16, 12, 10};
    const double pass = 0.8416; /* z of a one-sided 0.2 */

    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        if (n / counts[i] < LEAST_IN_BATCH)
            continue;
        stats_batch_means(ret, counts[i], v, n);
        if (stats_von_neumann(ret, counts[i]) < pass || counts[i] == 10)
            return counts[i];
    }
    return 0;
}

static double batches_half(const double *means, size_t k)
{
    double half = t_half(stats_variance(means, k), (double)k, (double)(k - 1));
    double r = lag_one(means, k);

    return half * sqrt((1 + r) / (1 - r));
}

struct stats_mean stats_mean_batches(const double *v, size_t n)
{
    struct stats_mean m = {stats_mean(v, n), NAN, NAN, (double)n, 0};
    double means[MOST_BATCHES], r, half;
    size_t k = choose_batches(means, v, n);

    if (n < 2)
        return m;
    r = lag_one(v, n);
    m.n_eff = (double)n * (1 - r) / (1 + r);
    if (k == 0 || m.n_eff < least_n_eff)
        return m;
    half = fmax(batches_half(means, k), t_half(stats_variance(v, n), m.n_eff, m.n_eff - 1));
    m.lo = m.mean - half;
    m.hi = m.mean + half;
    m.batches = (int)k;
    return m;
}
