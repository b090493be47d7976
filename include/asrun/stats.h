/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asrun/stats.h - the statistics that asrun's claims are made of, for use elsewhere. See
 * docs/method.md for what each is good for and where it comes from. Level 95 %, two-sided.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct asrun_interval {
    double value;
    double lo, hi; /* NAN: the sample carries no such bound */
    double n_eff;  /* effective number of independent values */
};

/* Order-statistic quantile of @n >= 1 values in arrival order, 0 < @p < 1, with an interval that
 * allows for dependence between neighbours. 0, -EINVAL, or -ENOMEM. */
int asrun_quantile(struct asrun_interval *ret, const double *values, size_t n, double p);
/* Effective number of values from which the @p quantile has a two-sided 95 % interval. */
int64_t asrun_quantile_need(double p);
/* Student-t interval over independent values (trial means). @n >= 1. 0 or -EINVAL. */
int asrun_mean_of_trials(struct asrun_interval *ret, const double *values, size_t n);
/* Interval for the mean of one dependent series in order, by batch means. 0 or -EINVAL. */
int asrun_mean_of_series(struct asrun_interval *ret, const double *values, size_t n);
