/* SPDX-License-Identifier: Apache-2.0 */
#include "run/run.h"
#include "asrun/asrun.h"
#include "base/clock.h"
#include "base/fs.h"
#include "plan/schedule.h"
#include "run/calibrate.h"
#include "record/fact_list.h"
#include "run/recorder.h"
#include "run/request.h"
#include "run/target.h"
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { RING_RECORDS = 1 << 19, MAX_THREADS = 64 };
static const int64_t LEAD_NS = 300 * NS_PER_MS; /* threads start and render ahead before zero */

struct run {
    const struct plan *plan;
    const struct run_options *options;
    struct run_control *control;
    struct schedule *schedule;
    struct fact_list facts;
    struct target target;
    struct requests requests;
    struct clock_anchor anchor;
    struct store *store;
    char run_id[9];
};

void run_interrupt(struct run_control *c)
{
    if (c->load.stop < 2)
        c->load.stop++;
}

bool run_interrupted(const struct run_control *c)
{
    return c->load.stop > 0;
}

static void run_release(struct run *r)
{
    store_close(r->store);
    requests_release(&r->requests);
    target_release(&r->target);
    fact_list_release(&r->facts);
    schedule_free(r->schedule);
}
DEFINE_AUTO_HELD(struct run, run_release)

static void PRINTF_LIKE(2, 3) say(struct run *r, const char *fmt, ...)
{
    char text[300];
    va_list ap;

    if (!r->options->message)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    r->options->message(r->options->ctx, text);
}

static int declared_facts(struct run *r)
{
    const struct plan *p = r->plan;
    int failed = 0;

    for (size_t i = 0; i < p->declare_count && failed == 0; i++)
        failed = fact_list_put(&r->facts, "declared", p->declare[i].key, "plan", KNOWN_DECLARED,
                               "%s", p->declare[i].value);
    for (size_t i = 0; i < r->options->fact_count && failed == 0; i++)
        failed = fact_list_add(&r->facts, &r->options->facts[i]);
    return failed;
}

/* Found out before the target is asked anything. */
static int check_output(const char *path, struct err *err)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');

    (void)snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1,
                   slash ? path : ".");
    if (fs_exists(path))
        return err_set(err, -EINVAL, "%s exists; evidence is never overwritten: name another file",
                       path);
    if (access(folder, W_OK) < 0)
        return err_set(err, -EINVAL, "%s: no file can be written to %s: %s", path, folder,
                       strerror(errno));
    return 0;
}

/* Everything that is known before the first request, and all that can fail before it. */
static int prepare(struct run *r, struct err *err)
{
    struct fact_sink sink = fact_list_sink(&r->facts);
    struct prompt_calibration calibration = {.tokens_per_word = 1};
    uint32_t id = 0;
    int failed = check_output(r->options->out_path, err);

    if (failed == 0)
        failed = schedule_build(&r->schedule, r->plan, err);
    if (failed == 0 && getrandom(&id, sizeof id, 0) != sizeof id)
        failed = err_set(err, -EIO, "getrandom: %s", strerror(errno));
    (void)snprintf(r->run_id, sizeof r->run_id, "%08x", id);
    if (failed == 0)
        failed = probe_host(&sink, err);
    if (failed == 0 && declared_facts(r) < 0)
        failed = err_set(err, -ENOMEM, "out of memory for facts");
    if (failed == 0)
        failed = target_open(&r->target, r->plan, &r->facts, err);
    if (failed == 0)
        failed = target_require(r->plan, &r->facts, err);
    if (failed == 0) {
        say(r, "target %s: %s %s", r->plan->target.url, engine_name(r->target.probe.engine),
            r->target.probe.version);
        failed = !r->plan->calibrate ? 0
                                     : calibrate_prompts(&calibration, r->plan, &r->target,
                                                         r->schedule, &r->facts, err);
    }
    if (failed == 0)
        failed = requests_init(&r->requests, r->plan,
                               &(struct request_access){.base = &r->target.url,
                                                        .key = r->target.key,
                                                        .headers = r->target.headers.data,
                                                        .shape = r->target.shape},
                               r->schedule, &calibration, r->run_id, err);
    return failed;
}

static int put_facts(struct run *r, struct err *err)
{
    int failed = 0;

    for (size_t i = 0; i < r->facts.count && failed == 0; i++)
        failed = store_fact(r->store, &r->facts.items[i], err);
    return failed;
}

static int put_meta_f(struct run *r, struct err *err, const char *key, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

static int put_meta_f(struct run *r, struct err *err, const char *key, const char *fmt, ...)
{
    char text[128];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return store_meta(r->store, key, text, err);
}

/* Plan, digests and facts are durable when this returns 0. */
static int begin(struct run *r, struct err *err)
{
    const struct plan *p = r->plan;
    struct digest prompts;
    struct digest_hex plan_hex, schedule_hex, prompts_hex;
    int failed = requests_digest(&prompts, &r->requests, err);

    if (failed < 0)
        return failed;
    plan_hex = digest_hex(&p->digest);
    schedule_hex = digest_hex(&r->schedule->digest);
    prompts_hex = digest_hex(&prompts);
    r->anchor = clock_anchor_take();
    failed = store_create(&r->store, r->options->out_path, p->load.threads, RING_RECORDS, err);
    if (failed == 0)
        failed =
            store_begin(r->store,
                        &(struct store_begin){.plan = p->effective,
                                              .anchor = r->anchor,
                                              .plan_digest = plan_hex.text,
                                              .schedule_digest = schedule_hex.text,
                                              .prompts_digest = prompts_hex.text,
                                              .scheduled = (uint32_t)r->schedule->count,
                                              .trials = (uint32_t)r->schedule->trials,
                                              .closed_loop = p->load.arrivals == ARRIVALS_CLOSED,
                                              .asrun_version = asrun_version()},
                        err);
    if (failed == 0)
        failed = store_meta(r->store, "run_id", r->run_id, err);
    if (failed == 0)
        failed = put_meta_f(r, err, "prompts.shared_overhead", "%d",
                            r->requests.calibration.shared_overhead);
    if (failed == 0)
        failed = put_facts(r, err);
    return failed == 0 ? store_flush(r->store, err) : failed;
}

/* Slots of the trial's closed loop; 0: an open loop. */
static int32_t slots_of(const struct plan *p, uint32_t trial)
{
    if (trial == (uint32_t)p->trials.count)
        return p->load.capacity_concurrency;
    return p->load.arrivals == ARRIVALS_CLOSED ? p->load.concurrency : 0;
}

static struct load_config load_config_for(struct run *r, uint32_t trial, struct ring **rings)
{
    const struct plan *p = r->plan;
    const struct schedule *s = r->schedule;

    for (int i = 0; i < p->load.threads; i++)
        rings[i] = store_ring(r->store, i);
    return (struct load_config){
        .schedule = s,
        .first = s->trial_first[trial],
        .count = s->trial_first[trial + 1] - s->trial_first[trial],
        .trial = trial,
        .start_ns = clock_mono_ns() + LEAD_NS,
        .concurrency = slots_of(p, trial),
        .max_in_flight = p->load.max_in_flight,
        .duration_ns = trial < (uint32_t)p->trials.count && p->load.arrivals == ARRIVALS_CLOSED
                           ? p->load.duration_ns
                           : 0,
        .timeout_ns = p->load.timeout_ns,
        .connect_timeout_ns = p->load.connect_timeout_ns,
        .stall_timeout_ns = p->load.stall_timeout_ns,
        .drain_timeout_ns = p->load.drain_timeout_ns,
        .resend_stale = p->load.resend == RESEND_STALE,
        .keep = p->target.keep_alive == TRI_YES  ? LOAD_KEEP_ALWAYS
                : p->target.keep_alive == TRI_NO ? LOAD_KEEP_NEVER
                                                 : LOAD_KEEP_AUTO,
        .stream = p->target.stream,
        .target = r->target.address,
        .render = {requests_render, &r->requests, r->requests.max_bytes},
        .rings = rings,
        .threads = p->load.threads,
        .cpus = r->options->io_cpus,
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
        {"cap_waits", (int64_t)report->cap_waits},
        {"connections", (int64_t)report->connections},
        {"reused", (int64_t)report->reused},
        {"resent_stale", (int64_t)report->resent_stale},
        {"tls_handshakes", (int64_t)report->tls_handshakes},
        {"tls_resumed", (int64_t)report->tls_resumed},
        {"tls_failed", (int64_t)report->tls_failed},
        {"tls_allocations", (int64_t)report->tls_allocations},
        {"kernel_stamps", (int64_t)report->kernel_stamps},
        {"user_stamps", (int64_t)report->user_stamps},
        {"clock_steps", (int64_t)report->clock_steps},
        {"run_delay_ns", report->run_delay_ns},
        {"cpu_ns", report->cpu_ns},
        {"fifo", report->fifo},
    };
    char key[48];
    int failed = 0;

    for (size_t i = 0; i < COUNT_OF(rows) && failed == 0; i++) {
        (void)snprintf(key, sizeof key, "%s.%u", rows[i].name, trial);
        failed = put_meta_f(r, err, key, "%" PRId64, rows[i].value);
    }
    return failed;
}

static double planned_seconds(const struct run *r, const struct load_config *c)
{
    const struct item *last = c->count ? &r->schedule->items[c->first + c->count - 1] : NULL;

    if (last && last->trigger == TRIGGER_AT)
        return (double)last->at_ns / NS_PER_S;
    return (double)c->duration_ns / NS_PER_S;
}

/* A failure of the load engine is of the environment; what was recorded before it is kept. */
static int execute(struct run *r, const struct load_config *c, uint32_t trial,
                   struct load_report *report, struct err *err)
{
    double planned = planned_seconds(r, c);
    struct recorder recorder = {
        .store = r->store,
        .options = r->options,
        .control = r->control,
        .progress = {.planned_s = planned,
                     .trial = trial + 1,
                     .trials = (uint32_t)r->schedule->trials,
                     .scheduled = c->count,
                     .offered_per_s = c->concurrency ? 0 : r->schedule->offered_per_s},
        .start_ns = c->start_ns,
        .last_due_ns =
            c->concurrency ? TIME_NONE : c->start_ns + (int64_t)(planned * (double)NS_PER_S),
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

    if (c->duration_ns == 0 || report->started < c->count ||
        report->end_ns >= c->start_ns + c->duration_ns)
        return 0;
    (void)snprintf(text, sizeof text,
                   "trial %u: all %zu items of the closed loop were sent before load.duration was "
                   "over; say load.requests",
                   c->trial + 1, c->count);
    say(r, "%s", text);
    return store_note(r->store, report->end_ns - r->anchor.mono_ns, "items_ended", text, err);
}

static int run_trial(struct run *r, uint32_t trial, struct err *err)
{
    struct ring *rings[MAX_THREADS];
    struct load_config config = load_config_for(r, trial, rings);
    struct load_report report = {0};
    int64_t start = config.start_ns - r->anchor.mono_ns, last_due = TIME_NONE;
    int failed = store_trial_begin(r->store, trial, start, (uint32_t)config.first,
                                   (uint32_t)config.count, r->plan->trials.reset, err);

    if (failed == 0)
        failed = store_flush(r->store, err);
    if (failed == 0)
        failed = execute(r, &config, trial, &report, err);
    if (failed < 0)
        return failed;
    if (!config.concurrency && config.count)
        last_due = start + r->schedule->items[config.first + config.count - 1].at_ns;
    failed = store_trial_end(r->store, trial, report.end_ns - r->anchor.mono_ns, last_due,
                             run_interrupted(r->control) ? "interrupted" : "complete", err);
    if (failed == 0)
        failed = put_report(r, trial, &report, err);
    return failed < 0 ? failed : note_short_loop(r, &config, &report, err);
}

static void pause_between(const struct run *r)
{
    int64_t until = clock_mono_ns() + r->plan->trials.pause_ns;
    const struct timespec step = {.tv_nsec = 50 * NS_PER_MS};

    while (clock_mono_ns() < until && !run_interrupted(r->control))
        (void)nanosleep(&step, NULL);
}

static int run_trials(struct run *r, struct err *err)
{
    int failed = 0;

    for (uint32_t t = 0; t < r->schedule->trials && failed == 0; t++) {
        if (run_interrupted(r->control))
            break;
        if (t > 0)
            pause_between(r);
        failed = run_trial(r, t, err);
    }
    return failed;
}

/* Seals the evidence, also when a trial failed: what was recorded before it is kept. Returns
 * @failed, or what went wrong here. */
static int finish(struct run *r, int failed, struct err *err)
{
    int64_t now = clock_mono_ns() - r->anchor.mono_ns;
    bool whole = failed == 0 && !run_interrupted(r->control);
    struct err own = {0};
    int sealed = 0;

    if (!whole)
        sealed = store_note(r->store, now, "interrupted",
                            failed < 0 ? err->text : "stopped by the user", &own);
    if (sealed == 0)
        sealed = store_finish(r->store, whole ? "complete" : "interrupted", &own);
    if (failed == 0 && sealed < 0)
        *err = own;
    return failed < 0 ? failed : sealed;
}

int run_plan(const struct plan *p, const struct run_options *o, struct run_control *c,
             struct err *err)
{
    AUTO(run_release) struct run r = {.plan = p, .options = o, .control = c};
    int failed;

    if (p->load.threads > MAX_THREADS)
        return err_set(err, -EINVAL, "load.threads: %d; at most %d", p->load.threads, MAX_THREADS);
    failed = prepare(&r, err);
    if (failed == 0)
        failed = begin(&r, err);
    if (failed < 0)
        return failed;
    return finish(&r, run_trials(&r, err), err);
}
