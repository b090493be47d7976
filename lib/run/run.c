/* SPDX-License-Identifier: Apache-2.0 */
#include "run/inside.h"
#include "asrun/asrun.h"
#include "base/cpus.h"
#include "base/fs.h"
#include "run/calibrate.h"
#include "run/selftest.h"
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { RING_RECORDS = 1 << 19 };

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
    watch_close(r->watch); /* it writes into the store's spool */
    store_close(r->store);
    requests_release(&r->requests);
    target_release(&r->target);
    fact_list_release(&r->facts);
    schedule_free(r->schedule);
}
DEFINE_AUTO_HELD(struct run, run_release)

void run_say(struct run *r, const char *fmt, ...)
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

int run_meta(struct run *r, struct err *err, const char *key, const char *fmt, ...)
{
    char text[128];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return store_meta(r->store, key, text, err);
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

static int test_self(struct run *r, struct err *err)
{
    const struct selftest t = {.plan = r->plan,
                               .schedule = r->schedule,
                               .io_cpus = r->io_cpus,
                               .control = &r->control->load};
    char says[300];
    int failed = selftest_run(&t, &r->facts, says, sizeof says, err);

    if (failed == 0 && says[0])
        run_say(r, "%s", says);
    return failed;
}

/* Everything that is known before the first request, and all that can fail before it. */
static int prepare(struct run *r, struct err *err)
{
    struct fact_sink sink = fact_list_sink(&r->facts);
    struct prompt_calibration calibration = {.tokens_per_word = 1};
    uint32_t id = 0;
    int failed = check_output(r->options->out_path, err);

    if (failed == 0)
        failed = watch_open(&r->watch, r->plan, err);
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
        run_say(r, "target %s: %s %s", r->plan->target.url, engine_name(r->target.probe.engine),
                r->target.probe.version);
        failed = !r->plan->calibrate ? 0
                                     : calibrate_prompts(&calibration, r->plan, &r->target,
                                                         r->schedule, &r->facts, err);
    }
    if (failed == 0)
        failed = requests_init(&r->requests, r->plan,
                               &(struct request_access){.base = &r->target.url,
                                                        .key = r->target.key,
                                                        .whole_url = r->target.route.proxy[0],
                                                        .headers = r->target.headers.data,
                                                        .shape = r->target.shape},
                               r->schedule, &calibration, r->run_id, err);
    if (failed == 0)
        failed = run_limits(r, err);
    return failed < 0 ? failed : test_self(r, err);
}

static int put_facts(struct run *r, struct err *err)
{
    int failed = 0;

    for (size_t i = 0; i < r->facts.count && failed == 0; i++)
        failed = store_fact(r->store, &r->facts.items[i], err);
    return failed;
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
    failed = store_create(&r->store, r->options->out_path, p->load.threads + (r->watch ? 1 : 0),
                          RING_RECORDS, err);
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
                                              .wire = r->watch != NULL,
                                              .asrun_version = asrun_version()},
                        err);
    if (failed == 0)
        failed = store_meta(r->store, "run_id", r->run_id, err);
    if (failed == 0)
        failed = run_meta(r, err, "prompts.shared_overhead", "%d",
                          r->requests.calibration.shared_overhead);
    if (failed == 0)
        failed = put_facts(r, err);
    return failed == 0 ? store_flush(r->store, err) : failed;
}

/* From here on the store's last ring is the watching thread's. */
static int begin_watch(struct run *r, struct err *err)
{
    const struct watch_run w = {.run_id = r->run_id,
                                .reply = &r->requests.reply,
                                .address = (const struct sockaddr *)&r->target.address.address,
                                .scheduled = (uint32_t)r->schedule->count,
                                .anchor = r->anchor,
                                .off = {r->io_cpus, r->plan->load.threads}};

    return r->watch ? watch_start(r->watch, &w, store_ring(r->store, r->plan->load.threads), err)
                    : 0;
}

/* Where packets were dropped the wire's series has holes. */
static int end_watch(struct run *r, struct err *err)
{
    uint64_t dropped = 0;
    int failed = watch_finish(r->watch, r->store, &dropped, err);

    if (failed == 0 && dropped > 0)
        run_say(r,
                "witness: %" PRIu64 " packets found the capture full; what they carried is "
                "missing in the wire's series",
                dropped);
    return failed;
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
    int sealed = end_watch(r, &own);

    if (sealed == 0 && !whole)
        sealed = store_note(r->store, now, "interrupted",
                            failed < 0 ? err->text : "stopped by the user", &own);
    if (sealed == 0)
        sealed = store_finish(r->store, whole ? "complete" : "interrupted", &own);
    if (failed == 0 && sealed < 0)
        *err = own;
    return failed < 0 ? failed : sealed;
}

/* What the plan says goes before what whoever started the target would like. */
static void choose_cpus(struct run *r)
{
    const char *planned = r->plan->load.cpus;

    r->io_cpus = r->options->io_cpus;
    if (*planned && cpus_parse(r->planned_cpus, RUN_MAX_THREADS, planned) == r->plan->load.threads)
        r->io_cpus = r->planned_cpus;
}

int run_plan(const struct plan *p, const struct run_options *o, struct run_control *c,
             struct err *err)
{
    AUTO(run_release) struct run r = {.plan = p, .options = o, .control = c};
    int failed;

    if (p->load.threads > RUN_MAX_THREADS)
        return err_set(err, -EINVAL, "load.threads: %d; at most %d", p->load.threads,
                       RUN_MAX_THREADS);
    choose_cpus(&r);
    failed = prepare(&r, err);
    if (failed == 0)
        failed = begin(&r, err);
    if (failed < 0)
        return failed;
    failed = begin_watch(&r, err);
    return finish(&r, failed < 0 ? failed : run_trials(&r, err), err);
}
