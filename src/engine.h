/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src/engine.h - the embedded default target: finding or building it, its process, its CPUs.
 *
 *     struct engine_files files;             struct engine_cpus cpus;
 *     engine_find(&files, named, "135m")     engine_cpus_split(&cpus)
 *     engine_ensure(&files)                  engine_cpus_keep(&cpus)
 *     AUTO(engine_stop) struct engine_proc *e = NULL;
 *     engine_start(&e, &(struct engine_options){.files = &files, .cpus = &cpus, .log = ...})
 *     engine_facts(e, sink)
 *
 * The engine cannot outlive the thread that started it: the kernel kills it (PR_SET_PDEATHSIG),
 * however that thread ends. So start it from the main thread, and stop it to be clean.
 *
 * Errors:  0, else a negative errno with the reason in *err; a dead engine's last words included.
 * Threads: an engine belongs to the thread that started it.
 */
#pragma once
#include "base/base.h"
#include "record/fact.h"
#include <limits.h>
#include <sched.h>

enum engine_origin {
    ENGINE_NAMED,   /* by the user */
    ENGINE_ON_PATH, /* a llama-server of this machine */
    ENGINE_BUILT,   /* by targets/llm, in the user's cache */
};

struct engine_files {
    enum engine_origin origin;
    char recipe[PATH_MAX]; /* the folder of targets/llm */
    char cache[PATH_MAX];
    char server[PATH_MAX];
    char model[PATH_MAX];
    char shape[16]; /* 15m, 135m, 360m */
    char alias[32]; /* the model's name in requests: asrun-dummy-135m */
};

/* Decides which server and which model: @named (NULL: none), else llama-server on the PATH, else
 * the cache's. Builds nothing. -ENOENT: @named is no program, or targets/llm is not there. */
NODISCARD int engine_find(struct engine_files *ret, const char *named, const char *shape,
                          struct err *err);
/* Builds what is missing of @f, by make in targets/llm, which reports on stderr; costs
 * milliseconds when nothing is. */
NODISCARD int engine_ensure(const struct engine_files *f, struct err *err);

/* Which CPUs are whose. With one CPU both share it, and then @shared. */
struct engine_cpus {
    cpu_set_t engine, own;
    bool shared;
    char engine_text[128], own_text[128]; /* "0", "1-3,8" */
};
NODISCARD int engine_cpus_split(struct engine_cpus *ret, struct err *err);
/* As above, of the CPUs in @allowed. */
void engine_cpus_of(struct engine_cpus *ret, const cpu_set_t *allowed);
/* Keeps the calling thread, and threads that it starts later, on asrun's own CPUs. */
NODISCARD int engine_cpus_keep(const struct engine_cpus *c, struct err *err);

struct engine_options {
    const struct engine_files *files;
    const struct engine_cpus *cpus; /* NULL: anywhere */
    const char *log;                /* path; what the engine prints, appended */
    int slots;                      /* 0: 4 */
    int context;                    /* tokens in all slots together; 0: 1024 a slot */
    int64_t timeout_ns;             /* until it is healthy; 0: 60 s */
};

struct engine_proc; /* opaque */

/* Starts it on a free port of 127.0.0.1 and waits until it is healthy. */
NODISCARD int engine_start(struct engine_proc **ret, const struct engine_options *o,
                           struct err *err);
/* 1: running. 0: it has ended, and *err says how, with the log's last lines. */
int engine_alive(struct engine_proc *e, struct err *err);
/* http://127.0.0.1:PORT/v1 */
const char *engine_url(const struct engine_proc *e);
pid_t engine_pid(const struct engine_proc *e);
/* Scope "engine": program, digest, arguments, CPU variant, CPUs; scope "model": the dummy
 * weights, declared. Returns what the sink returned. */
NODISCARD int engine_facts(struct engine_proc *e, const struct fact_sink *sink);
/* TERM, then KILL after 5 s; waits until it is gone. NULL is a no-op. */
void engine_stop(struct engine_proc *e);
DEFINE_AUTO(struct engine_proc *, engine_stop)
