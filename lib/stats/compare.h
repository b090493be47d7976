/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/stats/compare.h - two sets of independent runs, and how many runs it takes. One positive
 * value a run.
 */
#pragma once
#include "base/base.h"

enum stats_answer {
    STATS_HIGHER,     /* the ratio is above 1 + margin */
    STATS_LOWER,      /* below 1 / (1 + margin) */
    STATS_EQUIVALENT, /* inside both */
    STATS_CANT_TELL,
};
const char *stats_answer_name(enum stats_answer a);

struct stats_ratio {
    double ratio, lo, hi; /* of @b over @a, geometric means; lo and hi NAN: no interval */
    double df, error;     /* of the log ratio */
    double p;             /* two-sided, of no difference; NAN: no interval */
    double mde; /* the relative difference that such runs notice with 80 %: NAN without interval */
    enum stats_answer answer;
};
/*
 * Welch's t on the logarithms (Biometrika 34, 1947, 28); NAN where a side has fewer than 2 runs.
 * @margin: what counts as no difference, 0.02. -EINVAL: a value that is not positive and finite,
 * or no value. O(n).
 */
NODISCARD int stats_ratio_welch(struct stats_ratio *ret, const double *a, size_t an,
                                const double *b, size_t bn, double margin);
/* Student's t on the log differences of pairs (runs that were interleaved). */
NODISCARD int stats_ratio_paired(struct stats_ratio *ret, const double *a, const double *b,
                                 size_t n, double margin);
/* Holm's step-down adjustment (Scand. J. Statistics 6, 1979, 65) of @n p-values in place. O(n^2).
 */
void stats_holm(double *p, size_t n);

enum { STATS_LEVELS_MOST = 4 };
struct stats_variation {
    double mean;
    double s2[STATS_LEVELS_MOST]; /* variance of means at a level, within the level above; innermost
                                     first */
    double t2[STATS_LEVELS_MOST]; /* what the level itself adds; never negative */
};
/*
 * Where variation comes from: Kalibera and Jones, Rigorous Benchmarking in Reasonable Time, ISMM
 * 2013, section 6, in its corrected form T_i^2 = S_i^2 - S_{i-1}^2 / r_{i-1}. @v in nested order,
 * innermost fastest; @repeats[i] of level i (innermost first), each >= 2, their product the length
 * of @v. O(n).
 */
void stats_variation(struct stats_variation *ret, const double *v, const size_t *repeats,
                     size_t levels);
/*
 * Repeats of the lower levels that give the most precision for the time: r_i = ceil(sqrt(c_{i+1} /
 * c_i T_i^2 / T_{i+1}^2)), @cost[i] the time of one more repeat at level i. 1 where a level adds
 * nothing; at most @most. @ret: levels - 1.
 */
void stats_repeats(size_t *ret, const struct stats_variation *v, const double *cost, size_t levels,
                   size_t most);
/* The least number of top-level repeats (2 to @most) whose t interval is expected within +- @half
 * (relative), with @repeats below; 0: not even @most. */
size_t stats_runs_needed(const struct stats_variation *v, const size_t *repeats, size_t levels,
                         double half, size_t most);
