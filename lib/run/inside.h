/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/run/inside.h - a run while it goes on; private to run.
 *
 * A run is a list of steps, each an effective plan of its own: those of a sweep, those that a
 * search comes to, or the one that a plain plan is. Items and trials are numbered through all of
 * them. Steps that ask the same target in the same way share what is known of it (an endpoint).
 */
#pragma once
#include "base/clock.h"
#include "plan/schedule.h"
#include "plan/steps.h"
#include "record/fact_list.h"
#include "run/probes.h"
#include "run/request.h"
#include "run/run.h"
#include "run/target.h"
#include "run/watch.h"

enum { RUN_MAX_THREADS = 64 };

struct endpoint { /* never moves: its TLS points into it */
    char *asked;  /* the parts of the effective plan that it follows from, canonical JSON */
    struct target target;
    struct fact_list facts; /* its own */
    struct prompt_calibration calibration;
};

struct step {
    const struct plan *plan;
    struct plan *own_plan; /* NULL: the run's own */
    json_t *overrides;     /* NULL: a plain run */
    char why[160];         /* of a search's step; "" */
    struct schedule *schedule;
    size_t endpoint;
    struct requests requests;
    struct digest prompts;
    uint32_t first_item, first_trial;
};

struct probed {           /* words that a probe's setup points to */
    char engine_why[200]; /* why the engine's process isn't known */
    char cupti[1024];     /* where its kernels are left; "": nowhere */
};

struct run {
    const struct plan *plan;
    const struct run_options *options;
    struct run_control *control;
    struct fact_list facts; /* of the host, and of whoever started the target */
    struct endpoint **endpoints;
    size_t endpoint_count, endpoint_cap;
    struct step **steps; /* they never move: requests are rendered from them */
    size_t step_count, step_cap;
    uint32_t items, trials; /* of all steps so far */
    int threads;            /* of the step that has most */
    struct clock_anchor anchor;
    struct store *store;
    struct watch *watch; /* NULL: nobody watches the packets */
    struct probes *probes;
    struct probed probed;
    char run_id[9];
    int planned_cpus[RUN_MAX_THREADS];
    const int *io_cpus; /* as many as I/O threads; NULL: not pinned */
};

/* One line for people, where somebody wants it. */
void run_say(struct run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A row of the evidence's meta table. */
NODISCARD int run_meta(struct run *r, struct err *err, const char *key, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* limits.c: whether this host allows what the steps' trials need, as facts: load_limits(). */
NODISCARD int run_limits(struct run *r, struct err *err);
/* probing.c: opens the probes, of the first target; their facts are then among the run's. */
NODISCARD int run_probes(struct run *r, struct err *err);
/* What the plan says of probes. @t NULL: there is no target. @engine: its process where it is
 * known, 0: the plan says which, or whoever listens. It points to the plan, @t and @words. */
struct probe_setup probe_setup_of(const struct plan *p, const struct target *t, pid_t engine,
                                  struct probed *words);
/* Writes what is due, of the probes too, while no recorder has the store. */
NODISCARD int run_pump(struct run *r, struct err *err);
/* require.c: holds what the plan requires against all facts so far; each outcome is a fact of scope
 * "require" (value: require_outcome_name()). -ENOTSUP: one is violated, and the plan says stop. */
NODISCARD int run_require(struct run *r, struct err *err);
/* A fact: whether the target is on this host. 0 or -ENOMEM. */
NODISCARD int target_put_here(const struct target *t, struct fact_list *facts);
/* endpoint.c: the endpoint that step @s asks, opened and calibrated unless a step before it did. */
NODISCARD int endpoint_for(struct run *r, struct step *s, struct err *err);
void endpoint_free(struct endpoint *e);

/* step.c: plans step by step: @set NULL is the run's own plan. The step is the last of r->steps. */
NODISCARD int step_plan(struct run *r, const struct plan_step *set, const char *why,
                        struct err *err);
/* Its target, its requests, the digest of its prompts. */
NODISCARD int step_open(struct run *r, struct step *s, struct err *err);
/* Its rows in the evidence: what it is, durable before its first request. */
NODISCARD int step_declare(struct run *r, size_t i, struct err *err);
/* The CPUs that @p wants its I/O threads on, else those of the run: r->io_cpus. */
void step_cpus(struct run *r, const struct plan *p);
/* All of its trials. */
NODISCARD int step_run(struct run *r, size_t i, struct err *err);
void step_release(struct step *s);
DEFINE_AUTO_HELD(struct step, step_release)
void step_free(struct step *s); /* NULL is a no-op */
DEFINE_AUTO(struct step *, step_free)

/* search.c: steps one after the other, each chosen by the answers of those before it. */
NODISCARD int search_steps(struct run *r, struct err *err);

/* trial.c: executes trial @trial of the step's schedule and writes what became of it. */
NODISCARD int run_trial(struct run *r, struct step *s, uint32_t trial, struct err *err);
/* What the load engine is told for a trial; its rings are not set. */
struct load_config run_load_config(struct run *r, struct step *s, uint32_t trial);
