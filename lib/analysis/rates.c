/* SPDX-License-Identifier: Apache-2.0 */
/* What passed per second, by event time, over each trial's measured window. */
#include "analysis/row.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SECONDS = 100000 };

/* From the end of the warm-up; up to the last arrival where the drain is excluded. */
static struct window window_of(const struct analysis *a, size_t trial)
{
    const struct evidence_trial *t = &a->trials[trial];
    struct window w = {TIME_NONE, TIME_NONE};
    int64_t last_due = TIME_NONE, last_end = TIME_NONE;

    for (size_t i = 0; i < a->row_count; i++) {
        const struct row *r = &a->rows[i];

        if (r->trial != trial)
            continue;
        if (!r->warm_up && w.from_ns == TIME_NONE)
            w.from_ns = r->due_ns;
        last_due = i64_max(last_due, r->due_ns);
        last_end = i64_max(last_end, r->end_ns);
    }
    if (a->in.plan->exclude.warm_up == WARM_UP_DURATION)
        w.from_ns = t->start_ns + a->in.plan->exclude.warm_up_ns;
    else if (a->in.plan->exclude.warm_up == WARM_UP_NONE)
        w.from_ns = t->start_ns;
    w.to_ns = a->in.plan->exclude.drain ? last_due : last_end + 1;
    return w;
}

static double length_s(const struct window *w)
{
    return w->from_ns == TIME_NONE || w->to_ns <= w->from_ns
               ? 0
               : (double)(w->to_ns - w->from_ns) / 1e9;
}

/* The slice that @time_ns falls into; -1: outside the window. */
static int slice_at(const struct window *w, int64_t time_ns)
{
    double at = (double)(time_ns - w->from_ns) / (double)(w->to_ns - w->from_ns);

    if (length_s(w) <= 0 || time_ns < w->from_ns || time_ns >= w->to_ns)
        return -1;
    return (int)i64_min((int64_t)(at * ANALYSIS_SLICES), ANALYSIS_SLICES - 1);
}

bool row_is_good(const struct analysis *a, const struct row *r, size_t good)
{
    (void)a;
    return good < ANALYSIS_MAX_GOOD ? (r->met >> good & 1) != 0 : r->outcome == OUTCOME_OK;
}

static void add_second(const struct analysis *a, double *seconds, size_t trial, int64_t time_ns,
                       double v)
{
    int64_t at = (time_ns - a->trials[trial].start_ns) / NS_PER_S;

    if (at >= 0 && (size_t)at < a->rates[trial].seconds)
        seconds[at] += v;
}

static void add_slice(struct trial_rates *t, enum rate rate, int64_t time_ns, double v)
{
    int i = slice_at(&t->window, time_ns);

    if (i >= 0)
        t->slice[rate][i] += v;
}

/* Everything but output tokens is known from the rows alone. */
static void add_rows(struct analysis *a)
{
    for (size_t i = 0; i < a->row_count; i++) {
        const struct row *r = &a->rows[i];
        struct trial_rates *t = &a->rates[r->trial];

        if (r->first_content_ns != TIME_NONE)
            add_slice(t, RATE_INPUT, r->first_content_ns, r->input_tokens);
        if (r->outcome != OUTCOME_OK)
            continue;
        add_second(a, t->requests_per_s, r->trial, r->end_ns, 1);
        add_slice(t, RATE_REQUESTS, r->end_ns, 1);
        if (row_is_good(a, r, a->slo_good))
            add_slice(t, RATE_GOOD, r->end_ns, 1);
    }
}

static int make_seconds(struct trial_rates *t, const struct evidence_trial *trial, int64_t last_ns)
{
    int64_t span = (last_ns - trial->start_ns) / NS_PER_S + 1;

    t->seconds = (size_t)i64_max(1, i64_min(span, MOST_SECONDS));
    t->output_per_s = calloc(t->seconds, sizeof *t->output_per_s);
    t->requests_per_s = calloc(t->seconds, sizeof *t->requests_per_s);
    return t->output_per_s && t->requests_per_s ? 0 : -ENOMEM;
}

static int64_t last_end(const struct analysis *a, size_t trial)
{
    int64_t last = a->trials[trial].start_ns;

    for (size_t i = 0; i < a->row_count; i++)
        if (a->rows[i].trial == trial)
            last = i64_max(last, a->rows[i].end_ns);
    return last;
}

int rates_init(struct analysis *a)
{
    a->rates = calloc(a->in.trial_count + 1, sizeof *a->rates);
    if (!a->rates)
        return -ENOMEM;
    for (size_t t = 0; t < a->in.trial_count; t++) {
        a->rates[t].window = window_of(a, t);
        if (make_seconds(&a->rates[t], &a->trials[t], last_end(a, t)) < 0)
            return -ENOMEM;
    }
    add_rows(a);
    return 0;
}

void rates_add_event(struct analysis *a, const struct row *r, int64_t time_ns)
{
    struct trial_rates *t = &a->rates[r->trial];
    double tokens = r->content_events > 0 ? (double)r->output_tokens / r->content_events : 1;

    add_second(a, t->output_per_s, r->trial, time_ns, tokens);
    add_slice(t, RATE_OUTPUT, time_ns, tokens);
    if (row_is_good(a, r, a->slo_good))
        add_slice(t, RATE_MET_OUTPUT, time_ns, tokens);
}

void rates_release(struct analysis *a)
{
    for (size_t t = 0; a->rates && t < a->in.trial_count; t++) {
        free(a->rates[t].output_per_s);
        free(a->rates[t].requests_per_s);
    }
    free(a->rates);
}

/* Requests within the limits of a good that is not the first with limits. */
static double good_between(const struct analysis *a, size_t good, size_t trial, int slice)
{
    double sum = 0;

    for (size_t i = 0; i < a->row_count; i++) {
        const struct row *r = &a->rows[i];
        int at = r->trial == trial ? slice_at(&a->rates[trial].window, r->end_ns) : -1;

        sum += at >= 0 && (slice < 0 || at == slice) && row_is_good(a, r, good);
    }
    return sum;
}

double rate_of_slice(const struct analysis *a, enum rate rate, size_t good, size_t trial, size_t i)
{
    double length = length_s(&a->rates[trial].window) / ANALYSIS_SLICES;

    if (length <= 0)
        return NAN;
    if (rate == RATE_GOOD && good != a->slo_good)
        return good_between(a, good, trial, (int)i) / length;
    return a->rates[trial].slice[rate][i] / length;
}

double rate_of_trial(const struct analysis *a, enum rate rate, size_t good, size_t trial)
{
    double length = length_s(&a->rates[trial].window);

    if (length <= 0)
        return NAN;
    if (rate == RATE_GOOD && good != a->slo_good)
        return good_between(a, good, trial, -1) / length;
    return stats_sum(a->rates[trial].slice[rate], ANALYSIS_SLICES) / length;
}
