/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/group.h - what some processes and all of their threads use together. Private to probe.
 *
 * Counters only grow: each process and thread adds what it used since it was first seen, so that
 * one that comes or ends makes no jump. Each thread's file is kept open (up to a limit of all
 * descriptors), because 200 of them are read at each sample.
 */
#pragma once
#include "probe/counters.h"
#include "probe/kept.h"
#include <sys/types.h>

struct group_task {
    pid_t tid;
    struct kept schedstat;
    double delay_ns;
    struct counters_switches switches; /* voluntary COUNTER_NONE: not read yet */
    bool seen;
};

struct group_process {
    pid_t pid;
    uint64_t start_ticks; /* with the pid it names a process for good */
    struct kept stat;
    struct counters_process last;
    struct group_task *tasks; /* by tid */
    size_t task_count, task_cap;
    bool wanted, gone;
};

struct group {
    const char *root; /* "": the real /proc */
    size_t keep_max;  /* files kept open at most */
    size_t kept;
    struct group_process *items;
    size_t count, cap;
    struct group_sums {
        double cpu_ticks, delay_ns, minor_faults, major_faults; /* counted since the beginning */
        double voluntary, involuntary;
        double resident_pages, threads, processes; /* now */
    } sums;
    bool has_delay, has_switches; /* some thread could be read */
};

/* From now on that process, too, belongs to the group; nothing new for one that does. -ENOMEM */
NODISCARD int group_want(struct group *g, pid_t pid, uint64_t start_ticks);
/* Those that nobody wanted since the last time leave. */
void group_tidy(struct group *g);
/* Reads all; @slow: context switches too, which cost more. -ENOMEM; a process that ended is gone.
 */
NODISCARD int group_read(struct group *g, bool slow);
void group_release(struct group *g);
