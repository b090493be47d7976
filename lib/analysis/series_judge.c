/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/series_judge.h"
#include "base/str.h"
#include "base/vec.h"
#include "stats/kinds.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double claim_n_eff = 50, least_n_eff = 20, coarse = 0.01;
static const double z_95 = 1.959963984540054, z_99 = 2.5758293035489;

const char *series_verdict_name(enum series_verdict v)
{
    static const char *const names[] = {"characterization", "snapshot", "refused"};

    return names[v];
}

static bool is_steady(enum stats_label l)
{
    return l == STATS_FLAT || l == STATS_WARM_UP;
}

/* The step in which all values come: the least distance of two different ones, where every value is
 * a whole number of such steps from the least. */
static double step_of(const double *sorted, size_t n)
{
    double step = INFINITY, typical = fabs(sorted[n / 2]);

    for (size_t i = 1; i < n; i++)
        if (sorted[i] > sorted[i - 1])
            step = fmin(step, sorted[i] - sorted[i - 1]);
    if (!isfinite(step) || typical <= 0 || step < coarse * typical)
        return 0;
    for (size_t i = 1; i < n; i++) {
        double steps = (sorted[i] - sorted[0]) / step;

        if (fabs(steps - round(steps)) > 1e-3)
            return 0;
    }
    return step / typical;
}

static int look_at_values(struct series_of_run *r)
{
    AUTO(free) double *sorted = malloc((r->n + 1) * sizeof *sorted);

    if (!sorted)
        return -ENOMEM;
    memcpy(sorted, r->value, r->n * sizeof *sorted);
    stats_sort(sorted, r->n);
    r->constant = sorted[0] == sorted[r->n - 1] && r->n > 1;
    r->quantum = step_of(sorted, r->n);
    return 0;
}

static int open_run(struct series_of_run *r, const struct series_run *from,
                    const struct series_rules *rules)
{
    r->name = from->name;
    r->value = from->value;
    r->n = from->count;
    if (look_at_values(r) < 0 || stats_levels(&r->levels, r->value, r->n) < 0)
        return -ENOMEM;
    r->steady = stats_steady(&r->levels, rules->delta, rules->better);
    return 0;
}

static bool any_late(const struct series_judgement *j)
{
    for (size_t i = 0; i < j->count; i++)
        if (j->runs[i].steady.late)
            return true;
    return false;
}

/* Warm-up is cut in all runs alike, at the latest of their starts; where a run isn't steady, or too
 * little would be left of one, each keeps its own. */
static void choose_start(struct series_judgement *j)
{
    size_t start = 0;
    bool steady = true, all = true;

    for (size_t i = 0; i < j->count; i++) {
        start = j->runs[i].steady.start > start ? j->runs[i].steady.start : start;
        steady = steady && is_steady(j->runs[i].steady.label);
    }
    for (size_t i = 0; i < j->count; i++)
        all = all && 2 * start <= j->runs[i].n;
    j->too_uneven = steady && !all && !any_late(j);
    all = all && steady;
    for (size_t i = 0; i < j->count; i++) {
        struct series_of_run *r = &j->runs[i];

        r->from = all ? start : r->steady.label == STATS_WARM_UP ? r->steady.start : 0;
    }
}

/* Outliers: candidates by their logarithms where all are positive, else what was drawn in. */
static int count_outliers(struct series_of_run *r)
{
    AUTO(free) double *score = malloc((r->n + 1) * sizeof *score);
    double by_batch[STATS_TREND_BATCHES];
    bool positive = true;

    if (!score)
        return -ENOMEM;
    for (size_t i = 0; i < r->n; i++)
        positive = positive && r->value[i] > 0;
    if (positive && stats_outlier_scores(score, r->value, r->n) < 0)
        return -ENOMEM;
    r->outliers = 0;
    for (size_t i = 0; i < r->n; i++) {
        score[i] = positive ? score[i] > STATS_OUTLIER_SCORE : r->levels.clean[i] != r->value[i];
        r->outliers += i >= r->from && score[i] > 0;
    }
    if (r->n - r->from >= STATS_TREND_BATCHES) {
        stats_batch_means(by_batch, STATS_TREND_BATCHES, score + r->from, r->n - r->from);
        r->outlier_trend = stats_mann_kendall(by_batch, STATS_TREND_BATCHES);
    }
    return 0;
}

static int close_run(struct series_of_run *r, double delta)
{
    const double *kept = r->value + r->from;
    size_t n = r->n - r->from;

    r->mean = stats_mean_batches(kept, n);
    r->drift = stats_drift(r->levels.clean, r->from, r->n);
    r->trend = stats_trend(r->levels.clean + r->from, n);
    r->regime = stats_regime(&r->levels, r->from, delta);
    return count_outliers(r);
}

static const char *common_label(const struct series_judgement *j)
{
    for (size_t i = 1; i < j->count; i++)
        if (is_steady(j->runs[i].steady.label) != is_steady(j->runs[0].steady.label) ||
            (!is_steady(j->runs[0].steady.label) &&
             j->runs[i].steady.label != j->runs[0].steady.label))
            return "inconsistent";
    for (size_t i = 0; i < j->count; i++)
        if (j->runs[i].steady.label == STATS_WARM_UP)
            return stats_label_name(STATS_WARM_UP);
    return stats_label_name(j->runs[0].steady.label);
}

static int means(struct series_judgement *j)
{
    AUTO(free) double *of_runs = malloc((j->count + 1) * sizeof *of_runs);

    if (!of_runs)
        return -ENOMEM;
    for (size_t i = 0; i < j->count; i++) {
        const struct series_of_run *r = &j->runs[i];

        of_runs[i] = r->mean.mean;
        j->n += r->n - r->from;
        j->n_eff += r->mean.n_eff;
        if (i == 0 || r->drift.bound > j->drift.bound)
            j->drift = r->drift;
    }
    j->mean = j->count >= 2 ? stats_mean_t(of_runs, j->count) : j->runs[0].mean;
    return 0;
}

/* Of all values of all runs, in order of arrival. */
static int percentiles(struct series_judgement *j)
{
    static const double p[SERIES_PERCENTILES] = {0.5, 0.9, 0.95, 0.99, 0.999};
    AUTO(free) double *all = malloc((j->n + 1) * sizeof *all);
    AUTO(free) double *sorted = malloc((j->n + 1) * sizeof *sorted);
    size_t n = 0;

    if (!all || !sorted)
        return -ENOMEM;
    for (size_t i = 0; i < j->count; i++) {
        const struct series_of_run *r = &j->runs[i];

        memcpy(all + n, r->value + r->from, (r->n - r->from) * sizeof *all);
        n += r->n - r->from;
    }
    memcpy(sorted, all, n * sizeof *sorted);
    stats_sort(sorted, n);
    for (size_t k = 0; k < SERIES_PERCENTILES; k++) {
        j->p[k] = p[k];
        j->percentile[k] = stats_quantile_of(all, sorted, n, p[k]);
    }
    return 0;
}

/* -ENOMEM through @failed, so that the rules read as rules. */
struct reasons {
    struct series_judgement *j;
    bool failed;
};

static void because(struct reasons *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void because(struct reasons *w, const char *fmt, ...)
{
    AUTO(str_release) struct str text = {0};
    struct series_judgement *j = w->j;
    char *reason;
    va_list ap;

    va_start(ap, fmt);
    str_addv(&text, fmt, ap);
    va_end(ap);
    reason = str_take(&text);
    if (!reason || VEC_PUSH(j->reasons, j->reason_count, j->reason_cap, reason) < 0) {
        free(reason);
        w->failed = true;
    }
}

static void say_label(struct reasons *w, const struct series_of_run *r, double delta)
{
    size_t from, to;

    if (r->steady.label == STATS_TOO_SHORT)
        because(w, "%s: %zu values are too few to tell whether it is steady; 60 are needed",
                r->name, r->n);
    else if (r->steady.label == STATS_UNSTEADY)
        because(
            w,
            "%s: no steady state: not even its last sixth is; run longer, or find out what changes",
            r->name);
    else if (r->steady.late)
        because(w,
                "%s: steady from value %zu of %zu on at best, after half of them; too little is "
                "left: run longer",
                r->name,
                r->steady.from_changes > r->steady.from_mser ? r->steady.from_changes
                                                             : r->steady.from_mser,
                r->n);
    else if (r->steady.label == STATS_SLOWDOWN)
        because(w,
                "%s: got worse at value %zu (%.3g before, %.3g after), which is not warm-up and "
                "was not cut off",
                r->name, r->steady.start, r->steady.before, r->steady.after);
    else if (r->regime != SIZE_MAX) {
        stats_level(&r->levels, r->regime, &from, &to);
        because(w, "%s: values %zu to %zu are a regime of their own, over %.3g %% from the rest",
                r->name, from > r->from ? from : r->from, to - 1, 100 * delta);
    }
}

static void say_drift(struct reasons *w, const struct series_of_run *r, double delta)
{
    if (!isfinite(r->drift.bound))
        because(w, "%s: too few values to bound its drift", r->name);
    else if (r->drift.bound >= delta)
        because(w, "%s: it may drift by %.2g %% (limit %.3g %%); %s", r->name, 100 * r->drift.bound,
                100 * delta,
                fabs(r->drift.change) < delta ? "run longer" : "find out what changes as it runs");
    if (r->from > 0 && fabs(r->trend) > z_95 && r->trend * (r->steady.after - r->steady.before) > 0)
        because(w, "%s: what was cut off as warm-up goes on as a trend", r->name);
    if (fabs(r->outlier_trend) > z_99)
        because(w, "%s: outliers get %s as it runs", r->name,
                r->outlier_trend > 0 ? "more frequent" : "rarer");
}

static void say_worth(struct reasons *w, const struct series_of_run *r)
{
    if (r->mean.n_eff < least_n_eff)
        because(w, "%s: its values are worth %.1f independent ones; no interval under %.0f",
                r->name, r->mean.n_eff, least_n_eff);
    else if (r->mean.n_eff < claim_n_eff)
        because(w, "%s: its values are worth %.1f independent ones; a claim takes %.0f", r->name,
                r->mean.n_eff, claim_n_eff);
    if (r->quantum > 0)
        because(w,
                "%s: values come in steps of %.2g %% of the median; a finer clock, or more work "
                "a value, would tell more",
                r->name, 100 * r->quantum);
}

static bool any_constant(const struct series_judgement *j)
{
    for (size_t i = 0; i < j->count; i++)
        if (j->runs[i].constant)
            return true;
    return false;
}

static int decide(struct series_judgement *j, double delta)
{
    struct reasons w = {j, false};

    if (any_constant(j))
        because(&w,
                "all values of a run are equal: its clock is too coarse, or nothing was measured");
    if (j->count < SERIES_RUNS)
        because(&w, "%zu independent run%s; a characterization takes %d", j->count,
                j->count == 1 ? "" : "s", SERIES_RUNS);
    if (strcmp(j->label, "inconsistent") == 0)
        because(&w, "some runs reach a steady state, others don't");
    if (j->too_uneven)
        because(&w, "runs differ too much in length for one start: one is shorter than twice the "
                    "latest");
    for (size_t i = 0; i < j->count; i++) {
        say_label(&w, &j->runs[i], delta);
        say_drift(&w, &j->runs[i], delta);
        say_worth(&w, &j->runs[i]);
    }
    j->verdict = any_constant(j)        ? SERIES_REFUSED
                 : j->reason_count == 0 ? SERIES_CHARACTERIZATION
                                        : SERIES_SNAPSHOT;
    return w.failed ? -ENOMEM : 0;
}

static int judge(struct series_judgement *j, const struct series_set *set,
                 const struct series_rules *rules)
{
    j->runs = calloc(set->count, sizeof *j->runs);
    if (!j->runs)
        return -ENOMEM;
    for (; j->count < set->count; j->count++)
        if (open_run(&j->runs[j->count], &set->runs[j->count], rules) < 0)
            return -ENOMEM;
    choose_start(j);
    for (size_t i = 0; i < j->count; i++)
        if (close_run(&j->runs[i], rules->delta) < 0)
            return -ENOMEM;
    j->label = common_label(j);
    if (means(j) < 0 || percentiles(j) < 0)
        return -ENOMEM;
    return decide(j, rules->delta);
}

int series_judge(struct series_judgement *ret, const struct series_set *set,
                 const struct series_rules *rules, struct err *err)
{
    AUTO(series_judgement_release) struct series_judgement j = {0};

    assert(set->count > 0);
    if (judge(&j, set, rules) < 0)
        return err_set(err, -ENOMEM, "out of memory");
    *ret = j;
    j = (struct series_judgement){0};
    return 0;
}

void series_judgement_release(struct series_judgement *j)
{
    for (size_t i = 0; i < j->count; i++)
        stats_levels_release(&j->runs[i].levels);
    for (size_t i = 0; i < j->reason_count; i++)
        free(j->reasons[i]);
    free(j->reasons);
    free(j->runs);
    *j = (struct series_judgement){0};
}
