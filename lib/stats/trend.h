/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/stats/trend.h - whether a series drifts, and by how much it may have drifted unseen. Values
 * are finite. Windows of a run are not independent: every test here is made on batch means.
 */
#pragma once
#include "stats/levels.h"

enum { STATS_TREND_BATCHES = 12, STATS_DRIFT_BATCHES = 20 };

struct stats_line {
    double slope, error; /* by step from one value to the next; its standard error */
    double mean;
};
/* Least squares over equidistant values, n >= 3; t(n - 2) for the slope. O(n). */
struct stats_line stats_line(const double *v, size_t n);

/*
 * z of Mann and Kendall's test for a monotone trend, with continuity and ties (Mann, Econometrica
 * 13, 1945, 245; Kendall, Rank Correlation Methods, 1975). About N(0, 1) for independent values
 * without trend; 0 for n < 3. O(n^2): for batch means.
 */
double stats_mann_kendall(const double *v, size_t n);
/* The same of the means of 12 batches. 0 for n < 12. */
double stats_trend(const double *v, size_t n);
/* Median of the slopes of all pairs, by step (Theil 1950; Sen, JASA 63, 1968, 1379). n >= 2. Time
 * and memory O(n^2); -ENOMEM. */
NODISCARD int stats_theil_sen(double *ret, const double *v, size_t n);

struct stats_drift {
    double change; /* from beginning to end, over the mean: by the line through 20 batch means */
    double bound; /* |change| plus t(18) standard errors, one-sided 95 %; INFINITY: can't be told */
};
/*
 * Equivalence test (two one-sided tests: Schuirmann, J. Pharmacokin. Biopharm. 15, 1987, 657): no
 * drift of @limit or more iff bound < @limit. Of winsorised values, @from of which were cut off as
 * warm-up. That can't hide a trend: where they lie on the line through the rest, within 3 standard
 * errors, they count again; else the rate of the rest is scaled to the length of all @n. Under 40
 * values from @from on, or with a mean of 0, nothing can be told. O(n).
 */
struct stats_drift stats_drift(const double *clean, size_t from, size_t n);

/* Whether it grows: slope over the 12 @mean values with t(10) > 2.76 (one-sided 1 %) and a growth
 * of over a fifth of their mean. Of requests that are out, it tells an open loop that offers too
 * much. */
bool stats_grows(const double mean[STATS_TREND_BATCHES]);

/*
 * Page's cumulative sums (Biometrika 41, 1954, 100), two-sided, for one look after each value: a
 * level that moved by 1 sd is noticed after 10 values on average, a false alarm comes once in 465
 * (Montgomery, Introduction to Statistical Quality Control, 6th ed., 9.1). O(1) a value.
 */
struct stats_cusum {
    double mean, sd; /* of values in control; set by the owner */
    double up, down; /* 0 at first */
};
/* -1, +1: the level has fallen, risen; 0: neither. The sums begin again after an alarm. */
int stats_cusum(struct stats_cusum *c, double value);

/*
 * What of @y is not explained by @x: y - b (x - mean of x), b by least squares over the first
 * differences, in which a step counts once, while a regression over the values themselves would
 * take the step for a part of b. b is 0 where x doesn't move. @ret may be @y. Returns b; n >= 3.
 * O(n).
 */
double stats_adjust(double *ret, const double *y, const double *x, size_t n);

enum stats_cause {
    STATS_STEADY,   /* no change in the series */
    STATS_WORKLOAD, /* it changed with its covariate, and with nothing else */
    STATS_SERVER,   /* it changed, and the covariate didn't */
    STATS_BOTH,     /* the covariate changed, and what it doesn't explain, too */
};
/* Where the change points of @y come from, given one covariate @x. -ENOMEM. */
NODISCARD int stats_cause(enum stats_cause *ret, const double *y, const double *x, size_t n);
