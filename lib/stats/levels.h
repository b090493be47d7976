/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/stats/levels.h - the levels of a series, where they change, and from where on it is steady.
 *
 * "wLRV-PELT": the winsorised series in units of its long-run standard deviation (stats/robust.h),
 * cut into segments by PELT with squared error and a penalty of 4.5 ln n. Being judged against what
 * the mean of dependent values may do, and not against the scatter of single ones, is what keeps
 * stationary series with memory whole; docs/method.md has its false alarms and its power.
 */
#pragma once
#include "base/base.h"

/*
 * Optimal segmentation by penalised squared error: Killick, Fearnhead and Eckley, JASA 107 (2012)
 * 1590, with segments of at least @shortest values. Writes the @*count starts of all segments but
 * the first to @at, ascending, room for n / shortest. @v: finite, of unit variance within a
 * segment. 0 or -ENOMEM. O(n) where changes are many, O(n^2) without any.
 */
NODISCARD int stats_pelt(size_t *at, size_t *count, const double *v, size_t n, double penalty,
                         size_t shortest);

struct stats_levels {
    double *clean; /* the series, winsorised, transients levelled */
    size_t n;
    size_t *at; /* where a new level begins, ascending */
    size_t count;
    double lrv; /* long-run variance within a level */
};
/*
 * Over 4,096 values the changes are found among means of equal blocks, and fall between these.
 * -ENOMEM.
 */
NODISCARD int stats_levels(struct stats_levels *ret, const double *v, size_t n);
void stats_levels_release(struct stats_levels *l);
DEFINE_AUTO_HELD(struct stats_levels, stats_levels_release)
/* Segment @k of count + 1: [*from, *to). */
void stats_level(const struct stats_levels *l, size_t k, size_t *from, size_t *to);
/* Under 1 % of the series. */
bool stats_is_transient(const struct stats_levels *l, size_t from, size_t to);

/*
 * MSER-5: the truncation that makes the squared standard error of the mean of what remains least,
 * over batches of 5, the last 5 batches not eligible (White, Simulation 69, 1997, 323; White, Cobb
 * and Spratt, WSC 2000, 755). Give it the winsorised series: one outlier wrecks it. Values to leave
 * out; O(n).
 */
size_t stats_mser5(const double *v, size_t n);

enum stats_label {
    STATS_FLAT,      /* one level from the start */
    STATS_WARM_UP,   /* worse at first */
    STATS_SLOWDOWN,  /* better at first: not to be cut away as warm-up */
    STATS_UNSTEADY,  /* no steady state in this series */
    STATS_TOO_SHORT, /* under 60 values: no label */
};
const char *stats_label_name(enum stats_label l);

struct stats_steady {
    enum stats_label label;
    size_t start; /* steady from here on: the later of the two below */
    bool late;    /* one of them is beyond the first half: what is left is too little to rely on */
    size_t from_changes;  /* the last level, back over all levels like it */
    size_t from_mser;     /* beyond the first half it has no answer, and doesn't count */
    double before, after; /* means of what is left out and of the rest; NAN: none */
};
/*
 * From the end: at least the last 3 % of the series, then back over every level whose mean is
 * within @delta (relative) or 2 standard errors of the last one's. Unsteady: not even the last
 * sixth is (Barrett et al., OOPSLA 2017, ask for the last 500 of 3,000 iterations). @better: +1
 * higher values are better, -1 lower. O(n).
 */
struct stats_steady stats_steady(const struct stats_levels *l, double delta, int better);
/* The level in [@from, n) that is farther than @delta and 3 standard errors from the mean of all of
 * it: a regime of its own. Its number, or SIZE_MAX. */
size_t stats_regime(const struct stats_levels *l, size_t from, double delta);
