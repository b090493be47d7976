/* SPDX-License-Identifier: Apache-2.0 */
/* Every metric of the table, and any single statement about one. */
#include "analysis/row.h"
#include "plan/api.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TRIALS = 64 };
static const double several_limit = 0.01; /* share of events with several tokens */

static bool is(const struct metric *m, const char *id)
{
    return strcmp(m->id, id) == 0;
}

const struct column *column_of_metric(const struct analysis *a, const struct metric *m)
{
    return m->kind == METRIC_PER_EVENT ? &a->gaps : &a->metric[m - metric_at(0)];
}

/* How many counted requests stand behind what happened in the windows. */
static size_t counted(const struct analysis *a)
{
    return (size_t)a->ledger.total.counted;
}

static enum rate rate_kind(const struct metric *m)
{
    if (is(m, "goodput@1"))
        return RATE_GOOD;
    return is(m, "throughput.requests@1") ? RATE_REQUESTS : RATE_OUTPUT;
}

static double per_trial(const struct analysis *a, const struct metric *m, size_t good, size_t t)
{
    double usd = a->in.plan->cost.usd_per_hour, met;

    if (m->kind == METRIC_COST) {
        met = rate_of_trial(a, RATE_MET_OUTPUT, good, t);
        return met > 0 ? usd * 1e6 / (met * 3600) : (double)NAN;
    }
    if (is(m, "throughput.total_tokens@1"))
        return rate_of_trial(a, RATE_OUTPUT, good, t) + rate_of_trial(a, RATE_INPUT, good, t);
    return rate_of_trial(a, rate_kind(m), good, t);
}

static double per_slice(const struct analysis *a, const struct metric *m, size_t good, size_t t,
                        size_t i)
{
    double v = rate_of_slice(a, rate_kind(m), good, t, i);

    return is(m, "throughput.total_tokens@1") ? v + rate_of_slice(a, RATE_INPUT, good, t, i) : v;
}

/* Of one trial: the series of slices. A cost has none: its slices may hold no token. */
static void rate_within(struct estimate *e, const struct analysis *a, const struct metric *m,
                        size_t good, size_t t)
{
    double v[ANALYSIS_SLICES];
    struct stats_mean mean;

    if (m->kind == METRIC_COST) {
        e->method = "one trial: no interval";
        return;
    }
    for (size_t i = 0; i < ANALYSIS_SLICES; i++)
        v[i] = per_slice(a, m, good, t, i);
    mean = stats_mean_batches(v, ANALYSIS_SLICES);
    e->lo = mean.lo < 0 ? 0 : mean.lo;
    e->hi = mean.hi;
    e->n_eff = mean.n_eff;
    e->method = "within-run, batch means of 60 slices";
}

static void estimate_rate(struct estimate *e, const struct analysis *a, const struct metric *m,
                          size_t good)
{
    double values[MOST_TRIALS];
    size_t n = 0, last = 0;

    for (size_t t = 0; t < a->in.trial_count && n < MOST_TRIALS; t++) {
        values[n] = per_trial(a, m, good, t);
        if (isnan(values[n]))
            continue;
        last = t;
        n++;
    }
    if (n == 0) {
        estimate_absent(e, "no trial has a measured window");
        return;
    }
    *e = (struct estimate){.value = values[0],
                           .lo = NAN,
                           .hi = NAN,
                           .n = counted(a),
                           .n_eff = (double)n,
                           .method = "Student t over trials"};
    if (n >= 2)
        estimate_over_trials(e, values, n);
    else
        rate_within(e, a, m, good, last);
}

/* What the plan leaves out takes these metrics away. */
static const char *missing(const struct analysis *a, const struct metric *m, size_t good)
{
    const char *lacks = api_lacks(a->in.plan->target.api, m->id);

    if (lacks)
        return lacks;
    if (is(m, "energy.per_output_token@1"))
        return "no power meter is read";
    if (m->kind == METRIC_COST && !(a->in.plan->cost.usd_per_hour > 0))
        return "the plan states no price (cost.usd_per_hour)";
    if ((is(m, "goodput@1") || is(m, "slo_attainment@1")) && good >= ANALYSIS_MAX_GOOD)
        return "the plan states no limits (good: slo)";
    return NULL;
}

static void withhold_gaps(struct estimate *e, const struct analysis *a)
{
    double several = a->tokens.several_share;

    if (e->state == ESTIMATE_ABSENT || !(several > several_limit))
        return;
    *e = (struct estimate){
        .state = ESTIMATE_REFUSED, .value = NAN, .lo = NAN, .hi = NAN, .n = e->n, .method = ""};
    (void)snprintf(e->why, sizeof e->why,
                   "withheld: up to %.3g %% of the content events hold several tokens; see "
                   "tpot.after_first@1",
                   100 * several);
}

static void refuse_void(struct estimate *e, const struct gate_name *gate)
{
    *e = (struct estimate){
        .state = ESTIMATE_REFUSED, .value = NAN, .lo = NAN, .hi = NAN, .method = ""};
    (void)snprintf(e->why, sizeof e->why, "void: the client's own gate '%s' refuses (%s)",
                   gate->name, gate->figure);
}

static int estimate_distribution(struct estimate *e, const struct analysis *a,
                                 const struct metric *m, double percentile)
{
    const struct column *s = column_of_metric(a, m);
    int r = 0;

    if (isnan(percentile))
        r = estimate_mean(e, s, a->in.trial_count);
    else
        estimate_percentile(e, s, a->in.trial_count, percentile / 100);
    if (r == 0 && m->kind == METRIC_PER_EVENT)
        withhold_gaps(e, a);
    return r;
}

int analysis_estimate(struct estimate *ret, const struct analysis *a, const struct metric *m,
                      double percentile, size_t good, struct err *err)
{
    const char *why = missing(a, m, good);
    const struct gate_name *gate = metric_void(a, m, good);
    int r = 0;

    if (why)
        estimate_absent(ret, why);
    else if (gate)
        refuse_void(ret, gate);
    else if (m->kind == METRIC_PER_SAMPLE || m->kind == METRIC_PER_EVENT)
        r = estimate_distribution(ret, a, m, percentile);
    else if (m->kind == METRIC_SHARE)
        r = estimate_share(ret, a, is(m, "errors.share@1") ? row_failed : row_is_good, good);
    else
        estimate_rate(ret, a, m, good);
    return r < 0 ? err_set(err, r, "out of memory for %s", m->id) : 0;
}

static struct trial_value share_of_trial(const struct analysis *a, const struct metric *m,
                                         size_t good, size_t trial)
{
    row_is *holds = is(m, "errors.share@1") ? row_failed : row_is_good;
    struct trial_value v = {NAN, NAN, NAN, 0};
    double sum = 0;

    for (size_t i = 0; i < a->row_count; i++) {
        const struct row *r = &a->rows[i];

        if (r->trial != trial || !row_in_share(r, holds))
            continue;
        v.n++;
        sum += holds(a, r, good);
    }
    if (v.n > 0) {
        v.value = sum / (double)v.n;
        v.variance = v.value * (1 - v.value);
        v.n_eff = (double)v.n;
    }
    return v;
}

/* A trial's own percentile, where its requests carry one; its mean otherwise asked for. */
static struct trial_value series_of_trial(const struct column *s, double percentile, size_t trial)
{
    struct trial_value ret = {NAN, NAN, NAN, s->first[trial + 1] - s->first[trial]};
    AUTO(free) double *seen = malloc((ret.n + 1) * sizeof *seen);
    const double *v;
    size_t n = 0;

    if (!seen || ret.n == 0)
        return ret;
    v = s->v + s->first[trial];
    for (size_t i = 0; i < ret.n; i++)
        if (!isinf(v[i]))
            seen[n++] = v[i];
    ret.variance = stats_variance(seen, n);
    ret.n_eff = stats_mean_batches(seen, n).n_eff;
    ret.value = stats_mean(seen, n);
    if (!isnan(percentile)) {
        struct stats_quantile q = {.need = INT64_MAX};

        ret.value = NAN;
        if (stats_quantile(&q, v, ret.n, percentile / 100) == 0 && q.n_eff >= (double)q.need &&
            !isinf(q.value))
            ret.value = q.value;
        ret.n_eff = q.n_eff;
    }
    return ret;
}

struct trial_value analysis_trial_value(const struct analysis *a, const struct metric *m,
                                        double percentile, size_t good, size_t trial)
{
    struct trial_value v = {NAN, NAN, NAN, 0};

    if (missing(a, m, good) || metric_void(a, m, good))
        return v;
    if (m->kind == METRIC_SHARE)
        return share_of_trial(a, m, good, trial);
    if (m->kind == METRIC_PER_SAMPLE || m->kind == METRIC_PER_EVENT)
        return series_of_trial(column_of_metric(a, m), percentile, trial);
    v.value = per_trial(a, m, good, trial);
    v.n = (size_t)a->ledger.trials[trial].counted;
    return v;
}

static void fill_extremes(struct summary *s, const struct column *series)
{
    s->n = series->n;
    s->censored = series->censored;
    if (s->n == s->censored)
        return;
    s->min = series->sorted[0];
    s->max = series->sorted[s->n - s->censored - 1];
}

static size_t percentiles(double *ret, double extra)
{
    static const double standard[] = {50, 90, 95, 99};
    size_t n = COUNT_OF(standard);

    memcpy(ret, standard, sizeof standard);
    for (size_t i = 0; i < COUNT_OF(standard); i++)
        if (standard[i] == extra)
            return n;
    if (!isnan(extra))
        ret[n++] = extra;
    return n;
}

static int fill_percentiles(struct summary *s, const struct analysis *a, struct err *err)
{
    double p[ANALYSIS_PERCENTILES];
    int r = 0;

    if (!metric_void(a, s->metric, a->slo_good))
        fill_extremes(s, column_of_metric(a, s->metric));
    s->percentile_count = percentiles(p, a->in.extra_percentile);
    for (size_t i = 0; i < s->percentile_count && r == 0; i++)
        r = analysis_estimate(&s->percentile[i], a, s->metric, p[i], a->slo_good, err);
    return r;
}

static int summary_make(struct summary *s, const struct analysis *a, const struct metric *m,
                        struct err *err)
{
    int r;

    s->metric = m;
    s->min = s->max = NAN;
    s->n = counted(a);
    s->trials = calloc(a->in.trial_count + 1, sizeof *s->trials);
    if (!s->trials)
        return err_set(err, -ENOMEM, "out of memory for %s", m->id);
    for (size_t t = 0; t < a->in.trial_count; t++)
        s->trials[t] = analysis_trial_value(a, m, NAN, a->slo_good, t);
    r = analysis_estimate(&s->mean, a, m, NAN, a->slo_good, err);
    if (r == 0 && (m->kind == METRIC_PER_SAMPLE || m->kind == METRIC_PER_EVENT))
        r = fill_percentiles(s, a, err);
    return r;
}

int summaries_make(struct analysis *a, struct err *err)
{
    size_t n = 0;
    int r = 0;

    while (metric_at(n))
        n++;
    a->summaries = calloc(n, sizeof *a->summaries);
    if (!a->summaries)
        return err_set(err, -ENOMEM, "out of memory for the summaries");
    a->summary_count = n;
    for (size_t i = 0; i < n && r == 0; i++)
        r = summary_make(&a->summaries[i], a, metric_at(i), err);
    return r;
}
