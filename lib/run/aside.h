/* SPDX-License-Identifier: Apache-2.0 */
/* lib/run/aside.h - a thread that keeps off the I/O threads' CPUs. */
#pragma once
#include "base/base.h"
#include <pthread.h>

struct aside {       /* what to keep off, where there are other CPUs */
    const int *cpus; /* NULL: it may run anywhere */
    int count;
};

/* As pthread_create(): 0 or a positive errno. */
NODISCARD int aside_start(pthread_t *ret, const struct aside *off, void *(*body)(void *),
                          void *arg);
