/* SPDX-License-Identifier: Apache-2.0 */
/* lib/run/inside.h - a run while it goes on; private to run. */
#pragma once
#include "base/clock.h"
#include "plan/schedule.h"
#include "record/fact_list.h"
#include "run/request.h"
#include "run/run.h"
#include "run/target.h"
#include "run/watch.h"

enum { RUN_MAX_THREADS = 64 };

struct run {
    const struct plan *plan;
    const struct run_options *options;
    struct run_control *control;
    struct schedule *schedule;
    struct fact_list facts;
    struct target target;
    struct requests requests;
    struct clock_anchor anchor;
    struct store *store;
    struct watch *watch; /* NULL: nobody watches the packets */
    char run_id[9];
    int planned_cpus[RUN_MAX_THREADS];
    const int *io_cpus; /* as many as I/O threads; NULL: not pinned */
};

/* One line for people, where somebody wants it. */
void run_say(struct run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A row of the evidence's meta table. */
NODISCARD int run_meta(struct run *r, struct err *err, const char *key, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* What the load engine is told for a trial; its rings are not set. */
struct load_config run_load_config(struct run *r, uint32_t trial);
/* Whether this host allows what the trials need, as facts: load_limits(). */
NODISCARD int run_limits(struct run *r, struct err *err);
/* Executes trial @trial of the schedule and writes what became of it. */
NODISCARD int run_trial(struct run *r, uint32_t trial, struct err *err);
