/* SPDX-License-Identifier: Apache-2.0 */
/* Every number with its interval, its count and its method. */
#include "claim/parts.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

json_t *claim_number(double v)
{
    char text[32];

    if (!isfinite(v))
        return json_null();
    (void)snprintf(text, sizeof text, "%.6g", v);
    return json_real(strtod(text, NULL));
}

void put_number(json_t *o, const char *key, double v)
{
    json_put(o, key, claim_number(v));
}

json_t *statistic_json(double percentile)
{
    char text[24];

    if (isnan(percentile))
        return json_string("mean");
    (void)snprintf(text, sizeof text, "p%g", percentile);
    return json_string(text);
}

static const char *state_name(enum estimate_state s)
{
    static const char *const names[] = {"ok", "needs more", "refused", "absent"};

    return names[s];
}

/* A number that the sample can't carry is not printed, not even with a warning. */
json_t *estimate_json(const struct estimate *e)
{
    json_t *o = json_object();
    bool ok = e->state == ESTIMATE_OK;

    json_put_str(o, "state", state_name(e->state));
    put_number(o, "value", ok ? e->value : (double)NAN);
    put_number(o, "low", ok ? e->lo : (double)NAN);
    put_number(o, "high", ok ? e->hi : (double)NAN);
    put_number(o, "level", STATS_LEVEL);
    json_put_i64(o, "n", (int64_t)e->n);
    put_number(o, "nEff", e->n_eff);
    json_put_i64(o, "trials", (int64_t)e->trials);
    json_put_str(o, "method", e->method);
    json_put(o, "needs", e->needs > 0 ? json_integer(e->needs) : json_null());
    json_put_str(o, "why", e->why);
    return o;
}

static json_t *percentile_json(double p, const struct estimate *e)
{
    json_t *o = estimate_json(e);

    put_number(o, "percentile", p);
    return o;
}

static json_t *metric_json(const struct claim_source *s, const struct summary *m)
{
    static const double standard[] = {50, 90, 95, 99};
    json_t *o = json_object(), *list = json_array();

    json_put_str(o, "metric", m->metric->id);
    json_put_str(o, "name", m->metric->name);
    json_put_str(o, "unit", m->metric->unit);
    json_put_str(o, "definition", m->metric->definition);
    json_put_i64(o, "n", (int64_t)m->n);
    json_put_i64(o, "failed", (int64_t)m->censored);
    json_put(o, "mean", estimate_json(&m->mean));
    for (size_t i = 0; i < m->percentile_count; i++)
        json_push(list, percentile_json(i < COUNT_OF(standard) ? standard[i]
                                                               : s->analysis->in.extra_percentile,
                                        &m->percentile[i]));
    json_put(o, "percentiles", list);
    put_number(o, "min", m->min);
    put_number(o, "max", m->max);
    return o;
}

json_t *metrics_json(const struct claim_source *s)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->analysis->summary_count; i++)
        json_push(list, metric_json(s, &s->analysis->summaries[i]));
    return list;
}

static void put_limits(json_t *o, const struct plan_good *g)
{
    json_t *slo = json_object();

    json_put(o, "atMost", g->has_at_most ? claim_number(g->at_most) : json_null());
    json_put(o, "atLeast", g->has_at_least ? claim_number(g->at_least) : json_null());
    for (size_t i = 0; i < g->slo_count; i++)
        put_number(slo, g->slo[i].metric, (double)g->slo[i].at_most_ns / 1e9);
    json_put(o, "slo", slo);
}

json_t *answers_json(const struct claim_source *s)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->plan->good_count && i < ANALYSIS_MAX_GOOD; i++) {
        const struct plan_good *g = &s->plan->good[i];
        const struct good_answer *r = &s->analysis->answers[i];
        const struct metric *m = metric_find(g->metric);
        json_t *o = json_object();

        json_put_str(o, "metric", g->metric);
        json_put_str(o, "name", m ? m->name : "");
        json_put_str(o, "unit", m ? m->unit : "");
        json_put(o, "statistic", statistic_json(g->percentile));
        put_limits(o, g);
        json_put(o, "estimate", estimate_json(&r->estimate));
        json_put_str(o, "answer", answer_name(r->answer));
        json_put(o, "needs", r->needs > 0 ? json_integer(r->needs) : json_null());
        json_put_str(o, "why", r->why);
        json_push(list, o);
    }
    return list;
}

json_t *expectations_json(const struct claim_source *s)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->plan->expect_count && i < ANALYSIS_MAX_GOOD; i++) {
        const struct plan_expect *x = &s->plan->expect[i];
        const struct estimate *e = &s->analysis->expected[i];
        const struct metric *m = metric_find(x->metric);
        json_t *o = json_object();

        json_put_str(o, "metric", x->metric);
        json_put_str(o, "name", m ? m->name : "");
        json_put_str(o, "unit", m ? m->unit : "");
        json_put(o, "statistic", statistic_json(x->percentile));
        put_number(o, "expected", x->value);
        json_put_str(o, "known", known_name(x->published ? KNOWN_PUBLISHED : KNOWN_DECLARED));
        json_put_str(o, "source", x->source);
        json_put(o, "observed", estimate_json(e));
        put_number(o, "ratio", e->state == ESTIMATE_OK ? e->value / x->value : (double)NAN);
        json_push(list, o);
    }
    return list;
}

static json_t *trial_value_json(const char *metric, double percentile, const struct trial_value *v)
{
    json_t *o = json_object();

    json_put_str(o, "metric", metric);
    json_put(o, "statistic", statistic_json(percentile));
    put_number(o, "value", v->value);
    json_put_i64(o, "n", (int64_t)v->n);
    put_number(o, "nEff", v->n_eff);
    put_number(o, "variance", v->variance);
    return o;
}

/* The mean of every metric, and what was asked. */
static json_t *trial_values_json(const struct claim_source *s, size_t t)
{
    const struct analysis *a = s->analysis;
    json_t *list = json_array();

    for (size_t i = 0; i < a->summary_count; i++)
        if (a->summaries[i].trials[t].n > 0)
            json_push(list, trial_value_json(a->summaries[i].metric->id, NAN,
                                             &a->summaries[i].trials[t]));
    for (size_t i = 0; i < s->plan->good_count && i < ANALYSIS_MAX_GOOD; i++)
        if (!isnan(s->plan->good[i].percentile))
            json_push(list, trial_value_json(s->plan->good[i].metric, s->plan->good[i].percentile,
                                             &a->answers[i].trials[t]));
    return list;
}

static json_t *trial_json(const struct claim_source *s, size_t t)
{
    const struct evidence_trial *trial = &s->trials[t];
    const struct window *w = &s->analysis->rates[t].window;
    json_t *o = json_object(), *slice = json_object();

    json_put_i64(o, "index", (int64_t)t + 1);
    json_put_i64(o, "order", (int64_t)t + 1);
    json_put_str(o, "start", clock_rfc3339(s->info->anchor.real_ns + trial->start_ns).text);
    json_put_str(o, "reset", trial->reset);
    json_put_str(o, "outcome", trial->outcome[0] ? trial->outcome : s->info->state);
    json_put_i64(slice, "first", trial->first);
    json_put_i64(slice, "count", trial->count);
    json_put(o, "schedule", slice);
    json_put_i64(o, "counted", s->analysis->ledger.trials[t].counted);
    put_number(o, "windowSeconds",
               w->from_ns == TIME_NONE || w->to_ns < w->from_ns
                   ? (double)NAN
                   : (double)(w->to_ns - w->from_ns) / 1e9);
    json_put(o, "values", trial_values_json(s, t));
    return o;
}

json_t *trials_json(const struct claim_source *s)
{
    json_t *list = json_array();

    for (size_t t = 0; t < s->analysis->in.trial_count; t++)
        json_push(list, trial_json(s, t));
    return list;
}
