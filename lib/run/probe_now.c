/* SPDX-License-Identifier: Apache-2.0 */
#include "run/probe_now.h"
#include "asrun/asrun.h"
#include "base/clock.h"
#include "run/inside.h"
#include <stdio.h>
#include <time.h>

enum { RING_RECORDS = 64 };

struct now {
    const struct probe_now *options;
    struct fact_list facts;
    struct target target;
    struct probes *probes;
    struct store *store;
    struct clock_anchor anchor;
    struct probed probed;
};

static void now_release(struct now *n)
{
    probes_close(n->probes);
    store_close(n->store);
    target_release(&n->target);
    fact_list_release(&n->facts);
}
DEFINE_AUTO_HELD(struct now, now_release)

static int open_target(struct now *n, struct err *err)
{
    int failed = target_open(&n->target, n->options->plan, &n->facts, err);

    if (failed == 0 && target_put_here(&n->target, &n->facts) < 0)
        failed = err_set(err, -ENOMEM, "out of memory for facts");
    return failed;
}

static int open_probes(struct now *n, struct err *err)
{
    const struct plan *p = n->options->plan;
    struct probes_setup setup = {.sources = probe_sources,
                                 .facts = &n->facts,
                                 .say = n->options->message,
                                 .say_ctx = n->options->ctx};

    setup.probe = probe_setup_of(p, n->options->target ? &n->target : NULL, 0, &n->probed);
    return probes_open(&n->probes, &setup, err);
}

static int begin(struct now *n, struct err *err)
{
    const struct plan *p = n->options->plan;
    struct digest_hex digest = digest_hex(&p->digest);
    int failed = store_create(&n->store, n->options->out_path, 1, RING_RECORDS, err);

    if (failed < 0)
        return failed;
    n->anchor = clock_anchor_take();
    failed = store_begin(n->store,
                         &(struct store_begin){.plan = p->effective,
                                               .anchor = n->anchor,
                                               .plan_digest = digest.text,
                                               .schedule_digest = "",
                                               .prompts_digest = "",
                                               .trials = 1,
                                               .asrun_version = asrun_version()},
                         err);
    for (size_t i = 0; i < n->facts.count && failed == 0; i++)
        failed = store_fact(n->store, &n->facts.items[i], err);
    return failed;
}

static int pump(struct now *n, struct err *err)
{
    int failed = probes_drain(n->probes, n->store, err);

    return failed < 0 ? failed : store_pump(n->store, clock_mono_ns(), err);
}

static int watch_for(struct now *n, struct run_control *c, struct err *err)
{
    const struct timespec step = {.tv_nsec = 20 * NS_PER_MS};
    const struct aside anywhere = {0};
    int64_t start, until;
    int failed = probes_start(n->probes, n->anchor.mono_ns, &anywhere, err);

    start = clock_mono_ns();
    until = start + n->options->for_ns;
    if (failed == 0)
        failed = store_trial_begin(n->store, 0, start - n->anchor.mono_ns, 0, 0, "none", err);
    probes_phase(n->probes, start, "trial 0");
    while (failed == 0 && clock_mono_ns() < until && !run_interrupted(c)) {
        (void)nanosleep(&step, NULL);
        failed = pump(n, err);
    }
    if (failed == 0)
        failed = store_trial_end(n->store, 0, clock_mono_ns() - n->anchor.mono_ns, TIME_NONE,
                                 run_interrupted(c) ? "interrupted" : "complete", err);
    return failed < 0 ? failed : probes_finish(n->probes, n->store, err);
}

int probe_now(const struct probe_now *o, struct run_control *c, struct err *err)
{
    AUTO(now_release) struct now n = {.options = o};
    struct fact_sink sink = fact_list_sink(&n.facts);
    int failed = probe_host(&sink, err);

    if (failed == 0 && o->target)
        failed = open_target(&n, err);
    if (failed == 0)
        failed = open_probes(&n, err);
    if (failed == 0)
        failed = begin(&n, err);
    if (failed == 0 && o->for_ns > 0)
        failed = watch_for(&n, c, err);
    return failed < 0 ? failed : store_finish(n.store, "complete", err);
}
