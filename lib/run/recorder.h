/* SPDX-License-Identifier: Apache-2.0 */
/* lib/run/recorder.h - the thread that packs the spool into the store while a trial runs. */
#pragma once
#include "run/aside.h"
#include "run/probes.h"
#include "run/run.h"

struct recorder {
    struct store *store;
    struct probes *probes; /* drained into the store; NULL: none */
    const struct run_options *options;
    const struct run_control *control;
    struct run_progress progress;  /* what stays the same during the trial is set by the caller */
    int64_t start_ns, last_due_ns; /* of the trial; last_due TIME_NONE: closed loop */
    uint64_t started_before, ended_before;
    struct aside off;
    pthread_t thread;
    _Atomic bool done;
    int failure; /* first failure of the store; retried all the same */
    struct err err;
};

/* While it runs, the store belongs to it. */
NODISCARD int recorder_start(struct recorder *r, struct err *err);
/* Ends the thread and flushes the store; the first failure that a retry didn't heal. */
NODISCARD int recorder_stop(struct recorder *r, struct err *err);
