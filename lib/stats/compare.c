/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/compare.h"
#include "stats/stats.h"
#include <math.h>

static const double z_80 = 0.8416212335729143;

const char *stats_answer_name(enum stats_answer a)
{
    static const char *const names[] = {"higher", "lower", "equivalent", "cannot tell"};

    return names[a];
}

struct logs {
    double mean, error2; /* squared standard error of the mean; 0 for one value */
    size_t n;
};

/* Of log v, or of log v - log w; two passes, no memory. */
static int logs_of(struct logs *ret, const double *v, const double *w, size_t n)
{
    double mean = 0, squares = 0;

    for (size_t i = 0; i < n; i++)
        if (!(v[i] > 0 && isfinite(v[i])) || (w && !(w[i] > 0 && isfinite(w[i]))))
            return -EINVAL;
    for (size_t i = 0; i < n; i++)
        mean += log(v[i]) - (w ? log(w[i]) : 0);
    mean /= (double)n;
    for (size_t i = 0; i < n; i++) {
        double off = log(v[i]) - (w ? log(w[i]) : 0) - mean;

        squares += off * off;
    }
    *ret = (struct logs){mean, n > 1 ? squares / (double)(n - 1) / (double)n : 0, n};
    return n > 0 ? 0 : -EINVAL;
}

static enum stats_answer answer_of(const struct stats_ratio *r, double margin)
{
    if (isnan(r->lo))
        return STATS_CANT_TELL;
    if (r->lo > 1 + margin)
        return STATS_HIGHER;
    if (r->hi < 1 / (1 + margin))
        return STATS_LOWER;
    return r->lo > 1 / (1 + margin) && r->hi < 1 + margin ? STATS_EQUIVALENT : STATS_CANT_TELL;
}

/*
 * The difference that a t test with such a standard error notices with 80 %: the non-centrality
 * whose distribution has 80 % beyond the critical value (Abramowitz and Stegun 26.7.10, solved for
 * it).
 */
static double detectable(double error, double df)
{
    double t = stats_t_quantile((1 + STATS_LEVEL) / 2, df);
    double shift = t * (1 - 1 / (4 * df)) + z_80 * sqrt(1 + t * t / (2 * df));

    return expm1(shift * error);
}

static struct stats_ratio ratio_of(double log_ratio, double error, double df, double margin)
{
    struct stats_ratio r = {exp(log_ratio), NAN, NAN, df, error, NAN, NAN, STATS_CANT_TELL};
    double t;

    if (!(df > 0))
        return r;
    t = stats_t_quantile((1 + STATS_LEVEL) / 2, df);
    r.lo = exp(log_ratio - t * error);
    r.hi = exp(log_ratio + t * error);
    r.p = error > 0 ? 2 * stats_t_cdf(-fabs(log_ratio) / error, df) : log_ratio == 0;
    r.mde = detectable(error, df);
    r.answer = answer_of(&r, margin);
    return r;
}

/* Welch and Satterthwaite; identical runs have all the degrees there are. */
static double degrees(const struct logs *a, const struct logs *b)
{
    double all = a->error2 + b->error2;

    if (a->n < 2 || b->n < 2)
        return NAN;
    if (all <= 0)
        return (double)(a->n + b->n - 2);
    return all * all /
           (a->error2 * a->error2 / (double)(a->n - 1) +
            b->error2 * b->error2 / (double)(b->n - 1));
}

int stats_ratio_welch(struct stats_ratio *ret, const double *a, size_t an, const double *b,
                      size_t bn, double margin)
{
    struct logs x, y;

    if (logs_of(&x, a, NULL, an) < 0 || logs_of(&y, b, NULL, bn) < 0)
        return -EINVAL;
    *ret = ratio_of(y.mean - x.mean, sqrt(x.error2 + y.error2), degrees(&x, &y), margin);
    return 0;
}

int stats_ratio_paired(struct stats_ratio *ret, const double *a, const double *b, size_t n,
                       double margin)
{
    struct logs d;

    if (logs_of(&d, b, a, n) < 0)
        return -EINVAL;
    *ret = ratio_of(d.mean, sqrt(d.error2), n > 1 ? (double)(n - 1) : (double)NAN, margin);
    return 0;
}

void stats_holm(double *p, size_t n)
{
    double least = 0;

    /* marks the done ones by going below zero: -adjusted - 1 */
    for (size_t done = 0; done < n; done++) {
        size_t next = n;

        for (size_t i = 0; i < n; i++)
            if (p[i] >= 0 && (next == n || p[i] < p[next]))
                next = i;
        least = fmax(least, fmin(1, p[next] * (double)(n - done)));
        p[next] = -least - 1;
    }
    for (size_t i = 0; i < n; i++)
        p[i] = -p[i] - 1;
}

/* Mean of the nest of @size values that begins at @v. */
static double variance_at(const double *v, size_t groups, size_t repeats, size_t size)
{
    double sum = 0;

    for (size_t g = 0; g < groups; g++) {
        const double *at = v + g * repeats * size;
        double mean = stats_mean(at, repeats * size), squares = 0;

        for (size_t k = 0; k < repeats; k++) {
            double off = stats_mean(at + k * size, size) - mean;

            squares += off * off;
        }
        sum += squares / (double)(repeats - 1);
    }
    return sum / (double)groups;
}

void stats_variation(struct stats_variation *ret, const double *v, const size_t *repeats,
                     size_t levels)
{
    size_t n = 1, size = 1;

    assert(levels >= 1 && levels <= STATS_LEVELS_MOST);
    for (size_t i = 0; i < levels; i++)
        n *= repeats[i];
    *ret = (struct stats_variation){.mean = stats_mean(v, n)};
    for (size_t i = 0; i < levels; i++) {
        assert(repeats[i] >= 2);
        ret->s2[i] = variance_at(v, n / (size * repeats[i]), repeats[i], size);
        ret->t2[i] =
            i > 0 ? fmax(0, ret->s2[i] - ret->s2[i - 1] / (double)repeats[i - 1]) : ret->s2[0];
        size *= repeats[i];
    }
}

void stats_repeats(size_t *ret, const struct stats_variation *v, const double *cost, size_t levels,
                   size_t most)
{
    for (size_t i = 0; i + 1 < levels; i++) {
        double r = sqrt(cost[i + 1] / cost[i] * v->t2[i] / v->t2[i + 1]); /* of 0 / 0: NAN */

        if (v->t2[i] <= 0)
            ret[i] = 1;
        else
            ret[i] = r < (double)most ? (size_t)ceil(r) : most;
    }
}

size_t stats_runs_needed(const struct stats_variation *v, const size_t *repeats, size_t levels,
                         double half, size_t most)
{
    double variance = 0, below = 1;

    for (size_t i = levels; i-- > 0;) {
        below *= i + 1 < levels ? (double)repeats[i] : 1;
        variance += v->t2[i] / below;
    }
    for (size_t k = 2; k <= most; k++)
        if (stats_t_quantile((1 + STATS_LEVEL) / 2, (double)(k - 1)) * sqrt(variance / (double)k) <=
            half * fabs(v->mean))
            return k;
    return 0;
}
