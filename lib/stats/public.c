/* SPDX-License-Identifier: Apache-2.0 */
/* The public face: checks what library code may assert. */
#include "asrun/stats.h"
#include "stats/stats.h"

int asrun_quantile(struct asrun_interval *ret, const double *values, size_t n, double p)
{
    struct stats_quantile q;
    int r;

    if (n < 1 || !(p > 0 && p < 1))
        return -EINVAL;
    r = stats_quantile(&q, values, n, p);
    if (r == 0)
        *ret = (struct asrun_interval){q.value, q.lo, q.hi, q.n_eff};
    return r;
}

int64_t asrun_quantile_need(double p)
{
    return p > 0 && p < 1 ? stats_quantile_need(p, STATS_LEVEL) : -EINVAL;
}

static int give_mean(struct asrun_interval *ret, struct stats_mean m, size_t n)
{
    if (n < 1)
        return -EINVAL;
    *ret = (struct asrun_interval){m.mean, m.lo, m.hi, m.n_eff};
    return 0;
}

int asrun_mean_of_trials(struct asrun_interval *ret, const double *values, size_t n)
{
    return give_mean(ret, stats_mean_t(values, n), n);
}

int asrun_mean_of_series(struct asrun_interval *ret, const double *values, size_t n)
{
    return give_mean(ret, stats_mean_batches(values, n), n);
}
