/* SPDX-License-Identifier: Apache-2.0 */
/* The distributions that the intervals need; all of them are one incomplete beta function. */
#include "stats/stats.h"
#include <math.h>

enum { FRACTION_STEPS = 20000, BISECTIONS = 200 };

static double not_zero(double v)
{
    return fabs(v) < 1e-300 ? 1e-300 : v;
}

static double log_gamma(double v)
{
    int sign;

    return lgamma_r(v, &sign);
}

/* One numerator of DLMF 8.17.22, d_i of its even and odd forms. */
static double numerator(int i, double a, double b, double x)
{
    double m = i / 2;

    return i % 2 == 0 ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
                      : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
}

/* The continued fraction; converges fast for x < (a + 1) / (a + b + 2), in O(sqrt(max(a, b))). */
static double fraction(double a, double b, double x)
{
    double c = 1, d = 0, f = 1;

    for (int i = 1; i < FRACTION_STEPS; i++) {
        double n = numerator(i, a, b, x), step;

        d = 1 / not_zero(1 + n * d);
        c = not_zero(1 + n / c);
        step = c * d;
        f *= step;
        if (fabs(step - 1) < 1e-15)
            break;
    }
    return 1 / f;
}

double stats_ibeta(double a, double b, double x)
{
    double front;

    assert(a > 0 && b > 0);
    if (x <= 0)
        return 0;
    if (x >= 1)
        return 1;
    front = exp(a * log(x) + b * log1p(-x) + log_gamma(a + b) - log_gamma(a) - log_gamma(b));
    if (x < (a + 1) / (a + b + 2))
        return front * fraction(a, b, x) / a;
    return 1 - front * fraction(b, a, 1 - x) / b;
}

double stats_ibeta_inverse(double a, double b, double p)
{
    double lo = 0, hi = 1;

    for (int i = 0; i < BISECTIONS && lo < hi; i++) {
        double mid = lo + (hi - lo) / 2;

        if (stats_ibeta(a, b, mid) < p)
            lo = mid;
        else
            hi = mid;
    }
    return hi;
}

double stats_binomial_cdf(int64_t k, int64_t n, double p)
{
    assert(n >= 0);
    if (k < 0)
        return 0;
    if (k >= n)
        return 1;
    return stats_ibeta((double)(n - k), (double)(k + 1), 1 - p);
}

double stats_t_cdf(double t, double df)
{
    double tail = stats_ibeta(df / 2, 0.5, df / (df + t * t)) / 2;

    return t > 0 ? 1 - tail : tail;
}

double stats_t_quantile(double p, double df)
{
    double tail = p < 0.5 ? p : 1 - p;
    double x, t;

    assert(p > 0 && p < 1 && df > 0);
    x = stats_ibeta_inverse(df / 2, 0.5, 2 * tail);
    t = sqrt(df * (1 - x) / x);
    return p < 0.5 ? -t : t;
}
