/* SPDX-License-Identifier: Apache-2.0 */
#include "run/recorder.h"
#include "base/clock.h"
#include <string.h>
#include <time.h>

enum { PUMP_MS = 20, PUMPS_A_PROGRESS = 5 };

static void pump(struct recorder *r)
{
    struct err err = {0};
    int failure = probes_drain(r->probes, r->store, &err);

    if (failure == 0)
        failure = store_pump(r->store, clock_mono_ns(), &err);
    if (failure < 0 && r->failure == 0) {
        r->failure = failure;
        r->err = err;
    } else if (failure == 0)
        r->failure = 0; /* a retry brought everything into the store after all */
}

static void report(struct recorder *r)
{
    struct run_progress *p = &r->progress;
    int64_t now = clock_mono_ns();

    if (!r->options->progress)
        return;
    store_live(r->store, &p->live);
    p->elapsed_s = (double)i64_max(now - r->start_ns, 0) / NS_PER_S;
    p->started = p->live.started - r->started_before;
    p->ended = p->live.ended - r->ended_before;
    p->achieved_per_s = p->elapsed_s > 0.5 ? (double)p->ended / p->elapsed_s : 0;
    p->phase = run_interrupted(r->control)                           ? "stopping"
               : now < r->start_ns                                   ? "starting"
               : r->last_due_ns != TIME_NONE && now > r->last_due_ns ? "draining"
                                                                     : "load";
    r->options->progress(r->options->ctx, p);
}

static void *recorder_main(void *arg)
{
    const struct timespec pause = {.tv_nsec = PUMP_MS * NS_PER_MS};
    struct recorder *r = arg;

    for (int i = 0; !r->done; i++) {
        pump(r);
        if (i % PUMPS_A_PROGRESS == 0)
            report(r);
        (void)nanosleep(&pause, NULL);
    }
    return NULL;
}

int recorder_start(struct recorder *r, struct err *err)
{
    struct store_live live;
    int code;

    store_live(r->store, &live);
    r->started_before = live.started;
    r->ended_before = live.ended;
    r->done = false;
    code = aside_start(&r->thread, &r->off, recorder_main, r);
    return code ? err_set(err, -code, "recorder thread: %s", strerror(code)) : 0;
}

int recorder_stop(struct recorder *r, struct err *err)
{
    r->done = true;
    (void)pthread_join(r->thread, NULL);
    return store_flush(r->store, err);
}
