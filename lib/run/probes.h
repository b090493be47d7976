/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/run/probes.h - the probes of a run: opened before its first request, each sampled by a thread
 * of its own at absolute times, told of the phases, finished after the last request.
 *
 * A source that hangs (an HTTP page that does not answer) delays none but itself. A probe that
 * fails becomes an absent fact with the reason, never the run's failure. Functions take NULL for
 * "no probes".
 */
#pragma once
#include "evidence/writer.h"
#include "probe/ops.h"
#include "record/fact_list.h"
#include "run/aside.h"

struct probes; /* opaque */

struct probes_setup {
    const struct probe_ops *const *sources; /* ends with NULL */
    struct probe_setup probe;               /* what it points to outlives the probes */
    struct fact_list *facts; /* takes facts until probes_start(); outlives the probes */
    void (*say)(void *ctx, const char *text); /* lines for people while probes are opened */
    void *say_ctx;
};

NODISCARD int probes_open(struct probes **ret, const struct probes_setup *s, struct err *err);
/* There is a store: the phase "start" begins, and so do the threads. */
NODISCARD int probes_start(struct probes *p, int64_t anchor_ns, const struct aside *off,
                           struct err *err);
/* A phase begins at @time_ns, CLOCK_MONOTONIC, which may lie ahead; in order of time. */
void probes_phase(struct probes *p, int64_t time_ns, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* What was put since the last time goes to @store, which is the caller's meanwhile. */
NODISCARD int probes_drain(struct probes *p, struct store *store, struct err *err);
/* The phase "end", the ends of the threads, what is known only now, and the counts. */
NODISCARD int probes_finish(struct probes *p, struct store *store, struct err *err);
void probes_close(struct probes *p);
DEFINE_AUTO(struct probes *, probes_close)
