/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/stats/robust.h - what the bulk of a series says, whatever its outliers and steps do.
 *
 * Values are finite. Functions that sort or rank allocate once, and return -ENOMEM when they can't;
 * out-params are untouched then.
 */
#pragma once
#include "base/base.h"

#define STATS_MAD_TO_SD 1.4826 /* of a normal distribution */

/* Median of @n >= 1 values, which are sorted by it; the mean of the middle two for an even @n.
 * O(n log n). */
double stats_median(double *v, size_t n);
/* Medians of the @width (odd) values around each; fewer at the ends. @ret is not @v. O(n width);
 * Tukey, Exploratory Data Analysis, 1977, ch. 7. */
NODISCARD int stats_running_median(double *ret, const double *v, size_t n, size_t width);
/*
 * The series with its outliers drawn in: residuals to the running median of 15 are cut at 3 times
 * 1.4826 times their median absolute value (Huber, Robust Statistics, 1981, 1.7). A step stays what
 * it is; a burst of up to 7 values doesn't. @ret is not @v. *@cut (may be NULL): how many were cut.
 * O(n log n).
 */
NODISCARD int stats_winsorise(double *ret, const double *v, size_t n, size_t *cut);
/*
 * Long-run variance (n times the variance of the mean of n values) of a series of AR(1) shape,
 * blind to steps in its level: with v1 and v2 the squared, normal-scaled medians of the absolute
 * differences at lag 1 and 2, rho = v2 / v1 - 1 in [0, 0.95] and LRV = v1 / (2 (1 - rho)) (1 + rho)
 * / (1 - rho). Where most neighbours are equal, it is (1e-3 median)^2 at least. 0 only for a
 * constant series. (Differences instead of residuals: Rousseeuw and Croux, JASA 88, 1993, 1273,
 * have the idea.) O(n log n).
 */
NODISCARD int stats_lrv(double *ret, const double *v, size_t n);
