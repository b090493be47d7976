/* SPDX-License-Identifier: Apache-2.0 */
#include "run/probes.h"
#include "base/clock.h"
#include "base/vec.h"
#include "run/feed.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SLOTS_MAX = 32 };

struct phase {
    char name[24];
    int64_t time_ns;
};

struct slot { /* an open probe; all but @seen and @at_end belong to its thread while that runs */
    struct probes *all;
    const struct probe_ops *ops;
    struct probe *probe;
    pthread_t thread;
    bool running;
    size_t seen; /* phases it was told of */
    int64_t period_ns, due_ns, sampled_ns, started_ns;
    int64_t samples, missed, cpu_ns, lasted_ns;
    int failure; /* of a sample; it is sampled no more */
};

struct probes {
    struct feed *feed;
    struct probe_out out;
    struct probe_setup setup;
    struct slot slots[SLOTS_MAX];
    size_t slot_count;
    pthread_mutex_t lock; /* of the rest */
    pthread_cond_t woken;
    struct phase *phases;
    size_t phase_count, phase_cap;
    bool stop;
};

static int put_fact(struct probes *p, const char *name, const char *value, const char *unit,
                    const char *source)
{
    const struct fact f = {.scope = "probe",
                           .name = name,
                           .value = value,
                           .unit = unit,
                           .source = source,
                           .known = value ? KNOWN_MEASURED : KNOWN_UNKNOWN,
                           .time_ns = TIME_NONE};

    return p->out.facts.put(p->out.facts.ctx, &f);
}

static int put_number(struct slot *s, const char *what, double v, const char *unit,
                      const char *source)
{
    char name[64], value[32];

    (void)snprintf(name, sizeof name, "%s.%s", s->ops->name, what);
    (void)snprintf(value, sizeof value, "%.6g", v);
    return put_fact(s->all, name, value, unit, source);
}

static bool has_thread(const struct slot *s)
{
    return s->probe && (s->ops->sample || s->ops->phase);
}

static int open_slot(struct probes *p, const struct probe_ops *ops)
{
    struct slot *s = &p->slots[p->slot_count];
    struct err err = {0};
    int r;

    assert(p->slot_count < SLOTS_MAX);
    *s = (struct slot){.all = p, .ops = ops};
    r = ops->open(&s->probe, &p->setup, &p->out, &err);
    if (r < 0)
        return put_fact(p, ops->name, NULL, "", *err.text ? err.text : strerror(-r));
    p->slot_count++;
    s->period_ns = ops->period_ns ? ops->period_ns(&p->setup) : p->setup.period_ns;
    assert(!s->probe || !ops->sample || s->period_ns > 0);
    return 0;
}

static void init_lock(struct probes *p)
{
    pthread_condattr_t attr;

    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&p->woken, &attr);
    (void)pthread_condattr_destroy(&attr);
    (void)pthread_mutex_init(&p->lock, NULL);
}

int probes_open(struct probes **ret, const struct probes_setup *s, struct err *err)
{
    AUTO(probes_close) struct probes *p = calloc(1, sizeof *p);
    int r;

    if (!p)
        return err_set(err, -ENOMEM, "out of memory for probes");
    init_lock(p);
    r = feed_new(&p->feed, s->facts, err);
    if (r < 0)
        return r;
    p->out = feed_out(p->feed);
    p->out.say = s->say;
    p->out.say_ctx = s->say_ctx;
    p->setup = s->probe;
    for (size_t i = 0; s->sources[i] && r == 0; i++)
        r = open_slot(p, s->sources[i]);
    if (r < 0)
        return err_set(err, r, "recording facts of probes: %s", strerror(-r));
    *ret = TAKE(p);
    return 0;
}

/* The lock is held, but not while the probe works. */
static void tell_phase(struct slot *s)
{
    struct probes *p = s->all;
    struct phase phase = p->phases[s->seen++];

    (void)pthread_mutex_unlock(&p->lock);
    if (s->ops->phase)
        s->ops->phase(s->probe, phase.name, phase.time_ns);
    (void)pthread_mutex_lock(&p->lock);
}

static void take_sample(struct slot *s, int64_t now_ns)
{
    s->failure = s->ops->sample(s->probe, now_ns);
    s->sampled_ns = now_ns;
    s->samples++;
}

/* The deadlines stay where they are, however late a sample was; those that passed are counted. */
static void take_due(struct slot *s, int64_t now_ns)
{
    struct probes *p = s->all;
    int64_t passed;

    (void)pthread_mutex_unlock(&p->lock);
    take_sample(s, now_ns);
    passed = (clock_mono_ns() - s->due_ns) / s->period_ns;
    s->missed += passed;
    s->due_ns = s->failure < 0 ? INT64_MAX : s->due_ns + (passed + 1) * s->period_ns;
    (void)pthread_mutex_lock(&p->lock);
}

static void wait_until(struct probes *p, int64_t ns)
{
    const struct timespec at = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};

    if (ns == INT64_MAX)
        (void)pthread_cond_wait(&p->woken, &p->lock);
    else
        (void)pthread_cond_timedwait(&p->woken, &p->lock, &at);
}

static void follow(struct slot *s)
{
    struct probes *p = s->all;

    for (;;) {
        int64_t now = clock_mono_ns(), next = INT64_MAX;

        if (s->seen < p->phase_count)
            next = p->stop ? now : p->phases[s->seen].time_ns;
        if (next <= now)
            tell_phase(s);
        else if (p->stop)
            return;
        else if (s->due_ns <= now)
            take_due(s, now);
        else
            wait_until(p, i64_min(next, s->due_ns));
    }
}

static void *slot_main(void *arg)
{
    struct slot *s = arg;
    struct timespec cpu = {0};
    int64_t now;

    s->started_ns = clock_mono_ns();
    s->due_ns = s->ops->sample ? s->started_ns : INT64_MAX;
    (void)pthread_mutex_lock(&s->all->lock);
    follow(s);
    (void)pthread_mutex_unlock(&s->all->lock);
    now = clock_mono_ns();
    if (s->due_ns != INT64_MAX && now - s->sampled_ns >= s->period_ns / 2)
        take_sample(s, now);
    s->lasted_ns = clock_mono_ns() - s->started_ns;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    s->cpu_ns = cpu.tv_sec * NS_PER_S + cpu.tv_nsec;
    return NULL;
}

int probes_start(struct probes *p, int64_t anchor_ns, const struct aside *off, struct err *err)
{
    if (!p)
        return 0;
    feed_begin(p->feed, anchor_ns);
    p->out.say = NULL;
    probes_phase(p, anchor_ns, "start");
    for (size_t i = 0; i < p->slot_count; i++) {
        struct slot *s = &p->slots[i];
        int code = has_thread(s) ? aside_start(&s->thread, off, slot_main, s) : 0;

        if (code)
            return err_set(err, -code, "probe thread: %s", strerror(code));
        s->running = has_thread(s);
    }
    return 0;
}

void probes_phase(struct probes *p, int64_t time_ns, const char *fmt, ...)
{
    struct phase phase = {.time_ns = time_ns};
    va_list ap;

    if (!p)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(phase.name, sizeof phase.name, fmt, ap);
    va_end(ap);
    (void)pthread_mutex_lock(&p->lock);
    (void)!VEC_PUSH(p->phases, p->phase_count, p->phase_cap, phase); /* else the one before lasts */
    (void)pthread_cond_broadcast(&p->woken);
    (void)pthread_mutex_unlock(&p->lock);
}

int probes_drain(struct probes *p, struct store *store, struct err *err)
{
    return p ? feed_drain(p->feed, store, err) : 0;
}

static void stop_threads(struct probes *p)
{
    (void)pthread_mutex_lock(&p->lock);
    p->stop = true;
    (void)pthread_cond_broadcast(&p->woken);
    (void)pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->slot_count; i++) {
        if (p->slots[i].running)
            (void)pthread_join(p->slots[i].thread, NULL);
        p->slots[i].running = false;
    }
}

static int put_counts(struct slot *s)
{
    int r = put_number(s, "samples", (double)s->samples, "", "asrun");

    if (r == 0)
        r = put_number(s, "missed", (double)s->missed, "", "deadlines passed while a sample took");
    if (r == 0 && s->lasted_ns > 0)
        r = put_number(s, "cpu_share", (double)s->cpu_ns / (double)s->lasted_ns, "1",
                       "CPU time of its thread");
    return r;
}

static int finish_slot(struct slot *s)
{
    int failed = s->failure, r = 0;

    if (s->probe && s->ops->finish && failed == 0)
        failed = s->ops->finish(s->probe);
    if (failed < 0)
        r = put_fact(s->all, s->ops->name, NULL, "", strerror(-failed));
    return r == 0 && has_thread(s) && s->ops->sample ? put_counts(s) : r;
}

int probes_finish(struct probes *p, struct store *store, struct err *err)
{
    char text[24];
    int r = 0;

    if (!p)
        return 0;
    probes_phase(p, clock_mono_ns(), "end");
    stop_threads(p);
    for (size_t i = 0; i < p->slot_count && r == 0; i++) {
        r = finish_slot(&p->slots[i]) < 0 ? err_set(err, -ENOMEM, "out of memory for facts") : 0;
        if (r == 0)
            r = feed_drain(p->feed, store, err);
    }
    if (r < 0)
        return r;
    (void)snprintf(text, sizeof text, "%" PRIu64, feed_lost(p->feed));
    return store_meta(store, "telemetry_lost", text, err);
}

void probes_close(struct probes *p)
{
    if (!p)
        return;
    stop_threads(p);
    for (size_t i = 0; i < p->slot_count; i++)
        if (p->slots[i].probe)
            p->slots[i].ops->close(p->slots[i].probe);
    feed_free(p->feed);
    free(p->phases);
    (void)pthread_cond_destroy(&p->woken);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}
