/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/stats.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCHES = 20, LEAST_FOR_VIF = 100 };
static const double t_975_19 = 2.0930240544082634;
static const double z_975 = 1.959963984540054;

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void stats_sort(double *v, size_t n)
{
    if (n > 1)
        qsort(v, n, sizeof *v, ascending);
}

/* The first k in [0, n] with P(B <= k) >= q (or > q). */
static int64_t binomial_point(int64_t n, double p, double q, bool strictly)
{
    int64_t lo = 0, hi = n;

    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2;
        double at = stats_binomial_cdf(mid, n, p);

        if (strictly ? at > q : at >= q)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

struct stats_ranks stats_quantile_ranks(int64_t n, double p, double level)
{
    double tail = (1 - level) / 2;
    struct stats_ranks r = {0, 0};

    if (n < 1)
        return r;
    r.lo = binomial_point(n, p, tail, true); /* P(B < lo) <= tail; 0: even rank 1 is too high */
    r.hi = binomial_point(n, p, 1 - tail, false) + 1;
    if (r.hi > n)
        r.hi = 0;
    return r;
}

static bool has_both(int64_t n, double p, double level)
{
    struct stats_ranks r = stats_quantile_ranks(n, p, level);

    return r.lo > 0 && r.hi > 0;
}

int64_t stats_quantile_need(double p, double level)
{
    int64_t lo = 1, hi = 1;

    assert(p > 0 && p < 1);
    while (!has_both(hi, p, level) && hi < INT64_C(1) << 40)
        hi *= 2;
    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2;

        if (has_both(mid, p, level))
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

static void batch_rates(double *ret, const double *v, size_t n, double q)
{
    for (size_t i = 0; i < BATCHES; i++) {
        size_t from = i * n / BATCHES, to = (i + 1) * n / BATCHES, over = 0;

        for (size_t j = from; j < to; j++)
            over += v[j] > q;
        ret[i] = (double)over / (double)(to - from);
    }
}

struct stats_dependence stats_dependence(const double *v, size_t n, double q)
{
    struct stats_dependence d = {NAN, (double)n, false};
    double rates[BATCHES], share, binomial;

    if (n < LEAST_FOR_VIF)
        return d;
    batch_rates(rates, v, n, q);
    share = stats_mean(rates, BATCHES);
    binomial = share * (1 - share) * BATCHES / (double)n;
    d.vif = binomial > 0 ? fmax(1, stats_variance(rates, BATCHES) / binomial) : 1;
    d.n_eff = (double)n / (d.vif * (t_975_19 / z_975) * (t_975_19 / z_975));
    d.long_memory = stats_von_neumann(rates, BATCHES) > 1.645;
    return d;
}

/* Rank @r of @m independent values, carried to a sample of @n. */
static double at_rank(const double *sorted, size_t n, double m, int64_t r, bool up)
{
    double scaled = (double)r * (double)n / m;
    int64_t at = (int64_t)(up ? ceil(scaled - 1e-9) : floor(scaled + 1e-9));

    return sorted[i64_max(1, i64_min(at, (int64_t)n)) - 1];
}

struct stats_quantile stats_quantile_of(const double *v, const double *sorted, size_t n, double p)
{
    struct stats_quantile q = {.lo = NAN, .hi = NAN};
    struct stats_dependence d;
    struct stats_ranks r;
    double m;

    assert(n >= 1 && p > 0 && p < 1);
    q.value = sorted[i64_max(1, (int64_t)ceil((double)n * p - 1e-9)) - 1];
    d = stats_dependence(v, n, q.value);
    m = floor(d.n_eff);
    r = stats_quantile_ranks((int64_t)m, p, STATS_LEVEL);
    if (r.lo > 0)
        q.lo = at_rank(sorted, n, m, r.lo, false);
    if (r.hi > 0)
        q.hi = at_rank(sorted, n, m, r.hi, true);
    q.n_eff = d.n_eff;
    q.vif = d.vif;
    q.long_memory = d.long_memory;
    q.need = stats_quantile_need(p, STATS_LEVEL);
    return q;
}

int stats_quantile(struct stats_quantile *ret, const double *v, size_t n, double p)
{
    AUTO(free) double *sorted = malloc(n * sizeof *sorted);

    assert(n >= 1);
    if (!sorted)
        return -ENOMEM;
    memcpy(sorted, v, n * sizeof *sorted);
    stats_sort(sorted, n);
    *ret = stats_quantile_of(v, sorted, n, p);
    return 0;
}

/* Half a value over 0.5 splits an indicator of zeros and ones. */
struct stats_share stats_share(const double *indicator, size_t n)
{
    struct stats_dependence d = stats_dependence(indicator, n, 0.5);
    struct stats_share s = {stats_mean(indicator, n), NAN, NAN, d.n_eff, d.long_memory};
    double tail = (1 - STATS_LEVEL) / 2, k;

    if (n == 0)
        return s;
    k = s.share * s.n_eff;
    s.lo = k > 0 ? stats_ibeta_inverse(k, s.n_eff - k + 1, tail) : 0;
    s.hi = s.n_eff - k > 0 ? stats_ibeta_inverse(k + 1, s.n_eff - k, 1 - tail) : 1;
    return s;
}
