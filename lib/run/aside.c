/* SPDX-License-Identifier: Apache-2.0 */
#include "run/aside.h"
#include <sched.h>

/* Pinned real-time threads would starve whatever the scheduler leaves on their CPUs. */
static int keep_off(pthread_attr_t *attr, const struct aside *off)
{
    cpu_set_t set;

    if (!off->cpus || sched_getaffinity(0, sizeof set, &set) < 0)
        return 0;
    for (int i = 0; i < off->count; i++)
        CPU_CLR(off->cpus[i], &set);
    return CPU_COUNT(&set) > 0 ? pthread_attr_setaffinity_np(attr, sizeof set, &set) : 0;
}

int aside_start(pthread_t *ret, const struct aside *off, void *(*body)(void *), void *arg)
{
    pthread_attr_t attr;
    int code = pthread_attr_init(&attr);

    if (code)
        return code;
    code = keep_off(&attr, off);
    if (code == 0)
        code = pthread_create(ret, &attr, body, arg);
    (void)pthread_attr_destroy(&attr);
    return code;
}
