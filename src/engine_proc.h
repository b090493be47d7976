/* SPDX-License-Identifier: Apache-2.0 */
/* src/engine_proc.h - the inside of struct engine_proc; private to engine*.c. */
#pragma once
#include "engine.h"

enum { ENGINE_ARGS_MAX = 40 };

struct engine_proc {
    pid_t pid; /* 0 once it was waited for */
    int status;
    char url[64];
    char port[8];
    char slots[12], context[12];
    char log[PATH_MAX];
    const char *args[ENGINE_ARGS_MAX]; /* texts of this struct, or literals */
    struct engine_files files;
    struct engine_cpus cpus;
    bool pinned;
};
