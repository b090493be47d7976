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

/* Of a series as a whole. Values are finite and in order; all return 0, -EINVAL or -ENOMEM, and
 * leave out-params as they were on failure. */

/* Variance of the mean of n values times n, whatever steps and outliers there are. O(n log n). */
int asrun_long_run_variance(double *ret, const double *values, size_t n);
/* Where a new level begins (index of its first value), ascending; @at: room for n / 5. */
int asrun_change_points(size_t *at, size_t *count, const double *values, size_t n);
/* Values to leave out at the start by MSER-5. O(n). */
int asrun_mser5(size_t *ret, const double *values, size_t n);

struct asrun_steady {
    const char *label;  /* "flat", "warm-up", "slowdown", "no steady state", "too short" */
    size_t start;       /* steady from here on */
    double drift;       /* from beginning to end, over the mean; NAN: can't be told */
    double drift_bound; /* it is less than this, one-sided 95 %; INFINITY: can't be told */
};
/* @delta: what counts as the same level, 0.05. @better: +1 higher values, -1 lower. */
int asrun_steady_state(struct asrun_steady *ret, const double *values, size_t n, double delta,
                       int better);
/* z of Mann and Kendall's test on the means of 12 batches; 0 for n < 12. */
int asrun_trend(double *ret_z, const double *values, size_t n);
/* Median slope by step over all pairs, n >= 2; O(n^2) time and memory. */
int asrun_theil_sen(double *ret, const double *values, size_t n);

struct asrun_cusum {
    double mean, sd; /* of values in control; sd > 0 */
    double up, down; /* 0 at first */
};
/* For a look after each value: 0, 1 the level has risen, 2 it has fallen (the sums begin again). */
int asrun_cusum(struct asrun_cusum *c, double value);

struct asrun_ratio {
    double ratio, lo, hi; /* @b over @a; NAN: no interval, fewer than two runs */
    double mde;           /* relative difference that is noticed with 80 % */
    const char *answer;   /* "higher", "lower", "equivalent", "cannot tell" */
};
/* Welch's t on logarithms of one positive value a run. @margin: what is no difference, 0.02. */
int asrun_compare(struct asrun_ratio *ret, const double *a, size_t an, const double *b, size_t bn,
                  double margin);
/* Of runs that were interleaved, pair by pair. */
int asrun_compare_paired(struct asrun_ratio *ret, const double *a, const double *b, size_t n,
                         double margin);
/* Runs until the mean is known within +-@half (relative), from a pilot of @runs x @windows values,
 * run by run; 0: over 10,000. */
int64_t asrun_runs_needed(const double *values, size_t runs, size_t windows, double half);

struct asrun_first {
    double excess; /* mean ln(first / the later ones of its kind) */
    double p;      /* one-sided, by permutation; 1 for fewer than 5 kinds that repeat */
    size_t kinds;
};
/* Whether the first of each kind takes longer. @key[i] < @kinds; values > 0. */
int asrun_first_of_kind(struct asrun_first *ret, const double *values, const uint32_t *key,
                        size_t n, size_t kinds);
/* Wasserstein-1 distance on a line. O(n log n). */
int asrun_wasserstein(double *ret, const double *a, size_t an, const double *b, size_t bn);
/* Energy coefficient in [0, 1] of points of @dimensions values each. O(n^2). */
int asrun_energy(double *ret, const double *a, size_t an, const double *b, size_t bn,
                 size_t dimensions);
/* Regularised incomplete beta I_x(a, b); NAN outside a, b > 0 and 0 <= x <= 1. */
double asrun_incomplete_beta(double a, double b, double x);
