/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/stats/kinds.h - what happens once: single values far above their neighbours, and whether it
 * is the first of each kind that takes longer (compilation, graph capture, autotuning, first
 * touch).
 */
#pragma once
#include "base/base.h"

/*
 * (ln x - median) / (1.4826 MAD) among the logarithms of the 200 values around each; over 6 is a
 * candidate for a one-off (docs/method.md has its false alarms), never a reason to leave it out.
 * Where most neighbours are equal, a thousandth stands for the MAD. @v: > 0. -ENOMEM. O(200 n).
 */
NODISCARD int stats_outlier_scores(double *ret, const double *v, size_t n);
#define STATS_OUTLIER_SCORE 6.0

#define STATS_FIRST_P 0.001 /* below: the firsts are one-offs, and not by chance */

struct stats_first {
    double excess; /* mean over the keys of ln(first) minus the mean ln of its later ones */
    double p;      /* one-sided */
    size_t keys;   /* that occur more than once; the test takes 5 */
};
/*
 * Permutation test (Fisher 1935; Good, Permutation Tests, 2000): were it by chance which of the
 * values of a key comes first? @key[i] in [0, @kinds); @v: > 0. 9,999 draws from a fixed stream:
 * the same data give the same p, at least 0.0001. Its power is bounded by the data: with one slow
 * value among the m of its key, p can't be under 1 / m. p is 1 for fewer than 5 keys. -ENOMEM. O(n
 * + 9,999 kinds).
 */
NODISCARD int stats_first_of_kind(struct stats_first *ret, const double *v, const uint32_t *key,
                                  size_t n, size_t kinds);
