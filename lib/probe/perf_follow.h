/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/perf_follow.h - a process tree whose threads are sampled, those that appear later, too;
 * private to probe.
 */
#pragma once
#include "probe/perf_count.h"
#include "probe/perf_maps.h"
#include "probe/tree.h"

enum { PERF_THREADS_MAX = 1024 }; /* a descriptor and 12 kB of locked memory each */

struct perf_thread {
    pid_t tid;
    bool seen;
    struct perf_event event;
};

struct perf_process {
    struct perf_process *next;
    pid_t pid;
    uint64_t start_ticks;
    bool reread; /* maps were read again since the last drain */
    struct perf_maps maps;
    struct perf_thread *threads;
    size_t count, cap, hint;
    int64_t ticks_before, ticks; /* of CPU: before it was followed, and by now */
};

struct perf_follow {
    const char *root; /* of /proc; borrowed */
    struct perf_way way;
    struct probe_tree tree;
    struct perf_process *processes;
    struct perf_objects objects;
    struct perf_counts counts;
    uint32_t phase; /* that samples are counted in; set by the caller after a drain */
    uint64_t samples, lost;
    size_t threads, threads_max;     /* followed: now, and most at once */
    size_t refused, refused_max;     /* found, but not followed: at the last look, and most */
    int refused_why;                 /* a negative errno of one of them */
    int64_t tree_due_ns, ticks_gone; /* next look for processes; CPU of those that ended */
    int r;                           /* -ENOMEM, met in a drain */
};

/* Takes up the tree of @pid. -ENOMEM; otherwise what perf_way_find() and probe_tree_refresh()
 * return. */
NODISCARD int perf_follow_init(struct perf_follow *f, const char *root, pid_t pid, double hz,
                               struct err *err);
/* Looks for threads that came or went, now and then for processes. -ENOMEM; -ESRCH: the tree's root
 * is gone, and whatever is left of the tree is followed on. */
NODISCARD int perf_follow_refresh(struct perf_follow *f, int64_t now_ns);
/* Takes up the tree of @pid, too, which is the one to refresh from now on. 0 or -ENOMEM. */
NODISCARD int perf_follow_root(struct perf_follow *f, pid_t pid);
/* Counts what the rings hold. 0 or -ENOMEM. */
NODISCARD int perf_follow_drain(struct perf_follow *f);
/* CPU time that the tree used since it is followed; of user code only, where only that is
 * sampled. */
double perf_follow_cpu_s(const struct perf_follow *f);
/* Drains once more and ends the sampling; the counts stay. */
void perf_follow_stop(struct perf_follow *f);
void perf_follow_release(struct perf_follow *f);
