/* SPDX-License-Identifier: Apache-2.0 */
/* Samples and events come in; rows, gaps and counts stay. */
#include "analysis/row.h"
#include "base/vec.h"
#include "plan/api.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "out of memory for the analysis");
}

static size_t first_good_with_slo(const struct plan *p)
{
    for (size_t i = 0; i < p->good_count && i < ANALYSIS_MAX_GOOD; i++)
        if (p->good[i].slo_count > 0)
            return i;
    return SIZE_MAX;
}

int analysis_new(struct analysis **ret, const struct analysis_input *in, struct err *err)
{
    AUTO(analysis_free) struct analysis *a = calloc(1, sizeof *a);

    if (!a)
        return no_memory(err);
    a->in = *in;
    a->in.trials = NULL;
    a->in.self_test = NULL;
    a->instrument.self_test = in->self_test ? *in->self_test : (struct self_test){NAN, NAN, false};
    model_facts_init(&a->model, in->plan);
    a->slo_good = first_good_with_slo(in->plan);
    a->last_event_id = UINT32_MAX;
    a->trials = calloc(in->trial_count + 1, sizeof *a->trials);
    a->ledger.trials = calloc(in->trial_count + 1, sizeof *a->ledger.trials);
    if (!a->trials || !a->ledger.trials)
        return no_memory(err);
    if (in->trial_count > 0)
        memcpy(a->trials, in->trials, in->trial_count * sizeof *a->trials);
    capacity_split(a, in->trials, in->trial_count);
    a->ledger.trial_count = a->in.trial_count;
    *ret = TAKE(a);
    return 0;
}

void analysis_free(struct analysis *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < METRIC_SAMPLE_COUNT; i++)
        column_release(&a->metric[i]);
    for (size_t i = 0; i < PART_COUNT_; i++)
        column_release(&a->parts[i]);
    column_release(&a->gaps);
    rates_release(a);
    observed_release(&a->observed);
    limited_release(a);
    telemetry_sums_release(&a->conditions);
    for (size_t i = 0; i < a->summary_count; i++)
        free(a->summaries[i].trials);
    for (size_t i = 0; i < ANALYSIS_MAX_GOOD; i++)
        free(a->answers[i].trials);
    free(a->summaries);
    free(a->ledger.trials);
    free(a->lags);
    free(a->widths);
    free(a->by_id);
    free(a->rows);
    free(a->trials);
    free(a);
}

static double seconds_between(int64_t from_ns, int64_t to_ns)
{
    return from_ns == TIME_NONE || to_ns == TIME_NONE ? (double)NAN
                                                      : (double)(to_ns - from_ns) / 1e9;
}

static void fill_parts(struct row *r, const struct sample *s)
{
    double connect = seconds_between(s->connect_start_ns, s->connect_end_ns);
    double tls = seconds_between(s->connect_end_ns, s->tls_end_ns);
    double connecting = (isnan(connect) ? 0 : connect) + (isnan(tls) ? 0 : tls);

    r->part[PART_WAIT] = seconds_between(s->due_ns, s->released_ns);
    r->part[PART_CONNECT] = connect;
    r->part[PART_TLS] = tls;
    r->part[PART_SENDING] = seconds_between(s->sent_ns, s->sent_last_ns);
    r->part[PART_WAITING] = seconds_between(s->sent_last_ns, s->first_content_ns);
    r->part[PART_STREAMING] = seconds_between(s->first_content_ns, s->last_content_ns);
    for (int i = 0; i < PART_COUNT_; i++)
        if (hang_up_hides_part((enum hang_up)s->hang_up, (enum part)i))
            r->part[i] = NAN;
    r->release_to_send = seconds_between(s->released_ns, s->sent_ns) - connecting;
    r->due_to_send = seconds_between(s->due_ns, s->sent_ns) - connecting;
    r->send_to_kernel = seconds_between(s->sent_ns, s->sent_kernel_ns);
}

/* A failure is longer than whatever it was given: nobody saw its end. Time at the client is known
 * all the same; and a response without content is no first content at all. */
static void fill_values(struct row *r, const struct sample *s)
{
    const struct metric *wait = metric_find("wait.client@1");

    for (size_t i = 0; i < METRIC_SAMPLE_COUNT; i++) {
        bool known = metric_sample(&r->value[i], metric_at(i), s) == 1;
        bool failed = outcome_failed(s->outcome) && metric_at(i) != wait;

        if (hang_up_hides((enum hang_up)s->hang_up, metric_at(i)))
            r->value[i] = NAN;
        else if (failed)
            r->value[i] = INFINITY;
        else if (!known)
            r->value[i] = NAN;
    }
}

/* Within a limit that it has no value for, except where the first content never came. */
static bool within(const struct plan_slo *limit, const struct sample *s)
{
    const struct metric *m = metric_find(limit->metric);
    double v;

    if (!m || metric_sample(&v, m, s) != 1)
        return strncmp(limit->metric, "ttft.", 5) != 0;
    return v <= (double)limit->at_most_ns / 1e9;
}

static uint32_t limits_met(const struct plan *p, const struct sample *s)
{
    uint32_t met = 0;

    for (size_t g = 0; g < p->good_count && g < ANALYSIS_MAX_GOOD; g++) {
        bool all = s->outcome == OUTCOME_OK;

        for (size_t i = 0; i < p->good[g].slo_count; i++)
            all = all && within(&p->good[g].slo[i], s);
        met |= (uint32_t)all << g;
    }
    return met;
}

static int64_t connecting_ns(const struct sample *s)
{
    int64_t until_ns = s->tls_end_ns != TIME_NONE ? s->tls_end_ns : s->connect_end_ns;

    if (s->connect_start_ns == TIME_NONE || until_ns == TIME_NONE || s->sent_ns == TIME_NONE)
        return 0;
    return i64_max(0, i64_min(until_ns, s->sent_ns) - s->connect_start_ns);
}

static void fill_row(struct row *r, const struct analysis *a, const struct sample *s)
{
    r->id = s->id;
    r->trial = s->trial;
    r->due_ns = s->due_ns;
    r->sent_ns = s->sent_ns;
    r->last_content_ns = s->last_content_ns;
    r->connecting_ns = connecting_ns(s);
    r->end_ns = s->end_ns;
    r->first_content_ns = s->first_content_ns;
    r->input_tokens = s->input_reported != COUNT_NONE ? s->input_reported : s->input_requested;
    r->fresh_tokens = r->input_tokens - (int32_t)i64_max(0, s->cached_reported);
    r->output_tokens = api_has_output(a->in.plan->target.api) ? metric_output_tokens(s) : 0;
    r->content_events = s->content_events;
    r->outcome = s->outcome;
    r->hang_up = s->hang_up;
    r->component = s->component > 0 ? (uint8_t)s->component : 0;
    r->met = limits_met(a->in.plan, s);
    fill_values(r, s);
    fill_parts(r, s);
    r->warm_up = row_is_warm_up(a, r);
}

static int check_sample(const struct analysis *a, const struct sample *s, struct err *err)
{
    const struct evidence_trial *t;

    if (s->trial >= a->in.trial_count)
        return err_set(err, -EBADMSG, "sample %u belongs to trial %u, which never began", s->id,
                       s->trial);
    t = &a->trials[s->trial];
    if (s->id < t->first || s->id - t->first >= t->count || s->id >= a->in.scheduled)
        return err_set(err, -EBADMSG, "sample %u is not among the items of trial %u", s->id,
                       s->trial);
    if (s->outcome >= OUTCOME_COUNT_)
        return err_set(err, -EBADMSG, "sample %u has no known outcome", s->id);
    if (s->component > 0 && (size_t)s->component >= a->in.plan->mix_count)
        return err_set(err, -EBADMSG, "sample %u is of no component of the plan's mix", s->id);
    return 0;
}

static void count_instrument(struct instrument *in, const struct sample *s)
{
    in->samples++;
    in->reused += s->reused != 0;
    in->resent += s->resent;
    in->sent += s->sent_ns != TIME_NONE;
    in->kernel_share += s->kernel != 0; /* a count until instrument_make() */
}

int analysis_add_sample(struct analysis *a, const struct sample *s, struct err *err)
{
    struct row row;
    int r;

    assert(!a->ordered);
    if (capacity_takes(a, s->id))
        return capacity_add(a, s, err);
    r = check_sample(a, s, err);
    if (r < 0)
        return r;
    fill_row(&row, a, s);
    if (VEC_PUSH(a->rows, a->row_count, a->row_cap, row) < 0)
        return no_memory(err);
    count_instrument(&a->instrument, s);
    if (!row.warm_up)
        tokens_add(&a->tokens, s);
    return 0;
}

static int by_arrival(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->trial != y->trial)
        return x->trial < y->trial ? -1 : 1;
    if (x->due_ns != y->due_ns)
        return x->due_ns < y->due_ns ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static int index_rows(struct analysis *a, struct err *err)
{
    a->by_id_count = a->in.scheduled;
    a->by_id = malloc((a->by_id_count + 1) * sizeof *a->by_id);
    if (!a->by_id)
        return no_memory(err);
    memset(a->by_id, 0xff, a->by_id_count * sizeof *a->by_id);
    for (size_t i = 0; i < a->row_count; i++) {
        uint32_t *slot = &a->by_id[a->rows[i].id];

        if (*slot != UINT32_MAX)
            return err_set(err, -EBADMSG, "sample %u is in the evidence twice", a->rows[i].id);
        *slot = (uint32_t)i;
    }
    return 0;
}

int analysis_order(struct analysis *a, struct err *err)
{
    int r;

    assert(!a->ordered);
    if (a->row_count > 1)
        qsort(a->rows, a->row_count, sizeof *a->rows, by_arrival);
    a->ordered = true;
    r = index_rows(a, err);
    if (r == 0)
        r = ledger_make(a, err);
    if (r == 0 && (rates_init(a) < 0 || column_init(&a->gaps, a->in.trial_count) < 0))
        r = no_memory(err);
    return r;
}

static int add_gap(struct analysis *a, const struct row *r, int64_t time_ns)
{
    int64_t before = a->last_event_id == r->id ? a->last_event_ns : TIME_NONE;

    a->last_event_id = r->id;
    a->last_event_ns = time_ns;
    if (r->warm_up || before == TIME_NONE || hang_up_hides_gaps((enum hang_up)r->hang_up))
        return 0;
    column_open_trial(&a->gaps, r->trial);
    return column_add(&a->gaps, (double)(time_ns - before) / 1e9);
}

/* An event that others followed in its read came after the read before, and not after its stamp. */
static int add_width(struct analysis *a, uint32_t sample, const struct event *e)
{
    bool first = a->event_count == 0 || sample != a->width_sample;

    if (first || e->time_ns != a->width_ns)
        a->width_floor_ns = first ? e->time_ns : a->width_ns;
    a->width_sample = sample;
    a->width_ns = e->time_ns;
    if (!(e->flags & REC_NOT_LAST))
        return 0;
    return VEC_PUSH(a->widths, a->width_count, a->width_cap,
                    (double)(e->time_ns - a->width_floor_ns) / 1e9);
}

static int add_lag(struct analysis *a, const struct event *e)
{
    a->event_count++;
    a->batched_events += (e->flags & REC_NOT_LAST) != 0;
    a->stepped_events += (e->flags & REC_STEP) != 0;
    if (!(e->flags & REC_KERNEL))
        return 0;
    return VEC_PUSH(a->lags, a->lag_count, a->lag_cap, (double)e->lag_us / 1e6);
}

int analysis_add_event(struct analysis *a, uint32_t sample, const struct event *e, struct err *err)
{
    uint32_t at = sample < a->by_id_count ? a->by_id[sample] : UINT32_MAX;

    assert(a->ordered);
    if (capacity_takes(a, sample))
        return 0;
    if (at == UINT32_MAX) /* of a sample that has not ended yet, in a live run */
        return strcmp(a->in.state, "running") == 0
                   ? 0
                   : err_set(err, -EBADMSG, "events of sample %u, which is not there", sample);
    if (add_width(a, sample, e) < 0 || add_lag(a, e) < 0)
        return no_memory(err);
    if (!(e->kind & EVENT_TOKENS))
        return 0;
    rates_add_event(a, &a->rows[at], e->time_ns);
    return add_gap(a, &a->rows[at], e->time_ns) < 0 ? no_memory(err) : 0;
}

int analysis_finish(struct analysis *a, struct err *err)
{
    int r = a->ordered ? 0 : analysis_order(a, err);

    if (r < 0)
        return r;
    column_open_trial(&a->gaps, a->in.trial_count);
    tokens_finish(&a->tokens);
    capacity_make(a);
    if (column_sort(&a->gaps) < 0 || columns_fill(a) < 0 || instrument_make(a) < 0 ||
        components_make(a) < 0 || limited_make(a) < 0 || utilisation_make(a) < 0)
        return no_memory(err);
    gates_make(a);
    r = summaries_make(a, err);
    if (r == 0)
        r = answers_make(a, err);
    if (r == 0)
        verdict_make(a);
    return r;
}
