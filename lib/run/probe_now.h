/* SPDX-License-Identifier: Apache-2.0 */
/* lib/run/probe_now.h - all that the probes can tell without a run, into an evidence file: its
 * facts and, over a while, its series and what was dispatched, as of a trial without requests. */
#pragma once
#include "plan/plan.h"
#include "run/run.h"

struct probe_now {
    const char *out_path;
    const struct plan *plan;                      /* its target and what it says of probes ... */
    bool target;                                  /* ... or none: this host alone */
    int64_t for_ns;                               /* 0: facts only */
    void (*message)(void *ctx, const char *text); /* NULL: nobody reads */
    void *ctx;
};

/* -ECONNREFUSED and the like: the target can't be reached. What a probe can't tell is an absent
 * fact. Ends early when @c is interrupted. */
NODISCARD int probe_now(const struct probe_now *o, struct run_control *c, struct err *err);
