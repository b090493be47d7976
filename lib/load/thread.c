/* SPDX-License-Identifier: Apache-2.0 */
#include "load/thread.h"
#include "base/clock.h"
#include "base/fs.h"
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

static bool schedule_by(int policy, int priority)
{
    struct sched_param p = {.sched_priority = priority};

    return pthread_setschedparam(pthread_self(), policy, &p) == 0;
}

bool thread_prefer(void)
{
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* a coarser wake-up, if refused */
    return schedule_by(SCHED_FIFO, THREAD_FIFO_PRIORITY);
}

void thread_prefer_real_time(bool real_time)
{
    (void)(real_time ? schedule_by(SCHED_FIFO, THREAD_FIFO_PRIORITY) : schedule_by(SCHED_OTHER, 0));
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

static int by_value(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

int64_t thread_wake_lateness_ns(void)
{
    enum { WAITS = 40, RANK = 36 };
    const int64_t wait_ns = 250 * NS_PER_US;
    int64_t late_ns[WAITS];

    for (int i = 0; i < WAITS; i++) {
        int64_t until_ns = clock_mono_ns() + wait_ns;
        struct timespec t = {.tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S};

        (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
        late_ns[i] = i64_max(0, clock_mono_ns() - until_ns);
    }
    qsort(late_ns, WAITS, sizeof late_ns[0], by_value);
    return late_ns[RANK - 1];
}
