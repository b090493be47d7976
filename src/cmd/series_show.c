/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/series_show.h"
#include <math.h>
#include <stdio.h>

enum { SHOWN_CHANGES = 12, SHOWN_RUNS = 20 };

static void print_value(const struct series_shown *s, double value, double lo, double hi)
{
    printf("%.5g%s%s", value, s->unit[0] ? " " : "", s->unit);
    if (!isnan(lo) && !isnan(hi))
        printf(" [%.5g, %.5g]", lo, hi);
}

static void print_run(const struct series_of_run *r)
{
    printf("%s: %zu values, %s", r->name, r->n, stats_label_name(r->steady.label));
    if (r->from > 0)
        printf(", steady from value %zu on", r->from);
    printf("\n  levels       %zu change point%s", r->levels.count, r->levels.count == 1 ? "" : "s");
    for (size_t k = 0; k < r->levels.count && k < SHOWN_CHANGES; k++)
        printf("%s %zu", k == 0 ? " at" : ",", r->levels.at[k]);
    printf("%s\n", r->levels.count > SHOWN_CHANGES ? ", ..." : "");
    if (isfinite(r->drift.bound))
        printf("  drift        %+.2g %% over the series, less than %.2g %% (95 %%)\n",
               100 * r->drift.change, 100 * r->drift.bound);
    printf("  worth        %.0f independent values of %zu; %zu outlier%s\n", r->mean.n_eff,
           r->n - r->from, r->outliers, r->outliers == 1 ? "" : "s");
}

static void print_percentiles(const struct series_shown *s)
{
    const struct series_judgement *j = s->j;

    for (size_t k = 0; k < SERIES_PERCENTILES; k++) {
        const struct stats_quantile *q = &j->percentile[k];

        printf("p%-12.4g ", 100 * j->p[k]);
        if (q->n_eff < (double)q->need)
            printf("needs %" PRId64 " independent values, there are %.0f\n", q->need, q->n_eff);
        else if (q->long_memory) {
            print_value(s, q->value, NAN, NAN);
            printf(", no interval: memory longer than a twentieth of the series\n");
        } else {
            print_value(s, q->value, q->lo, q->hi);
            printf("\n");
        }
    }
}

static void print_comparison(const struct series_shown *s)
{
    const struct series_comparison *c = s->c;

    printf("ratio         %.5g", c->ratio.ratio);
    if (!isnan(c->ratio.lo))
        printf(" [%.5g, %.5g], noticed from %.2g %% on", c->ratio.lo, c->ratio.hi,
               100 * c->ratio.mde);
    printf("\nanswer        %s", series_answer_name(c->answer));
    if (c->why)
        printf(": %s", c->why);
    printf("\n");
    for (size_t i = 0; i < s->against->reason_count; i++)
        printf("  - against: %s\n", s->against->reasons[i]);
}

void series_text(const struct series_shown *s)
{
    const struct series_judgement *j = s->j;

    for (size_t i = 0; i < j->count && i < SHOWN_RUNS; i++)
        print_run(&j->runs[i]);
    if (j->count > SHOWN_RUNS)
        printf("and %zu more runs\n", j->count - SHOWN_RUNS);
    printf("mean          ");
    print_value(s, j->mean.mean, j->mean.lo, j->mean.hi);
    printf(", %s", j->count >= 2       ? "over runs"
                   : isnan(j->mean.lo) ? "no interval"
                                       : "within the run");
    if (isfinite(j->drift.bound))
        printf("; drift may add %.2g %%", 100 * j->drift.bound);
    printf("\n");
    print_percentiles(s);
    printf("verdict       %s\n", series_verdict_name(j->verdict));
    for (size_t i = 0; i < j->reason_count; i++)
        printf("  - %s\n", j->reasons[i]);
    if (s->c)
        print_comparison(s);
}

static json_t *whole(size_t v)
{
    return json_integer((json_int_t)v);
}

static json_t *changes_json(const struct series_of_run *r)
{
    json_t *at = json_array();

    for (size_t k = 0; k < r->levels.count; k++)
        json_push(at, whole(r->levels.at[k]));
    return at;
}

static json_t *drift_json(const struct stats_drift *d, double limit)
{
    json_t *o = json_object();

    json_put_real(o, "change", d->change);
    json_put_real(o, "bound", d->bound);
    json_put_real(o, "limit", limit);
    json_put_bool(o, "within", d->bound < limit);
    return o;
}

static json_t *mean_json(const struct stats_mean *m, bool between)
{
    json_t *o = json_object();

    json_put_real(o, "value", m->mean);
    json_put_real(o, "low", m->lo);
    json_put_real(o, "high", m->hi);
    json_put_str(o, "over", between ? "runs" : "batches");
    return o;
}

static json_t *percentiles_json(const struct series_judgement *j)
{
    json_t *list = json_array();

    for (size_t k = 0; k < SERIES_PERCENTILES; k++) {
        const struct stats_quantile *q = &j->percentile[k];
        bool carried = q->n_eff >= (double)q->need;
        json_t *o = json_object();

        json_put_real(o, "p", 100 * j->p[k]);
        json_put_str(o, "state", !carried ? "needs more" : q->long_memory ? "long memory" : "ok");
        json_put_real(o, "value", carried ? q->value : (double)NAN);
        json_put_real(o, "low", carried && !q->long_memory ? q->lo : (double)NAN);
        json_put_real(o, "high", carried && !q->long_memory ? q->hi : (double)NAN);
        json_put_real(o, "n_eff", q->n_eff);
        json_put_i64(o, "needs", q->need);
        json_push(list, o);
    }
    return list;
}

static json_t *start_json(const struct series_of_run *r)
{
    bool none = r->steady.label == STATS_UNSTEADY || r->steady.label == STATS_TOO_SHORT;

    return none ? json_null() : whole(r->from > r->steady.start ? r->from : r->steady.start);
}

static json_t *run_json(const struct series_of_run *r, const struct series_rules *rules)
{
    json_t *o = json_object();

    json_put_str(o, "name", r->name);
    json_put_str(o, "label", stats_label_name(r->steady.label));
    json_put(o, "steady_start", start_json(r));
    json_put_i64(o, "counted_from", (int64_t)r->from);
    json_put(o, "change_points", changes_json(r));
    json_put(o, "drift", drift_json(&r->drift, rules->delta));
    json_put_i64(o, "n", (int64_t)r->n);
    json_put_real(o, "n_eff", r->mean.n_eff);
    json_put(o, "mean", mean_json(&r->mean, false));
    json_put_i64(o, "outliers", (int64_t)r->outliers);
    return o;
}

/* Of several runs: each place where one of them changes, once. */
static json_t *all_changes(const struct series_judgement *j)
{
    json_t *list = json_array();

    for (size_t next = 0, at; next != SIZE_MAX; next = at == SIZE_MAX ? at : at + 1) {
        at = SIZE_MAX;
        for (size_t i = 0; i < j->count; i++)
            for (size_t k = 0; k < j->runs[i].levels.count; k++)
                if (j->runs[i].levels.at[k] >= next && j->runs[i].levels.at[k] < at)
                    at = j->runs[i].levels.at[k];
        if (at != SIZE_MAX)
            json_push(list, whole(at));
    }
    return list;
}

/* The latest of all runs; null where one of them has none. */
static json_t *common_start(const struct series_judgement *j)
{
    const struct series_of_run *latest = &j->runs[0];

    for (size_t i = 0; i < j->count; i++) {
        const struct series_of_run *r = &j->runs[i];

        if (r->steady.label == STATS_UNSTEADY || r->steady.label == STATS_TOO_SHORT)
            return json_null();
        latest = r->steady.start > latest->steady.start ? r : latest;
    }
    return start_json(latest);
}

static void put_comparison(json_t *o, const struct series_shown *s)
{
    const struct series_comparison *c = s->c;
    json_t *interval = json_null();

    if (!isnan(c->ratio.lo)) {
        interval = json_array();
        json_push(interval, json_real(c->ratio.lo));
        json_push(interval, json_real(c->ratio.hi));
    }
    json_put_real(o, "ratio", c->ratio.ratio);
    json_put(o, "interval", interval);
    json_put_str(o, "answer", series_answer_name(c->answer));
    json_put_real(o, "mde", c->ratio.mde);
    json_put_real(o, "margin", s->rules->margin);
    json_put_str(o, "why", c->why);
}

json_t *series_json(const struct series_shown *s)
{
    const struct series_judgement *j = s->j;
    json_t *o = json_object(), *reasons = json_array(), *runs = json_array();

    for (size_t i = 0; i < j->reason_count; i++)
        json_push(reasons, json_string(j->reasons[i]));
    for (size_t i = 0; i < j->count; i++)
        json_push(runs, run_json(&j->runs[i], s->rules));
    json_put_i64(o, "asrunSeries", 1);
    json_put_str(o, "label", j->label);
    json_put(o, "steady_start", common_start(j));
    json_put(o, "change_points", all_changes(j));
    json_put(o, "drift", drift_json(&j->drift, s->rules->delta));
    json_put_i64(o, "n", (int64_t)j->n);
    json_put_real(o, "n_eff", j->n_eff);
    json_put(o, "mean", mean_json(&j->mean, j->count >= 2));
    json_put(o, "percentiles", percentiles_json(j));
    json_put_str(o, "unit", s->unit);
    json_put_str(o, "verdict", series_verdict_name(j->verdict));
    json_put(o, "reasons", reasons);
    json_put(o, "runs", runs);
    if (s->c) {
        put_comparison(o, s);
        json_put(o, "against",
                 series_json(
                     &(struct series_shown){.j = s->against, .rules = s->rules, .unit = s->unit}));
    }
    return o;
}
