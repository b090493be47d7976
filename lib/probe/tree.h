/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/tree.h - a process and all that descend from it.
 *
 *     struct probe_tree t = {.root = pid};
 *     probe_tree_refresh(&t, "", &err)     once a second, say
 *     probe_tree_release(&t)
 *
 * A refresh reads one short file of each process of the host (about 10 us each), because the
 * kernel lists children by thread only. A process whose parent ended while the root lives is kept
 * as long as it runs: it still works for the root.
 */
#pragma once
#include "base/base.h"
#include <sys/types.h>

struct probe_process {
    pid_t pid, parent;
    uint64_t start_ticks; /* since boot; with the pid it names a process for good */
    char name[32];        /* as in /proc/PID/stat: at most 15 characters of it mean anything */
};

struct probe_tree {
    pid_t root;                  /* set by the caller */
    uint64_t root_start;         /* 0: not known yet; set by the first refresh */
    struct probe_process *items; /* the root first, then by pid */
    size_t count, cap;
    uint32_t changes; /* grows whenever a refresh finds another set of processes */
};

/* -ESRCH: the root is gone, or its pid is now another process's (what was found stays);
 * -ENOMEM; others: /proc can't be read. @root_dir is "" for the real host. */
NODISCARD int probe_tree_refresh(struct probe_tree *t, const char *root_dir, struct err *err);
void probe_tree_release(struct probe_tree *t);
DEFINE_AUTO_HELD(struct probe_tree, probe_tree_release)

/* One process of /proc; -ESRCH: there is none, or it ended and is yet to be reaped. */
NODISCARD int probe_process_read(struct probe_process *ret, const char *root_dir, pid_t pid);
