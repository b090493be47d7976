/* SPDX-License-Identifier: Apache-2.0 */
#include "load/worker.h"
#include "load/engine.h"
#include "load/loop_epoll.h"
#include "load/thread.h"
#include "load/tls.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

struct worker {
    struct crew *crew;
    struct loop_epoll *loop;
    struct engine *engine;
    pthread_t thread;
    struct load_report report;
};

struct crew {
    const struct load_config *config;
    struct load_control *control;
    _Atomic int abandon; /* a thread could not be started: the others stop at once */
    int32_t threads;
    struct worker workers[];
};

/* @cap shared out as evenly as whole numbers go. */
static int32_t share_of(int32_t cap, int32_t thread, int32_t threads)
{
    return cap / threads + (thread < cap % threads ? 1 : 0);
}

static int init_worker(struct worker *w, struct crew *crew, int32_t thread, int32_t cap,
                       struct err *err)
{
    struct engine_setup s = {.config = crew->config,
                             .thread = thread,
                             .threads = crew->threads,
                             .cap = share_of(cap, thread, crew->threads),
                             .ops = &loop_epoll_ops,
                             .ring = crew->config->rings[thread]};
    int r = loop_epoll_open(&w->loop, err);

    if (r < 0)
        return r;
    loop_epoll_target(w->loop, &crew->config->target);
    loop_epoll_stamp_sends(w->loop, crew->config->send_stamps);
    w->crew = crew;
    s.loop = w->loop;
    return engine_new(&w->engine, &s, err);
}

int crew_new(struct crew **ret, const struct load_config *config, int32_t threads, int32_t cap,
             struct err *err)
{
    AUTO(crew_free)
    struct crew *crew = calloc(1, sizeof *crew + (size_t)threads * sizeof crew->workers[0]);

    assert(threads > 0 && cap >= threads);
    if (!crew)
        return err_set(err, -ENOMEM, "load threads: out of memory");
    crew->config = config;
    crew->threads = threads;
    for (int32_t i = 0; i < threads; i++) {
        int r = init_worker(&crew->workers[i], crew, i, cap, err);

        if (r < 0)
            return r;
    }
    *ret = TAKE(crew);
    return 0;
}

void crew_free(struct crew *crew)
{
    if (!crew)
        return;
    for (int32_t i = 0; i < crew->threads; i++) {
        engine_free(crew->workers[i].engine);
        loop_epoll_close(crew->workers[i].loop);
    }
    free(crew);
}

static int stop_wanted(struct crew *crew)
{
    if (atomic_load_explicit(&crew->abandon, memory_order_relaxed))
        return 2;
    return atomic_load_explicit(&crew->control->stop, memory_order_relaxed);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    bool fifo = thread_prefer();
    struct thread_usage u;

    loop_epoll_enter(w->loop);
    if (w->crew->config->target.tls)
        tls_pool_enter((int32_t)(w - w->crew->workers));
    engine_set_wake(w->engine, thread_wake_lateness_ns());
    while (engine_step(w->engine, stop_wanted(w->crew)))
        ;
    u = thread_usage();
    w->report = *engine_report(w->engine);
    w->report.fifo = fifo;
    w->report.cpu_ns = u.cpu_ns;
    w->report.run_delay_ns = u.run_delay_ns;
    return NULL;
}

/* Pinned by its attributes, so that a CPU that cannot be had is an error, not a surprise. */
static int pin(pthread_attr_t *attr, int cpu)
{
    cpu_set_t set;

    if (cpu < 0 || cpu >= CPU_SETSIZE)
        return EINVAL;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return pthread_attr_setaffinity_np(attr, sizeof set, &set);
}

static int start_worker(struct worker *w, const int *cpu, struct err *err)
{
    pthread_attr_t attr;
    int r = pthread_attr_init(&attr);

    if (r == 0 && cpu)
        r = pin(&attr, *cpu);
    if (r == 0)
        r = pthread_create(&w->thread, &attr, work, w);
    (void)pthread_attr_destroy(&attr);
    if (r != 0 && cpu)
        return err_set(err, -r, "I/O thread on CPU %d: %s", *cpu, strerror(r));
    return r == 0 ? 0 : err_set(err, -r, "I/O thread: %s", strerror(r));
}

static void add(struct load_report *sum, const struct load_report *one)
{
    sum->started += one->started;
    sum->ended += one->ended;
    sum->stream_waits += one->stream_waits;
    if (one->stream_limit > 0 && (sum->stream_limit == 0 || one->stream_limit < sum->stream_limit))
        sum->stream_limit = one->stream_limit;
    sum->h2_refused += one->h2_refused;
    sum->cap_waits += one->cap_waits;
    sum->skipped += one->skipped;
    sum->connections += one->connections;
    sum->connections_failed += one->connections_failed;
    sum->connections_unrecorded += one->connections_unrecorded;
    sum->reused += one->reused;
    sum->resent_stale += one->resent_stale;
    sum->tls_handshakes += one->tls_handshakes;
    sum->tls_resumed += one->tls_resumed;
    sum->tls_failed += one->tls_failed;
    sum->tls_allocations += one->tls_allocations;
    sum->tls_beyond_pool += one->tls_beyond_pool;
    sum->kernel_stamps += one->kernel_stamps;
    sum->user_stamps += one->user_stamps;
    sum->clock_steps += one->clock_steps;
    sum->sent_stamps += one->sent_stamps;
    sum->sent_steps += one->sent_steps;
    sum->spin_ns = i64_max(sum->spin_ns, one->spin_ns);
    sum->given_up_windows += one->given_up_windows;
    sum->cpu_ns += one->cpu_ns;
    sum->never_started += one->never_started;
    sum->end_ns = i64_max(sum->end_ns, one->end_ns);
    sum->fifo &= one->fifo;
    if (one->run_delay_ns < 0 || sum->run_delay_ns < 0)
        sum->run_delay_ns = -1; /* a sum with a part missing is no sum */
    else
        sum->run_delay_ns += one->run_delay_ns;
}

int crew_run(struct load_report *ret, struct crew *crew, struct load_control *control,
             struct err *err)
{
    struct load_report sum = {.fifo = true};
    int32_t started = 0;
    int r = 0;

    crew->control = control;
    while (r == 0 && started < crew->threads) {
        const int *cpus = crew->config->cpus;

        r = start_worker(&crew->workers[started], cpus ? &cpus[started] : NULL, err);
        started += r == 0;
    }
    if (r < 0)
        atomic_store(&crew->abandon, 1);
    for (int32_t i = 0; i < started; i++) {
        (void)pthread_join(crew->workers[i].thread, NULL);
        add(&sum, &crew->workers[i].report);
    }
    if (r < 0)
        return r;
    *ret = sum;
    return 0;
}
