/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/analysis/series_judge.h - what may be said of a series: the gates of section "Series" of
 * docs/method.md, for series from anywhere. Pure: the same values give the same judgement.
 */
#pragma once
#include "analysis/series_file.h"
#include "stats/compare.h"
#include "stats/levels.h"
#include "stats/stats.h"
#include "stats/trend.h"

enum { SERIES_RUNS = 5, SERIES_PERCENTILES = 5 };

struct series_rules {
    double delta;  /* what counts as the same level, and the limit of drift: 0.05 */
    double margin; /* of comparisons: 0.02 */
    int better;    /* +1 higher values, -1 lower */
};

struct series_of_run {
    const char *name; /* borrowed */
    const double *value;
    size_t n, from; /* values from @from on count: what is cut is warm-up, never a slowdown */
    struct stats_levels levels;
    struct stats_steady steady;
    struct stats_drift drift;
    struct stats_mean mean; /* of what counts */
    size_t regime;          /* level that is another regime than the rest; SIZE_MAX: none */
    double trend;           /* Mann-Kendall's z of what counts */
    double outlier_trend;   /* the same of outliers by batch */
    size_t outliers;        /* of what counts */
    double quantum; /* the step that all values come in, over their median; 0: none to speak of */
    bool constant;
};

enum series_verdict { SERIES_CHARACTERIZATION, SERIES_SNAPSHOT, SERIES_REFUSED };
const char *series_verdict_name(enum series_verdict v);

struct series_judgement {
    struct series_of_run *runs;
    size_t count;
    bool too_uneven;          /* all steady, and yet there is no start for all of them */
    const char *label;        /* the one of all runs, or "inconsistent" */
    size_t n;                 /* values that count */
    double n_eff;             /* what they are worth, of all runs */
    struct stats_drift drift; /* of the run where it is bounded worst */
    struct stats_mean mean;   /* over runs (batches 0), or within the one run */
    double p[SERIES_PERCENTILES];
    struct stats_quantile percentile[SERIES_PERCENTILES];
    enum series_verdict verdict;
    char **reasons; /* why it is no better; owned */
    size_t reason_count, reason_cap;
};
/* @set stays the caller's and is borrowed. */
NODISCARD int series_judge(struct series_judgement *ret, const struct series_set *set,
                           const struct series_rules *rules, struct err *err);
void series_judgement_release(struct series_judgement *j);
DEFINE_AUTO_HELD(struct series_judgement, series_judgement_release)

enum series_answer { SERIES_BETTER, SERIES_WORSE, SERIES_EQUIVALENT, SERIES_CANT_TELL };
const char *series_answer_name(enum series_answer a);
struct series_comparison {
    struct stats_ratio ratio; /* of means, @a over @b */
    enum series_answer answer;
    const char *why; /* where it can't be told; else NULL */
};
/* Of run means; @paired: run by run, in order. -EINVAL: a mean that is not positive, or pairs
 * without partners. */
NODISCARD int series_compare(struct series_comparison *ret, const struct series_judgement *a,
                             const struct series_judgement *b, bool paired,
                             const struct series_rules *rules, struct err *err);
