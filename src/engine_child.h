/* SPDX-License-Identifier: Apache-2.0 */
/* src/engine_child.h - child processes for the engine: its server, its builder; private to it. */
#pragma once
#include "base/base.h"
#include <sched.h>
#include <sys/types.h>

struct child_options {
    const char *const *args; /* NULL-terminated; args[0] is looked for on the PATH */
    int out;                 /* becomes stdout and stderr */
    const cpu_set_t *cpus;   /* NULL: where we may run */
    bool own_group;          /* a Ctrl-C at the terminal does not reach it */
};

/* The child is killed when the calling thread ends, however that happens. -ENOENT and friends:
 * args[0] cannot be run. */
NODISCARD int child_start(pid_t *ret, const struct child_options *o, struct err *err);
/* TERM, then KILL after @grace_ns; *@status as of waitpid(). */
void child_stop(pid_t pid, int *status, int64_t grace_ns);
/* Runs to the end; what it prints goes to stderr. A non-zero end: -EIO. */
NODISCARD int child_run(const char *const *args, struct err *err);
/* As child_run(), but *@ret (caller frees) is what it printed, up to 1 MiB. */
NODISCARD int child_read(char **ret, const char *const *args, struct err *err);
