/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/perf.c - the probe "perf": what was really dispatched, by where the engine's threads
 * were when the kernel looked, at setup->dispatch_hz. Words are made of it at the end, when
 * nothing is measured any more.
 */
#include "probe/perf.h"
#include "base/clock.h"
#include "base/vec.h"
#include "probe/address.h"
#include "probe/facts.h"
#include "probe/perf_report.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { PHASE_NAME = 64, PHASES_MAX = 4096 };

struct probe {
    const struct probe_setup *setup;
    const struct probe_out *out;
    struct facts facts;
    struct perf_follow follow;
    const char **phases; /* by number; each of its own memory */
    size_t count, cap;
    int64_t began_ns, spent_ns; /* of CPU, by us */
    int r;                      /* -ENOMEM, met where nothing could be returned */
};

static int64_t own_cpu_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* The number of a phase; more than PHASES_MAX are taken for the last of them. */
static int phase_number(uint32_t *ret, struct probe *p, const char *name)
{
    const char *own;

    for (size_t i = p->count; i-- > 0;)
        if (strcmp(p->phases[i], name) == 0 || i == PHASES_MAX - 1) {
            *ret = (uint32_t)i;
            return 0;
        }
    own = strndup(name, PHASE_NAME);
    if (!own || VEC_PUSH(p->phases, p->count, p->cap, own) < 0) {
        free((void *)(uintptr_t)own);
        return -ENOMEM;
    }
    *ret = (uint32_t)p->count - 1;
    return 0;
}

static int64_t drain_period_ns(const struct probe_setup *s)
{
    return s->dispatch_hz > 0 ? i64_min(NS_PER_S / 2, perf_drain_ns(s->dispatch_hz) / 2) : NS_PER_S;
}

/* A descriptor a thread must not be one less for the load's connections. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int put_absent(const struct facts *f, const char *why)
{
    return facts_absent(f, "dispatch.samples", "%s", why);
}

/* 1: it samples. 0: it can't, and a fact says why. */
static int begin(struct probe *p, const struct probe_setup *s)
{
    struct err err = {0};
    char why[240];
    int r;

    raise_descriptors();
    r = perf_follow_init(&p->follow, s->root, s->engine_pid, s->dispatch_hz, &err);
    if (r == -ENOMEM)
        return r;
    if (r == 0 && p->follow.threads > 0)
        return 1;
    perf_remedy(why, sizeof why,
                r < 0                   ? r
                : p->follow.refused_why ? p->follow.refused_why
                                        : -ESRCH);
    r = put_absent(&p->facts, why);
    return r < 0 ? r : 0;
}

static void perf_close(struct probe *p)
{
    if (!p)
        return;
    perf_follow_release(&p->follow);
    for (size_t i = 0; i < p->count; i++)
        free((void *)(uintptr_t)p->phases[i]);
    free(p->phases);
    free(p);
}
DEFINE_AUTO(struct probe *, perf_close)

static int perf_open(struct probe **ret, const struct probe_setup *s, const struct probe_out *out,
                     struct err *err)
{
    const struct facts facts = {&out->facts, "engine"};
    AUTO(perf_close) struct probe *p = NULL;
    int r;

    *ret = NULL;
    if (s->dispatch_hz <= 0)
        return put_absent(&facts, "probe.dispatch is 0");
    if (s->engine_pid <= 0)
        return put_absent(&facts, s->engine_why);
    p = calloc(1, sizeof *p);
    if (!p)
        return err_set(err, -ENOMEM, "out of memory");
    *p = (struct probe){.setup = s, .out = out, .facts = facts, .began_ns = clock_mono_ns()};
    r = phase_number(&p->follow.phase, p, "start");
    if (r == 0)
        r = begin(p, s);
    if (r < 0)
        return err_set(err, r, "dispatch: %s", strerror(-r));
    if (r == 1)
        *ret = TAKE(p);
    return 0;
}

/* A restarted engine is the one that listens now; before it does, it is nobody. */
static int seek_engine(struct probe *p)
{
    pid_t pid;

    if (probe_engine_pid(&pid, p->setup) < 0)
        return 0;
    return perf_follow_root(&p->follow, pid);
}

static int perf_sample(struct probe *p, int64_t now_ns)
{
    const int64_t before_ns = own_cpu_ns();
    int r = perf_follow_refresh(&p->follow, now_ns);

    if (r == -ESRCH)
        r = seek_engine(p);
    if (r == 0)
        r = perf_follow_drain(&p->follow);
    p->spent_ns += own_cpu_ns() - before_ns;
    return r < 0 ? r : p->r;
}

static void perf_phase(struct probe *p, const char *name, int64_t now_ns)
{
    const int64_t before_ns = own_cpu_ns();

    (void)now_ns;
    if (perf_follow_drain(&p->follow) < 0 || phase_number(&p->follow.phase, p, name) < 0)
        p->r = -ENOMEM;
    p->spent_ns += own_cpu_ns() - before_ns;
}

static int put_event(const struct probe *p)
{
    const struct perf_way *way = &p->follow.way;
    char source[128];

    (void)snprintf(source, sizeof source, "perf_event_open at %.0f/s and thread, %s%s", way->hz,
                   way->kernel ? "user and kernel"
                               : "user code only: the kernel's is not permitted",
                   way->source == PERF_CYCLES ? "" : "; no hardware cycles here");
    return facts_put(&p->facts, KNOWN_MEASURED, "dispatch.event",
                     way->source == PERF_CYCLES ? "cycles" : "cpu-clock", "", source);
}

static int put_ratio(const struct facts *f, enum known known, const char *name, double value,
                     const char *source)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%.6g", value);
    return facts_put(f, known, name, text, "1", source);
}

static int put_counts(const struct probe *p)
{
    const struct perf_follow *f = &p->follow;
    const struct facts *to = &p->facts;
    char why[240] = "threads that could not be sampled, most at once";
    int r = facts_i64(to, KNOWN_MEASURED, "dispatch.samples", (int64_t)f->samples, "",
                      "perf_event_open");

    if (r == 0)
        r = facts_i64(to, KNOWN_MEASURED, "dispatch.lost", (int64_t)(f->lost + f->counts.dropped),
                      "", "samples that found a ring or the table full");
    if (r == 0)
        r = facts_i64(to, KNOWN_MEASURED, "dispatch.threads", (int64_t)f->threads_max, "",
                      "sampled, most at once");
    if (f->refused_max > 0)
        perf_remedy(why, sizeof why, f->refused_why);
    return r < 0 ? r
                 : facts_i64(to, KNOWN_MEASURED, "dispatch.threads_unfollowed",
                             (int64_t)f->refused_max, "", why);
}

/* Of the engine's time: how much the samples stand for. */
static int put_coverage(const struct probe *p)
{
    const struct perf_follow *f = &p->follow;
    const double cpu_s = perf_follow_cpu_s(f);

    if (cpu_s <= 0)
        return facts_absent(&p->facts, "dispatch.coverage", "the engine used no CPU time");
    return put_ratio(&p->facts, KNOWN_DERIVED, "dispatch.coverage",
                     (double)f->samples / f->way.hz / cpu_s,
                     "samples / rate / CPU time of the engine's processes (/proc/PID/stat)");
}

static int put_shares(const struct probe *p, const struct perf_report *report)
{
    const struct perf_follow *f = &p->follow;
    const double took_ns = (double)(clock_mono_ns() - p->began_ns);
    char top[1024];
    int r = put_ratio(&p->facts, KNOWN_MEASURED, "dispatch.overhead",
                      took_ns > 0 ? (double)p->spent_ns / took_ns : 0,
                      "CPU time of the probe's thread over time; interrupts in the engine apart");

    if (r == 0)
        r = put_coverage(p);
    if (r < 0)
        return r;
    if (f->samples == 0)
        return facts_absent(&p->facts, "dispatch.unsymbolised_share", "there were no samples");
    r = put_ratio(&p->facts, KNOWN_MEASURED, "dispatch.unsymbolised_share",
                  (double)report->unsymbolised / (double)f->samples,
                  "samples of user code without a function's name, over all");
    perf_report_top(top, sizeof top, report, p->phases);
    return r < 0 ? r
                 : facts_put(&p->facts, KNOWN_MEASURED, "dispatch.top", top, "",
                             "functions with most samples, in the trials where there are any");
}

static int put_rows(const struct probe *p, const struct perf_report *report)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < report->count; i++) {
        const struct perf_row *w = &report->rows[i];

        r = p->out->dispatch(p->out->ctx,
                             &(struct dispatch_row){p->phases[w->phase], w->library, w->build_id,
                                                    w->function, w->samples, TIME_NONE});
    }
    return r;
}

static int perf_finish(struct probe *p)
{
    AUTO(perf_report_release) struct perf_report report = {0};
    int r;

    perf_follow_stop(&p->follow);
    r = p->r < 0 ? p->r : p->follow.r;
    if (r == 0)
        r = perf_report_init(&report, &p->follow);
    if (r == 0)
        r = put_rows(p, &report);
    if (r == 0)
        r = put_event(p);
    if (r == 0)
        r = put_counts(p);
    return r < 0 ? r : put_shares(p, &report);
}

const struct probe_ops probe_perf = {.name = "perf",
                                     .open = perf_open,
                                     .period_ns = drain_period_ns,
                                     .sample = perf_sample,
                                     .phase = perf_phase,
                                     .finish = perf_finish,
                                     .close = perf_close};
