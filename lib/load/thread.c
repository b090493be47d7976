/* SPDX-License-Identifier: Apache-2.0 */
#include "load/thread.h"
#include "base/fs.h"
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>

bool thread_prefer(void)
{
    struct sched_param p = {.sched_priority = THREAD_FIFO_PRIORITY};

    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* a coarser wake-up, if refused */
    return pthread_setschedparam(pthread_self(), SCHED_FIFO, &p) == 0;
}

static int64_t cpu_clock_ns(void)
{
    struct timespec t = {0};

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

struct thread_usage thread_usage(void)
{
    struct thread_usage u = {.cpu_ns = cpu_clock_ns(), .run_delay_ns = -1};
    int64_t on_cpu_ns, delay_ns;
    char line[96];

    if (fs_read_line(line, sizeof line, "/proc/thread-self/schedstat") < 0)
        return u;
    if (sscanf(line, "%" SCNd64 " %" SCNd64, &on_cpu_ns, &delay_ns) == 2)
        u.run_delay_ns = delay_ns;
    return u;
}
