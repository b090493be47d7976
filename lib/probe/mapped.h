/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/mapped.h - the files that processes map or hold open, each once; private to probe. */
#pragma once
#include "base/arena.h"
#include <sys/types.h>

struct map_file {
    const char *path; /* as the process sees it; in the arena */
    pid_t pid;        /* a process that has it: its root folder leads there */
    bool code;        /* mapped executable by one of them */
    bool gone;        /* no longer at its path: deleted or replaced */
};

struct map_files {
    struct arena arena;
    struct map_file *items; /* by path, after map_files_sort() */
    size_t count, cap;
};

/* Adds what @pid maps. -EACCES: not permitted, -ESRCH: no such process, -ENOMEM. */
NODISCARD int map_files_add(struct map_files *m, const char *root, pid_t pid);
/* Adds regular files that @pid holds open and doesn't map, if @wanted says so of their path. */
NODISCARD int map_files_add_open(struct map_files *m, const char *root, pid_t pid,
                                 bool (*wanted)(const char *path));
NODISCARD int map_files_push(struct map_files *m, const struct map_file *f);
/* By path, each once. */
void map_files_sort(struct map_files *m);
void map_files_release(struct map_files *m);
DEFINE_AUTO_HELD(struct map_files, map_files_release)

/* Where asrun finds the file: through the root folder of its process. */
void map_file_path(char *buf, size_t size, const char *root, const struct map_file *f);
