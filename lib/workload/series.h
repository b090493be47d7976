/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/workload/series.h - what profile_describe() and profile_learn() share: a row profile's
 * columns as doubles, and the few statistics of them. docs/formats/profile.md defines each.
 */
#pragma once
#include "workload/profile.h"

enum { PROFILE_WINDOWS_MAX = 100000000 };

struct columns { /* owned */
    double *input, *output;
    double *gap; /* n - 1 inter-arrival times, s */
    size_t n;
};
NODISCARD int columns_of(struct columns *ret, const struct profile *p); /* -ENOMEM */
void columns_release(struct columns *c);
DEFINE_AUTO_HELD(struct columns, columns_release)

void series_sort(double *v, size_t n);
double series_quantile(const double *sorted, size_t n, double u); /* n > 0; type 7 */
double series_mean(const double *v, size_t n);
double series_cv(const double *v, size_t n); /* sd / mean; NAN where not defined */
/* Rank correlation, ties sharing their mean rank; 0 where one side is constant. Replaces @x and @y
 * by their ranks. -ENOMEM. */
NODISCARD int series_spearman(double *ret, double *x, double *y, size_t n);

/* Variance over mean of the counts in whole windows; NAN with fewer than two. */
NODISCARD int profile_dispersion(double *ret, const struct profile *p, int64_t window_ns);
/* Share of input tokens that stand in leading blocks seen in earlier rows; -1: no blocks. */
NODISCARD int profile_reuse(double *ret, const struct profile *p);
