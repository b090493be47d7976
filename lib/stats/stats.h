/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/stats/stats.h - the statistics behind every interval: arrays in, numbers out, nothing kept.
 *
 * Each function names its source; docs/method.md says when asrun uses which. Values may be
 * INFINITY (right-censored: all that is known is that it was longer), never NAN. Sums run in fixed
 * blocks of fixed order, so that the same numbers give the same bits everywhere.
 *
 * Memory: functions that sort or rank copy their input and return -ENOMEM when they can't.
 */
#pragma once
#include "base/base.h"

#define STATS_LEVEL 0.95 /* two-sided level of every interval in a claim */

/* Distributions. */

/* Regularised incomplete beta I_x(a, b), a, b > 0: continued fraction, DLMF 8.17.22, evaluated by
 * Lentz's method (Applied Optics 15, 1976, 668). Relative error about 1e-13. */
double stats_ibeta(double a, double b, double x);
/* x with I_x(a, b) = p, by bisection. */
double stats_ibeta_inverse(double a, double b, double p);
/* P(B <= k), B binomial(n, p): I_{1-p}(n - k, k + 1), DLMF 8.17.5. */
double stats_binomial_cdf(int64_t k, int64_t n, double p);
/* Student's t, DLMF 8.17 with Abramowitz and Stegun 26.7.1. */
double stats_t_cdf(double t, double df);
double stats_t_quantile(double p, double df);

/* Means. */

double stats_sum(const double *v, size_t n);
double stats_mean(const double *v, size_t n);     /* NAN for n = 0 */
double stats_variance(const double *v, size_t n); /* n - 1 in the denominator; NAN for n < 2 */

/* Means of @k batches whose sizes differ by at most 1; every value is in one. n >= k >= 1. */
void stats_batch_means(double *ret, size_t k, const double *v, size_t n);

struct stats_mean {
    double mean, lo, hi; /* lo and hi NAN: no interval */
    double n_eff;        /* effective number of independent values */
    int batches;         /* 0: not by batches */
};
/* Student-t interval over @n >= 2 independent values (Student 1908); with fewer, no interval. */
struct stats_mean stats_mean_t(const double *v, size_t n);
/*
 * Of one dependent series in order: batch means (Schmeiser 1982) with the first of 64, 48, 32, 24,
 * 20, 16, 12, 10 batches whose means pass von Neumann's ratio test (Fishman 1978; one-sided 0.2),
 * widened for what lag-1 correlation is left, and never narrower than the AR(1) interval at
 * n_eff = n (1 - r) / (1 + r). No interval below n = 40 or n_eff = 20.
 */
struct stats_mean stats_mean_batches(const double *v, size_t n);
/* z of von Neumann's ratio: about N(0, 1) if the values are independent, large if neighbours are
 * alike. 0 for n < 3 or a constant series. */
double stats_von_neumann(const double *v, size_t n);

/* Quantiles. */

struct stats_ranks {
    int64_t lo, hi; /* 1-based; 0: there is no such bound */
};
/* Ranks of the order statistics that enclose the @p quantile with at least @level, two-sided, of
 * @n independent values (David and Nagaraja, Order Statistics, 2003, section 7.1). */
struct stats_ranks stats_quantile_ranks(int64_t n, double p, double level);
/* The smallest independent count for which both ranks exist. */
int64_t stats_quantile_need(double p, double level);

struct stats_dependence {
    double vif;       /* variance inflation, at least 1; NAN: n < 100, it can't be estimated */
    double n_eff;     /* n / (vif (t_.975,19 / 1.96)^2); n itself where vif is NAN */
    bool long_memory; /* the 20 batch rates still depend on each other: n_eff can't be trusted */
};
/* How much the indicator 1[v > q], in arrival order, repeats itself: variance of 20 batch means
 * over the binomial one (Heidelberger and Lewis 1984 give the idea for quantiles). */
struct stats_dependence stats_dependence(const double *v, size_t n, double q);

struct stats_quantile {
    double value;      /* x_(ceil(n p)) */
    double lo, hi;     /* NAN: no such bound at this n_eff */
    double n_eff, vif; /* as in stats_dependence */
    bool long_memory;
    int64_t need; /* effective count from which there is an interval */
};
/* Of @v in arrival order, n >= 1. The interval is that of the ranks at n_eff, carried to n. */
NODISCARD int stats_quantile(struct stats_quantile *ret, const double *v, size_t n, double p);
/* The same with @sorted, the ascending copy of @v, at hand. */
struct stats_quantile stats_quantile_of(const double *v, const double *sorted, size_t n, double p);
void stats_sort(double *v, size_t n);

struct stats_share {
    double share, lo, hi;
    double n_eff;
    bool long_memory; /* as in stats_dependence: lo and hi can't be trusted */
};
/* Share of non-zero values, Clopper and Pearson's interval (1934) at the effective count. */
struct stats_share stats_share(const double *indicator, size_t n);
