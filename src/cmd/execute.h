/* SPDX-License-Identifier: Apache-2.0 */
/* src/cmd/execute.h - running a plan with progress on stderr and Ctrl-C handled: run and demo. */
#pragma once
#include "cmd/cmd.h"
#include "plan/plan.h"
#include "record/fact.h"
#include <sys/types.h>

struct execute_options {
    const struct command *command;
    const char *out_path;
    bool quiet;
    const int *io_cpus;
    const struct fact *facts;
    size_t fact_count;
    pid_t engine_pid; /* of the engine that was started for the run; 0: none */
};

/* EXIT_HOLDS, EXIT_INTERRUPTED (evidence kept) or what cmd_failed() gives. */
int execute_plan(const struct plan *plan, const struct execute_options *o);
