/* SPDX-License-Identifier: Apache-2.0 */
#include "run/inside.h"
#include "asrun/asrun.h"
#include "base/fs.h"
#include "base/str.h"
#include "run/selftest.h"
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
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
    probes_close(r->probes);
    watch_close(r->watch); /* it writes into the store's spool */
    store_close(r->store);
    for (size_t i = 0; i < r->step_count; i++)
        step_free(r->steps[i]);
    for (size_t i = 0; i < r->endpoint_count; i++)
        endpoint_free(r->endpoints[i]);
    free(r->steps);
    free(r->endpoints);
    fact_list_release(&r->facts);
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

static int host_facts(struct run *r, struct err *err)
{
    struct fact_sink sink = fact_list_sink(&r->facts);
    int failed = probe_host(&sink, err);

    for (size_t i = 0; i < r->options->fact_count && failed == 0; i++)
        if (fact_list_add(&r->facts, &r->options->facts[i]) < 0)
            failed = err_set(err, -ENOMEM, "out of memory for facts");
    return failed;
}

/* The steps that are known beforehand: all of a sweep, the first of a search. */
static int plan_steps(struct run *r, struct err *err)
{
    const struct plan *p = r->plan;
    struct plan_step set;
    int failed = 0;

    if (!plan_has_steps(p))
        return step_plan(r, NULL, "", err);
    if (p->search.key != SEARCH_NOTHING) {
        plan_search_step(&set, p, p->search.from_load, 0);
        return step_plan(r, &set, "where the search begins", err);
    }
    for (size_t i = 0; i < plan_sweep_steps(p) && failed == 0; i++) {
        plan_sweep_step(&set, p, i);
        failed = step_plan(r, &set, "", err);
    }
    return failed;
}

/* The step that asks most of the client; of a search its highest load. */
static int hardest_step(const struct step **ret, struct step *own, struct run *r, struct err *err)
{
    double most = -1;

    if (r->plan->search.key != SEARCH_NOTHING) {
        struct plan_step set;
        int failed;

        plan_search_step(&set, r->plan, r->plan->search.to_load, 0);
        failed = plan_of_step(&own->own_plan, r->plan, &set, err);
        own->plan = own->own_plan;
        *ret = own;
        return failed < 0 ? failed : schedule_build(&own->schedule, own->plan, err);
    }
    for (size_t i = 0; i < r->step_count; i++) {
        struct selftest_load l;

        selftest_load(&l, r->steps[i]->plan, r->steps[i]->schedule);
        if (l.events_per_s > most) {
            most = l.events_per_s;
            *ret = r->steps[i];
        }
    }
    return 0;
}

static int test_self(struct run *r, struct err *err)
{
    AUTO(step_release) struct step own = {0};
    const struct step *s = NULL;
    char says[300] = "";
    int failed = hardest_step(&s, &own, r, err);

    if (failed == 0) {
        struct selftest t = {
            .plan = s->plan, .schedule = s->schedule, .control = &r->control->load};

        step_cpus(r, s->plan);
        t.io_cpus = r->io_cpus;
        failed = selftest_run(&t, &r->facts, says, sizeof says, err);
    }
    if (failed == 0 && says[0])
        run_say(r, "%s", says);
    return failed;
}

/* The packets beside a run are those of one target. */
static int check_watch(const struct run *r, struct err *err)
{
    return r->watch && r->endpoint_count > 1
               ? err_set(err, -EINVAL, "load.witness: packets are watched of one target only")
               : 0;
}

/* Everything that is known before the first request, and all that can fail before it. */
static int prepare(struct run *r, struct err *err)
{
    uint32_t id = 0;
    int failed = check_output(r->options->out_path, err);

    if (failed == 0)
        failed = watch_open(&r->watch, r->plan, err);
    if (failed == 0)
        failed = plan_steps(r, err);
    if (failed == 0 && getrandom(&id, sizeof id, 0) != sizeof id)
        failed = err_set(err, -EIO, "getrandom: %s", strerror(errno));
    (void)snprintf(r->run_id, sizeof r->run_id, "%08x", id);
    if (failed == 0)
        failed = host_facts(r, err);
    for (size_t i = 0; i < r->step_count && failed == 0; i++)
        failed = step_open(r, r->steps[i], err);
    if (failed == 0)
        failed = check_watch(r, err);
    if (failed == 0)
        failed = run_probes(r, err);
    if (failed == 0)
        failed = run_require(r, err);
    if (failed == 0)
        failed = run_limits(r, err);
    return failed < 0 ? failed : test_self(r, err);
}

/* Facts of one of several targets carry its number: "target#2". */
static int put_facts(struct run *r, struct err *err)
{
    int failed = 0;

    for (size_t i = 0; i < r->facts.count && failed == 0; i++)
        failed = store_fact(r->store, &r->facts.items[i], err);
    for (size_t k = 0; k < r->endpoint_count; k++)
        for (size_t i = 0; i < r->endpoints[k]->facts.count && failed == 0; i++) {
            struct fact f = r->endpoints[k]->facts.items[i];
            char scope[40];

            (void)snprintf(scope, sizeof scope, "%s#%zu", f.scope, k + 1);
            if (r->endpoint_count > 1)
                f.scope = scope;
            failed = store_fact(r->store, &f, err);
        }
    return failed;
}

/* Of one step its own digest; of several, SHA-256 over theirs in hex, one after the other. */
static struct digest together(const struct run *r, bool prompts)
{
    AUTO(str_release) struct str all = {0};

    for (size_t i = 0; i < r->step_count; i++)
        str_add(&all,
                digest_hex(prompts ? &r->steps[i]->prompts : &r->steps[i]->schedule->digest).text);
    if (r->step_count == 1 || !str_ok(&all))
        return prompts ? r->steps[0]->prompts : r->steps[0]->schedule->digest;
    return digest_of(all.data, all.len);
}

/* A search's steps are not known yet: there is room for as many items as asrun takes. */
static uint32_t room_of(const struct run *r)
{
    return r->plan->search.key != SEARCH_NOTHING ? SCHEDULE_MAX_ITEMS : r->items;
}

static int begin_store(struct run *r, struct err *err)
{
    const struct plan *p = r->plan;
    struct digest schedule = together(r, false), prompts = together(r, true);
    struct digest_hex plan_hex = digest_hex(&p->digest), schedule_hex = digest_hex(&schedule),
                      prompts_hex = digest_hex(&prompts);
    int failed;

    for (size_t i = 0; i < r->step_count; i++)
        if (r->steps[i]->plan->load.threads > r->threads)
            r->threads = r->steps[i]->plan->load.threads;
    r->anchor = clock_anchor_take();
    failed = store_create(&r->store, r->options->out_path, r->threads + (r->watch ? 1 : 0),
                          RING_RECORDS, err);
    if (failed < 0)
        return failed;
    return store_begin(r->store,
                       &(struct store_begin){.plan = p->effective,
                                             .anchor = r->anchor,
                                             .plan_digest = plan_hex.text,
                                             .schedule_digest = schedule_hex.text,
                                             .prompts_digest = prompts_hex.text,
                                             .scheduled = room_of(r),
                                             .trials = r->trials,
                                             .closed_loop = p->load.arrivals == ARRIVALS_CLOSED,
                                             .wire = r->watch != NULL,
                                             .asrun_version = asrun_version()},
                       err);
}

/* Plan, digests and facts are durable when this returns 0. */
static int begin(struct run *r, struct err *err)
{
    int failed = begin_store(r, err);

    if (failed == 0)
        failed = store_meta(r->store, "run_id", r->run_id, err);
    if (failed == 0)
        failed = run_meta(r, err, "prompts.shared_overhead", "%d",
                          r->steps[0]->requests.calibration.shared_overhead);
    for (size_t i = 0; i < r->step_count && failed == 0; i++)
        failed = step_declare(r, i, err);
    if (failed == 0)
        failed = put_facts(r, err);
    return failed == 0 ? store_flush(r->store, err) : failed;
}

/* From here on the store's last ring is the watching thread's. */
static int begin_watch(struct run *r, struct err *err)
{
    const struct target *t = &r->endpoints[0]->target;
    struct watch_run w = {.run_id = r->run_id,
                          .reply = &r->steps[0]->requests.reply,
                          .address = (const struct sockaddr *)&t->address.address,
                          .scheduled = room_of(r),
                          .anchor = r->anchor};

    w.off = (struct aside){r->io_cpus, r->steps[0]->plan->load.threads};
    return r->watch ? watch_start(r->watch, &w, store_ring(r->store, r->threads), err) : 0;
}

static int begin_probes(struct run *r, struct err *err)
{
    const struct aside off = {r->io_cpus, r->steps[0]->plan->load.threads};

    return probes_start(r->probes, r->anchor.mono_ns, &off, err);
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

static int run_steps(struct run *r, struct err *err)
{
    int failed = 0;

    if (r->plan->search.key != SEARCH_NOTHING)
        return search_steps(r, err);
    for (size_t i = 0; i < r->step_count && failed == 0 && !run_interrupted(r->control); i++)
        failed = step_run(r, i, err);
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

    if (sealed == 0)
        sealed = probes_finish(r->probes, r->store, &own);
    if (sealed == 0 && !whole)
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

    failed = prepare(&r, err);
    if (failed == 0)
        failed = begin(&r, err);
    if (failed < 0)
        return failed;
    step_cpus(&r, r.steps[0]->plan);
    failed = begin_probes(&r, err); /* first: what finish() ends must have begun */
    if (failed == 0)
        failed = begin_watch(&r, err);
    return finish(&r, failed < 0 ? failed : run_steps(&r, err), err);
}
