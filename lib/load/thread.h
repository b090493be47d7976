/* SPDX-License-Identifier: Apache-2.0 */
/* lib/load/thread.h - what a timing thread asks of the scheduler, and what the scheduler did. */
#pragma once
#include "base/base.h"

enum { THREAD_FIFO_PRIORITY = 10 }; /* above ordinary work, below the kernel's own threads */

struct thread_usage {
    int64_t cpu_ns;
    int64_t run_delay_ns; /* runnable, but waiting for a CPU; -1 if not readable */
};

/* Timer slack of 1 ns and SCHED_FIFO for the calling thread; true if FIFO was granted. */
bool thread_prefer(void);
/* Gives SCHED_FIFO up for a while, or takes it back; without the right to it, changes nothing. */
void thread_prefer_real_time(bool real_time);
/* Of the calling thread, since its start. */
struct thread_usage thread_usage(void);
/* How late a wait of this thread ends that nothing disturbs: the 90th percentile of a few, some
 * 10 ms in all. */
int64_t thread_wake_lateness_ns(void);
