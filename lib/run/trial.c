/* SPDX-License-Identifier: Apache-2.0 */
/* One trial: what the load engine is told, and what it reports. */
#include "run/inside.h"
#include "run/recorder.h"
#include <stdio.h>

static const int64_t LEAD_NS = 300 * NS_PER_MS; /* threads start and render ahead before zero */

/* Slots of the trial's closed loop; 0: an open loop. */
static int32_t slots_of(const struct plan *p, uint32_t trial)
{
    if (trial == (uint32_t)p->trials.count)
        return p->load.capacity_concurrency;
    return p->load.arrivals == ARRIVALS_CLOSED ? p->load.concurrency : 0;
}

/* Whether answers decide when requests are due, and with them when the last one is. */
static bool answers_decide(const struct plan *p, const struct schedule *s)
{
    return p->load.arrivals == ARRIVALS_CLOSED || s->after_count > 0;
}

struct load_config run_load_config(struct run *r, struct step *step, uint32_t trial)
{
    const struct plan *p = step->plan;
    const struct schedule *s = step->schedule;

    return (struct load_config){
        .schedule = s,
        .first = s->trial_first[trial],
        .count = s->trial_first[trial + 1] - s->trial_first[trial],
        .trial = step->first_trial + trial,
        .id_base = step->first_item,
        .start_ns = clock_mono_ns() + LEAD_NS,
        .concurrency = slots_of(p, trial),
        .slot_steps = s->slot_steps,
        .slot_step_count = trial < (uint32_t)p->trials.count ? s->slot_step_count : 0,
        .max_in_flight = p->load.max_in_flight,
        .duration_ns =
            trial < (uint32_t)p->trials.count && answers_decide(p, s) ? p->load.duration_ns : 0,
        .timeout_ns = p->load.timeout_ns,
        .connect_timeout_ns = p->load.connect_timeout_ns,
        .stall_timeout_ns = p->load.stall_timeout_ns,
        .drain_timeout_ns = p->load.drain_timeout_ns,
        .resend_stale = p->load.resend == RESEND_STALE,
        .keep = p->target.keep_alive == TRI_YES  ? LOAD_KEEP_ALWAYS
                : p->target.keep_alive == TRI_NO ? LOAD_KEEP_NEVER
                                                 : LOAD_KEEP_AUTO,
        .own_connections = p->target.own_connections,
        .stream = p->target.stream,
        .send_stamps = p->load.send_stamps == STAMPED_BY_KERNEL,
        .reply = &step->requests.reply,
        .target = r->endpoints[step->endpoint]->target.address,
        .h2_connections =
            r->endpoints[step->endpoint]->target.http2 ? p->target.http2_connections : 0,
        .render = {requests_render, &step->requests, step->requests.max_bytes},
        .threads = p->load.threads,
        .cpus = r->io_cpus,
    };
}

static int put_report(struct run *r, uint32_t trial, const struct load_report *report,
                      struct err *err)
{
    const struct {
        const char *name;
        int64_t value;
    } rows[] = {
        {"started", (int64_t)report->started},
        {"ended", (int64_t)report->ended},
        {"never_started", report->never_started},
        {"skipped", (int64_t)report->skipped},
        {"cap_waits", (int64_t)report->cap_waits},
        {"stream_waits", (int64_t)report->stream_waits},
        {"stream_limit", report->stream_limit},
        {"h2_refused", (int64_t)report->h2_refused},
        {"connections", (int64_t)report->connections},
        {"connections_failed", (int64_t)report->connections_failed},
        {"connections_unrecorded", (int64_t)report->connections_unrecorded},
        {"reused", (int64_t)report->reused},
        {"resent_stale", (int64_t)report->resent_stale},
        {"tls_handshakes", (int64_t)report->tls_handshakes},
        {"tls_resumed", (int64_t)report->tls_resumed},
        {"tls_failed", (int64_t)report->tls_failed},
        {"tls_allocations", (int64_t)report->tls_allocations},
        {"tls_beyond_pool", (int64_t)report->tls_beyond_pool},
        {"kernel_stamps", (int64_t)report->kernel_stamps},
        {"user_stamps", (int64_t)report->user_stamps},
        {"clock_steps", (int64_t)report->clock_steps},
        {"sent_stamps", (int64_t)report->sent_stamps},
        {"sent_steps", (int64_t)report->sent_steps},
        {"run_delay_ns", report->run_delay_ns},
        {"cpu_ns", report->cpu_ns},
        {"fifo", report->fifo},
        {"spin_ns", report->spin_ns},
        {"fifo_given_up", (int64_t)report->given_up_windows},
    };
    char key[48];
    int failed = 0;

    for (size_t i = 0; i < COUNT_OF(rows) && failed == 0; i++) {
        (void)snprintf(key, sizeof key, "%s.%u", rows[i].name, trial);
        failed = run_meta(r, err, key, "%" PRId64, rows[i].value);
    }
    return failed;
}

/* When the last request is due, since the trial's start; TIME_NONE: answers decide. */
static int64_t last_due(const struct load_config *c)
{
    if (c->concurrency || c->schedule->after_count > 0)
        return TIME_NONE;
    return c->count ? c->schedule->items[c->first + c->count - 1].at_ns : TIME_NONE;
}

static double planned_seconds(const struct load_config *c)
{
    return (double)(c->duration_ns ? c->duration_ns : i64_max(last_due(c), 0)) / NS_PER_S;
}

/* A failure of the load engine is of the environment; what was recorded before it is kept. */
static int execute(struct run *r, const struct load_config *c, struct load_report *report,
                   struct err *err)
{
    double planned = planned_seconds(c);
    struct recorder recorder = {
        .store = r->store,
        .probes = r->probes,
        .off = {r->io_cpus, c->threads},
        .options = r->options,
        .control = r->control,
        .progress = {.planned_s = planned,
                     .trial = c->trial + 1,
                     .trials = r->trials,
                     .scheduled = c->count,
                     .in_one_piece = !c->stream,
                     .offered_per_s = c->concurrency ? 0 : c->schedule->offered_per_s},
        .start_ns = c->start_ns,
        .last_due_ns = last_due(c) != TIME_NONE ? c->start_ns + last_due(c) : TIME_NONE,
    };
    struct err stop_err = {0};
    int failed = recorder_start(&recorder, err), stopped;

    if (failed < 0)
        return failed;
    failed = load_run(report, c, &r->control->load, err);
    stopped = recorder_stop(&recorder, &stop_err);
    if (failed == 0 && stopped < 0) {
        failed = stopped;
        *err = stop_err;
    }
    return failed;
}

/* A closed loop that ran out of items did not last as long as the plan says. */
static int note_short_loop(struct run *r, const struct load_config *c,
                           const struct load_report *report, struct err *err)
{
    char text[160];

    if (!c->concurrency || c->duration_ns == 0 || report->started < c->count ||
        report->end_ns >= c->start_ns + c->duration_ns)
        return 0;
    (void)snprintf(text, sizeof text,
                   "trial %u: all %zu items of the closed loop were sent before load.duration was "
                   "over; say load.requests",
                   c->trial + 1, c->count);
    run_say(r, "%s", text);
    return store_note(r->store, report->end_ns - r->anchor.mono_ns, "items_ended", text, err);
}

int run_trial(struct run *r, struct step *s, uint32_t trial, struct err *err)
{
    struct ring *rings[RUN_MAX_THREADS];
    struct load_config config = run_load_config(r, s, trial);
    struct load_report report = {0};
    int64_t start = config.start_ns - r->anchor.mono_ns, last_due_ns = TIME_NONE;
    int failed =
        store_trial_begin(r->store, config.trial, start, s->first_item + (uint32_t)config.first,
                          (uint32_t)config.count, s->plan->trials.reset, err);

    config.rings = rings;
    for (int32_t i = 0; i < config.threads; i++)
        rings[i] = store_ring(r->store, i);
    if (failed == 0)
        failed = store_flush(r->store, err);
    probes_phase(r->probes, config.start_ns, "trial %u", config.trial);
    if (failed == 0)
        failed = execute(r, &config, &report, err);
    if (failed < 0)
        return failed;
    probes_phase(r->probes, report.end_ns, "between");
    if (last_due(&config) != TIME_NONE)
        last_due_ns = start + last_due(&config);
    failed = store_trial_end(r->store, config.trial, report.end_ns - r->anchor.mono_ns, last_due_ns,
                             run_interrupted(r->control) ? "interrupted" : "complete", err);
    if (failed == 0)
        failed = put_report(r, config.trial, &report, err);
    return failed < 0 ? failed : note_short_loop(r, &config, &report, err);
}
