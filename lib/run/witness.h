/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/run/witness.h - watching a client that isn't ours: what passes one port, as evidence.
 *
 * The file is evidence as of a run, with `kind` = witness in its meta table: without a plan, its
 * samples numbered as they were seen, `scheduled` only the room for them. See
 * docs/formats/evidence.md, "Witness files".
 */
#pragma once
#include "load/witness.h"
#include "run/run.h"

enum { WITNESS_SAMPLES_MAX = 1 << 22 };

struct witness_options {
    const char *out_path;
    uint16_t port;
    int64_t duration_ns; /* 0: until interrupted */
    bool any_user;       /* also the connections of other users' processes, and of other hosts */
    void (*ready)(void *ctx); /* the capture has begun; may be NULL */
    void *ctx;
};

struct witness_summary {
    struct witness_counts counts;
    uint64_t packets, dropped; /* by the capture */
    uint64_t started, ended, ok;
};

/* -EPERM without CAP_NET_RAW, -EEXIST if the file exists, before anything is watched. What was seen
 * until a failure is kept. */
NODISCARD int witness_run(struct witness_summary *ret, const struct witness_options *o,
                          const struct run_control *c, struct err *err);
