/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/ops.h - one source of facts and series. A probe is opened before the first request,
 * sampled by a thread of its own that keeps off the I/O threads' CPUs, and finished after the last;
 * it never touches the timed path. What a source can't tell on this host is an absent fact with its
 * reason, never an error: only out of memory and a failing sink are errors, and end the probe.
 *
 * Calls: open(); in its thread sample() at once, then every period, and phase() as each one begins;
 * a last sample() if the one before is half a period old; finish(); close(). open(), finish() and
 * close() are called while that thread doesn't run.
 */
#pragma once
#include "probe/probe.h"
#include "record/dispatch.h"
#include "record/series.h"
#include <sys/types.h>

struct probe_out { /* where a probe's words go; the sinks copy. Any thread, and all times are
                    * CLOCK_MONOTONIC; a fact's TIME_NONE is now. */
    struct fact_sink facts;
    struct series_sink series;
    /* A dated remark of kind "changed": @text says what, from what, to what. */
    int (*changed)(void *ctx, int64_t time_ns, const char *text);
    int (*dispatch)(void *ctx, const struct dispatch_row *row);
    void *ctx; /* of the last two */
    /* A line of progress for people; NULL: nobody listens. */
    void (*say)(void *ctx, const char *text);
    void *say_ctx;
};

struct probe_setup {        /* borrowed for the life of the probe */
    const char *root;       /* "": the real /proc and /sys; tests make one up */
    pid_t engine_pid;       /* root of the engine's process tree on this host; 0: not known ... */
    const char *engine_why; /* ... and why not */
    enum engine engine;
    const struct url *target; /* NULL: none */
    const char *key;          /* bearer of the target; NULL: none */
    const struct probe_way *way;
    const char *metrics_url;   /* NULL: the engine's usual place */
    const char *dcgm_url;      /* of a DCGM exporter, NULL: none */
    const char *node_url;      /* of a Prometheus node exporter, NULL: none */
    const char *cupti;         /* folder where libasrun-cupti.so leaves its texts, NULL: none */
    double dispatch_hz;        /* samples a second and thread; 0: don't */
    int64_t period_ns;         /* between samples of conditions */
    int64_t metrics_period_ns; /* between scrapes; 0: as @period_ns */
};

struct probe; /* opaque; each source has its own */

struct probe_ops {
    const char *name; /* "conditions", "process", "metrics", "perf", "nvml" ... */
    /* Puts the facts that hold from the beginning, declares series. *@ret NULL with 0: there is
     * nothing to sample here (and an absent fact says why). @out is valid until close. */
    int (*open)(struct probe **ret, const struct probe_setup *s, const struct probe_out *out,
                struct err *err);
    int64_t (*period_ns)(const struct probe_setup *s); /* NULL: @s->period_ns */
    int (*sample)(struct probe *p, int64_t now_ns);    /* NULL: it isn't sampled */
    /* A phase begins: "start", "trial 0" (numbered as in the evidence), "between", "end". NULL: of
     * no interest. */
    void (*phase)(struct probe *p, const char *name, int64_t now_ns);
    int (*finish)(struct probe *p); /* puts what is known only at the end; NULL: nothing */
    void (*close)(struct probe *p); /* NULL is a no-op */
};

/* All sources, in the order in which they are opened; the last entry is NULL. */
extern const struct probe_ops *const probe_sources[];
