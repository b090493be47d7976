/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/run/run.h - executes a plan: schedule, target, prompts, trials, evidence. The only module
 * that knows plan, load, probe and evidence at once.
 *
 * Order: what can fail without the target is checked first; then the target is probed and
 * the prompts are calibrated against it; then plan, digests and facts are durable in the evidence;
 * then the first request of the schedule is sent.
 */
#pragma once
#include "base/base.h"
#include "evidence/writer.h"
#include "load/load.h"
#include "plan/plan.h"
#include "record/fact.h"
#include <sys/types.h>

/* What a progress line can say; from the recorder's thread, about ten times a second. */
struct run_progress {
    const char *phase;
    double elapsed_s, planned_s;          /* of the trial; planned 0: not known beforehand */
    uint32_t trial, trials;               /* from 1 */
    uint64_t scheduled;                   /* items of the trial */
    uint64_t started, ended;              /* of the trial */
    double offered_per_s, achieved_per_s; /* of the trial; offered 0: closed loop */
    bool in_one_piece;                    /* no stream: the first content is the whole answer */
    struct store_live live;               /* of the whole run */
};

struct run_control {
    struct load_control load;
};
/* Async-signal-safe. The first call drains, the second stops now; both still write. */
void run_interrupt(struct run_control *c);
bool run_interrupted(const struct run_control *c);

struct run_options {
    const char *out_path;
    const int *io_cpus;       /* pin I/O thread i to io_cpus[i]; NULL: not pinned */
    const struct fact *facts; /* more facts, of whoever started the target */
    size_t fact_count;
    pid_t engine_pid; /* of the engine that the caller started; 0: none */
    /* Both may be NULL. @message: one line for people, before and between trials. */
    void (*progress)(void *ctx, const struct run_progress *p);
    void (*message)(void *ctx, const char *text);
    void *ctx;
};

/* 0: the evidence is written and sealed, whatever became of the requests. -EINVAL: the plan can't
 * be executed as it stands; -ECONNREFUSED, -EPROTO ...: the target can't be used; others: the
 * environment. Nothing of the schedule was sent when it fails before the trials. */
NODISCARD int run_plan(const struct plan *p, const struct run_options *o, struct run_control *c,
                       struct err *err);
