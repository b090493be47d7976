/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/perf_maps.h - which file an address of a process belongs to; private to probe.
 *
 * A process's table is read from /proc/PID/maps, and mappings that the kernel tells of later go on
 * top: the newest wins. Objects are the files, shared by all processes; the first time one is
 * sampled it is opened, so that it can be symbolised when the engine is gone, or the file replaced.
 */
#pragma once
#include "base/arena.h"
#include "probe/perf_event.h"

enum {
    PERF_MAPS_MAX = 16384,   /* of one process */
    PERF_OBJECTS_MAX = 4096, /* more are one object, "[unknown]" */
    PERF_FILES_MAX = 256     /* of them held open; of more nothing is symbolised */
};
#define PERF_UNKNOWN UINT32_C(0) /* object: "[unknown]" */
#define PERF_KERNEL UINT32_C(1)  /* object: "[kernel]" */

struct perf_object {
    const char *path; /* "[kernel]", "[vdso]", "[anon]" for code that was made at run time */
    uint64_t inode;
    uint32_t major, minor;
    int fd; /* -1: no file, or not opened (yet) */
    bool sampled;
};

struct perf_objects {
    struct arena arena;
    struct perf_object *items;
    size_t count, cap, files;
};

NODISCARD int perf_objects_init(struct perf_objects *o); /* 0 or -ENOMEM */
void perf_objects_release(struct perf_objects *o);

struct perf_mapping {
    uint64_t start, end, offset;
    uint32_t object;
};
struct perf_maps {              /* of one process; zeroed: empty */
    struct perf_mapping *items; /* in no order, none over another */
    size_t count, cap, last;    /* last: where the last search ended */
};

/* Puts a mapping over those that are there. 0 or -ENOMEM; beyond PERF_MAPS_MAX it is left out. */
NODISCARD int perf_maps_add(struct perf_maps *m, struct perf_objects *o,
                            const struct perf_map *map);
/* All executable mappings of @text, as /proc/PID/maps writes them, in place of those before. */
NODISCARD int perf_maps_parse(struct perf_maps *m, struct perf_objects *o, char *text);
/* The same, of the process; -ENOENT, -EACCES ...: its file could not be read. */
NODISCARD int perf_maps_read(struct perf_maps *m, struct perf_objects *o, const char *root,
                             pid_t pid);
/* NULL: in none of them. */
const struct perf_mapping *perf_maps_find(struct perf_maps *m, uint64_t ip);
void perf_maps_release(struct perf_maps *m);

/* Opens the file of @map, which @pid has mapped, unless that was done or tried. */
void perf_object_open(struct perf_objects *o, const struct perf_mapping *map, const char *root,
                      pid_t pid);
