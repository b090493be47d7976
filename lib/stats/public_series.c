/* SPDX-License-Identifier: Apache-2.0 */
/* The public face of what is said of a series as a whole: checks what library code may assert. */
#include "asrun/stats.h"
#include "stats/compare.h"
#include "stats/distance.h"
#include "stats/kinds.h"
#include "stats/levels.h"
#include "stats/robust.h"
#include "stats/stats.h"
#include "stats/trend.h"
#include <math.h>
#include <string.h>

static bool all_finite(const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(v[i]))
            return false;
    return n > 0;
}

static bool all_positive(const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(v[i] > 0 && isfinite(v[i])))
            return false;
    return n > 0;
}

int asrun_long_run_variance(double *ret, const double *values, size_t n)
{
    return all_finite(values, n) ? stats_lrv(ret, values, n) : -EINVAL;
}

int asrun_change_points(size_t *at, size_t *count, const double *values, size_t n)
{
    AUTO(stats_levels_release) struct stats_levels l = {0};
    int r = all_finite(values, n) ? stats_levels(&l, values, n) : -EINVAL;

    if (r < 0)
        return r;
    *count = l.count;
    if (l.count > 0)
        memcpy(at, l.at, l.count * sizeof *at);
    return 0;
}

int asrun_mser5(size_t *ret, const double *values, size_t n)
{
    if (!all_finite(values, n))
        return -EINVAL;
    *ret = stats_mser5(values, n);
    return 0;
}

int asrun_steady_state(struct asrun_steady *ret, const double *values, size_t n, double delta,
                       int better)
{
    AUTO(stats_levels_release) struct stats_levels l = {0};
    struct stats_steady s;
    struct stats_drift d;
    int r = -EINVAL;

    if (all_finite(values, n) && delta > 0 && (better == 1 || better == -1))
        r = stats_levels(&l, values, n);
    if (r < 0)
        return r;
    s = stats_steady(&l, delta, better);
    d = stats_drift(l.clean, s.start, n);
    *ret = (struct asrun_steady){stats_label_name(s.label), s.start, d.change, d.bound};
    return 0;
}

int asrun_trend(double *ret_z, const double *values, size_t n)
{
    if (!all_finite(values, n))
        return -EINVAL;
    *ret_z = stats_trend(values, n);
    return 0;
}

int asrun_theil_sen(double *ret, const double *values, size_t n)
{
    return n >= 2 && all_finite(values, n) ? stats_theil_sen(ret, values, n) : -EINVAL;
}

int asrun_cusum(struct asrun_cusum *c, double value)
{
    struct stats_cusum own = {c->mean, c->sd, c->up, c->down};
    int r;

    if (!(c->sd > 0) || !isfinite(value))
        return -EINVAL;
    r = stats_cusum(&own, value);
    c->up = own.up;
    c->down = own.down;
    return r < 0 ? 2 : r;
}

static int give_ratio(struct asrun_ratio *ret, int r, const struct stats_ratio *q)
{
    if (r == 0)
        *ret = (struct asrun_ratio){q->ratio, q->lo, q->hi, q->mde, stats_answer_name(q->answer)};
    return r;
}

int asrun_compare(struct asrun_ratio *ret, const double *a, size_t an, const double *b, size_t bn,
                  double margin)
{
    struct stats_ratio q;

    return give_ratio(ret, margin >= 0 ? stats_ratio_welch(&q, a, an, b, bn, margin) : -EINVAL, &q);
}

int asrun_compare_paired(struct asrun_ratio *ret, const double *a, const double *b, size_t n,
                         double margin)
{
    struct stats_ratio q;

    return give_ratio(ret, margin >= 0 ? stats_ratio_paired(&q, a, b, n, margin) : -EINVAL, &q);
}

int64_t asrun_runs_needed(const double *values, size_t runs, size_t windows, double half)
{
    const size_t repeats[] = {windows, runs};
    struct stats_variation v;

    if (runs < 2 || windows < 2 || !(half > 0) || !all_finite(values, runs * windows))
        return -EINVAL;
    stats_variation(&v, values, repeats, 2);
    return (int64_t)stats_runs_needed(&v, repeats, 2, half, 10000);
}

int asrun_first_of_kind(struct asrun_first *ret, const double *values, const uint32_t *key,
                        size_t n, size_t kinds)
{
    struct stats_first f;
    int r;

    for (size_t i = 0; i < n; i++)
        if (key[i] >= kinds)
            return -EINVAL;
    r = all_positive(values, n) ? stats_first_of_kind(&f, values, key, n, kinds) : -EINVAL;
    if (r == 0)
        *ret = (struct asrun_first){f.excess, f.p, f.keys};
    return r;
}

int asrun_wasserstein(double *ret, const double *a, size_t an, const double *b, size_t bn)
{
    return all_finite(a, an) && all_finite(b, bn) ? stats_wasserstein(ret, a, an, b, bn) : -EINVAL;
}

int asrun_energy(double *ret, const double *a, size_t an, const double *b, size_t bn,
                 size_t dimensions)
{
    if (dimensions < 1 || !all_finite(a, an * dimensions) || !all_finite(b, bn * dimensions))
        return -EINVAL;
    *ret = stats_energy(a, an, b, bn, dimensions);
    return 0;
}

double asrun_incomplete_beta(double a, double b, double x)
{
    return a > 0 && b > 0 && x >= 0 && x <= 1 ? stats_ibeta(a, b, x) : (double)NAN;
}
