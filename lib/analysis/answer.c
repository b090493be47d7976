/* SPDX-License-Identifier: Apache-2.0 */
/* The plan's `good`, limit by limit: met, not met, or cannot tell and what it would take. */
#include "analysis/row.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const char *answer_name(enum answer a)
{
    static const char *const names[] = {"met", "not met", "cannot tell", "not asked"};

    return (size_t)a < COUNT_OF(names) ? names[a] : "?";
}

/* By the interval alone; a bound that is not known decides nothing. */
static enum answer against(const struct plan_good *g, double lo, double hi)
{
    bool met = true;

    if (g->has_at_most) {
        if (lo > g->at_most)
            return ANSWER_NOT_MET;
        met = hi <= g->at_most;
    }
    if (g->has_at_least) {
        if (hi < g->at_least)
            return ANSWER_NOT_MET;
        met = met && lo >= g->at_least;
    }
    return met ? ANSWER_MET : ANSWER_CANNOT_TELL;
}

static double nearest_limit(const struct plan_good *g, double value)
{
    if (!g->has_at_least)
        return g->at_most;
    if (!g->has_at_most)
        return g->at_least;
    return fabs(value - g->at_most) < fabs(value - g->at_least) ? g->at_most : g->at_least;
}

/* Intervals shrink with the root of the count. Nobody can promise more than a guess here, and none
 * where the value sits on the limit. */
static int64_t more_to_tell(const struct plan_good *g, const struct estimate *e)
{
    double distance = fabs(e->value - nearest_limit(g, e->value));
    double half = (e->hi - e->lo) / 2, factor = half / distance;

    if (!isfinite(factor) || factor > 10)
        return 0;
    return i64_max(1, (int64_t)ceil((double)e->n * (factor * factor - 1)));
}

static void explain_straddle(struct good_answer *r, const struct plan_good *g)
{
    const struct estimate *e = &r->estimate;

    if (isnan(e->lo) || isnan(e->hi)) {
        (void)snprintf(r->why, sizeof r->why, "%s", e->why[0] ? e->why : "there is no interval");
        return;
    }
    r->needs = more_to_tell(g, e);
    if (r->needs > 0)
        (void)snprintf(r->why, sizeof r->why,
                       "the interval straddles the limit; about %" PRId64
                       " more requests would tell, if nothing changes",
                       r->needs);
    else
        (void)snprintf(r->why, sizeof r->why,
                       "the interval straddles the limit, and the value is close to it");
}

static void explain(struct good_answer *r, const struct plan_good *g)
{
    const struct estimate *e = &r->estimate;

    if (r->answer == ANSWER_NOT_MET && e->state == ESTIMATE_REFUSED)
        (void)snprintf(r->why, sizeof r->why, "%s", e->why);
    if (r->answer != ANSWER_CANNOT_TELL)
        return;
    if (e->state == ESTIMATE_NEEDS) {
        r->needs = e->needs;
        (void)snprintf(r->why, sizeof r->why, "needs %" PRId64 " more requests", e->needs);
    } else if (e->state == ESTIMATE_OK) {
        explain_straddle(r, g);
    } else {
        (void)snprintf(r->why, sizeof r->why, "%s", e->why);
    }
}

/* Too many failures leave no number, but where even the lower bound is a failure, the limit is
 * broken all the same. */
static enum answer decide(const struct plan_good *g, const struct estimate *e)
{
    enum answer by_bounds = against(g, e->lo, e->hi);

    if (e->state == ESTIMATE_OK)
        return by_bounds;
    return e->state == ESTIMATE_REFUSED && by_bounds == ANSWER_NOT_MET ? ANSWER_NOT_MET
                                                                       : ANSWER_CANNOT_TELL;
}

/* Whether the percentile is within the limit is also a question about the share beyond the limit,
 * which may be plain (none at all) where the percentile's own interval is not to be had. */
static int ask_share(struct good_answer *r, const struct analysis *a, const struct plan_good *g)
{
    const struct column *c = column_of_metric(a, metric_find(g->metric));
    AUTO(free) double *beyond = malloc((c->n + 1) * sizeof *beyond);
    double allowed = 1 - g->percentile / 100;
    struct stats_share s;

    if (!beyond)
        return -ENOMEM;
    for (size_t i = 0; i < c->n; i++)
        beyond[i] = c->v[i] > g->at_most;
    s = stats_share(beyond, c->n);
    if (s.long_memory || (s.hi > allowed && s.lo <= allowed))
        return 0;
    r->answer = s.hi <= allowed ? ANSWER_MET : ANSWER_NOT_MET;
    (void)snprintf(
        r->why, sizeof r->why,
        "%.3g %% of the requests lie beyond the limit (95 %% interval %.3g %% to %.3g %%)",
        100 * s.share, 100 * s.lo, 100 * s.hi);
    return 0;
}

static bool share_may_tell(const struct good_answer *r, const struct plan_good *g)
{
    return r->answer == ANSWER_CANNOT_TELL && r->estimate.state == ESTIMATE_OK &&
           isnan(r->estimate.hi) && !isnan(g->percentile) && g->has_at_most && !g->has_at_least;
}

/* Where more is offered than can be served, and more than allowed lies beyond the limit already, a
 * longer trial would only see more of it. What a gate voids stays void. */
static void ask_overload(struct good_answer *r, const struct analysis *a, const struct plan_good *g)
{
    bool carried = r->estimate.state == ESTIMATE_OK || r->estimate.state == ESTIMATE_NEEDS;
    const struct column *c; /* only a distribution has one */
    double beyond = 0;

    if (r->answer != ANSWER_CANNOT_TELL || !carried || isnan(g->percentile) || !g->has_at_most)
        return;
    c = column_of_metric(a, metric_find(g->metric));
    if (c->n == 0)
        return;
    for (size_t i = 0; i < c->n; i++)
        beyond += c->v[i] > g->at_most;
    beyond /= (double)c->n;
    if (beyond <= 1 - g->percentile / 100 || !overloaded(a))
        return;
    r->answer = ANSWER_NOT_MET;
    r->needs = 0;
    (void)snprintf(r->why, sizeof r->why,
                   "more was offered than the target can serve: the requests that were out grew "
                   "all along, and %.3g %% of them lie beyond the limit",
                   100 * beyond);
}

static int answer_one(struct good_answer *r, const struct analysis *a, size_t i, struct err *err)
{
    const struct plan_good *g = &a->in.plan->good[i];
    const struct metric *m = metric_find(g->metric);
    size_t limits = g->slo_count > 0 ? i : a->slo_good;
    int failed;

    if (!m)
        return err_set(err, -EBADMSG, "good names an unknown metric: %s", g->metric);
    failed = analysis_estimate(&r->estimate, a, m, g->percentile, limits, err);
    if (failed < 0)
        return failed;
    r->trials = calloc(a->in.trial_count + 1, sizeof *r->trials);
    if (!r->trials)
        return err_set(err, -ENOMEM, "out of memory for the answers");
    for (size_t t = 0; t < a->in.trial_count; t++)
        r->trials[t] = analysis_trial_value(a, m, g->percentile, limits, t);
    r->answer = decide(g, &r->estimate);
    explain(r, g);
    if (share_may_tell(r, g) && ask_share(r, a, g) < 0)
        return err_set(err, -ENOMEM, "out of memory for the answers");
    ask_overload(r, a, g);
    return 0;
}

static enum answer together(const struct analysis *a)
{
    enum answer all = ANSWER_MET;

    if (a->in.plan->good_count == 0 || a->in.plan->regime == REGIME_UNSTATED)
        return ANSWER_NOT_ASKED;
    for (size_t i = 0; i < a->in.plan->good_count; i++) {
        if (a->answers[i].answer == ANSWER_NOT_MET)
            return ANSWER_NOT_MET;
        if (a->answers[i].answer != ANSWER_MET)
            all = ANSWER_CANNOT_TELL;
    }
    return all;
}

static int expected_make(struct analysis *a, struct err *err)
{
    const struct plan *p = a->in.plan;
    int r = 0;

    for (size_t i = 0; i < p->expect_count && i < ANALYSIS_MAX_GOOD && r == 0; i++) {
        const struct metric *m = metric_find(p->expect[i].metric);

        if (!m)
            return err_set(err, -EBADMSG, "expect names an unknown metric: %s",
                           p->expect[i].metric);
        r = analysis_estimate(&a->expected[i], a, m, p->expect[i].percentile, a->slo_good, err);
    }
    return r;
}

int answers_make(struct analysis *a, struct err *err)
{
    int r = 0;

    if (a->in.plan->good_count > ANALYSIS_MAX_GOOD)
        return err_set(err, -EINVAL, "good has more than %d entries", ANALYSIS_MAX_GOOD);
    for (size_t i = 0; i < a->in.plan->good_count && r == 0; i++)
        r = answer_one(&a->answers[i], a, i, err);
    a->answer = together(a);
    return r < 0 ? r : expected_make(a, err);
}
