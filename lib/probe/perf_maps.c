/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/perf_maps.h"
#include "base/fs.h"
#include "base/vec.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAPS_FILE_MAX = 16 << 20 };

int perf_objects_init(struct perf_objects *o)
{
    static const struct perf_object first[] = {{.path = "[unknown]", .fd = -1},
                                               {.path = "[kernel]", .fd = -1}};

    *o = (struct perf_objects){0};
    for (size_t i = 0; i < COUNT_OF(first); i++)
        if (VEC_PUSH(o->items, o->count, o->cap, first[i]) < 0)
            return -ENOMEM;
    return 0;
}

void perf_objects_release(struct perf_objects *o)
{
    for (size_t i = 0; i < o->count; i++)
        fd_close(o->items[i].fd);
    free(o->items);
    arena_release(&o->arena);
    *o = (struct perf_objects){0};
}

/* Memory without a file has no name, or one that the kernel or the program made up. */
static const char *path_of(const char *path)
{
    return path[0] == '/' && strncmp(path, "//anon", 6) != 0 ? path
           : strcmp(path, "[vdso]") == 0                     ? path
                                                             : "[anon]";
}

static int object_of(uint32_t *ret, struct perf_objects *o, const struct perf_map *m)
{
    struct perf_object new = {.path = path_of(m->path),
                              .inode = m->inode,
                              .major = m->major,
                              .minor = m->minor,
                              .fd = -1};

    for (size_t i = 0; i < o->count; i++) {
        const struct perf_object *x = &o->items[i];

        if (x->inode == new.inode && x->major == new.major &&
            x->minor == new.minor &&strcmp(x->path, new.path) == 0) {
            *ret = (uint32_t)i;
            return 0;
        }
    }
    *ret = PERF_UNKNOWN;
    if (o->count == PERF_OBJECTS_MAX)
        return 0;
    new.path = arena_strdup(&o->arena, new.path);
    if (!new.path || VEC_PUSH(o->items, o->count, o->cap, new) < 0)
        return -ENOMEM;
    *ret = (uint32_t)o->count - 1;
    return 0;
}

/* What is mapped over is gone: the parts before and after it stay. */
static int cut(struct perf_maps *m, uint64_t start, uint64_t end)
{
    for (size_t i = m->count; i-- > 0;) {
        const struct perf_mapping x = m->items[i];
        struct perf_mapping left = x, right = x;

        if (x.end <= start || x.start >= end)
            continue;
        left.end = start;
        right.start = end;
        right.offset += end - x.start;
        m->items[i] = x.start < start ? left : m->items[--m->count];
        if (x.end > end && VEC_PUSH(m->items, m->count, m->cap, right) < 0)
            return -ENOMEM;
    }
    return 0;
}

int perf_maps_add(struct perf_maps *m, struct perf_objects *o, const struct perf_map *map)
{
    struct perf_mapping new = {
        .start = map->start, .end = map->start + map->len, .offset = map->offset};

    if (new.end <= new.start)
        return 0;
    if (cut(m, new.start, new.end) < 0)
        return -ENOMEM;
    if (m->count >= PERF_MAPS_MAX)
        return 0;
    if (object_of(&new.object, o, map) < 0)
        return -ENOMEM;
    return VEC_PUSH(m->items, m->count, m->cap, new);
}

/* "START-END PERMS OFFSET MAJOR:MINOR INODE   PATH" */
static int parse_line(struct perf_maps *m, struct perf_objects *o, char *line)
{
    unsigned long long start, end, offset, inode;
    unsigned major, minor;
    char perms[5];
    int path = 0;

    if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu%n", &start, &end, perms, &offset, &major,
               &minor, &inode, &path) != 7 ||
        perms[2] != 'x' || end <= start)
        return 0;
    path += (int)strspn(line + path, " \t");
    return perf_maps_add(
        m, o, &(struct perf_map){start, end - start, offset, major, minor, inode, line + path});
}

int perf_maps_parse(struct perf_maps *m, struct perf_objects *o, char *text)
{
    char *rest = text, *line;
    int r = 0;

    m->count = m->last = 0;
    while (r == 0 && (line = strsep(&rest, "\n")))
        r = parse_line(m, o, line);
    return r;
}

int perf_maps_read(struct perf_maps *m, struct perf_objects *o, const char *root, pid_t pid)
{
    AUTO(free) char *text = NULL;
    char path[512];
    size_t len;
    int r;

    (void)snprintf(path, sizeof path, "%s/proc/%d/maps", root, (int)pid);
    r = fs_read(&text, &len, path, MAPS_FILE_MAX, NULL);
    return r < 0 ? r : perf_maps_parse(m, o, text);
}

const struct perf_mapping *perf_maps_find(struct perf_maps *m, uint64_t ip)
{
    for (size_t i = m->last < m->count ? m->last : 0, n = 0; n < m->count; n++) {
        if (ip >= m->items[i].start && ip < m->items[i].end) {
            m->last = i;
            return &m->items[i];
        }
        i = i + 1 < m->count ? i + 1 : 0;
    }
    return NULL;
}

void perf_maps_release(struct perf_maps *m)
{
    free(m->items);
    *m = (struct perf_maps){0};
}

/* As the process sees it: its root may be a container's. A file that was deleted or replaced is
 * still behind the mapping, where we may look there. */
static int open_file(const struct perf_object *x, const struct perf_mapping *map, const char *root,
                     pid_t pid)
{
    const size_t n = strlen(x->path);
    const bool deleted = n > 10 && strcmp(x->path + n - 10, " (deleted)") == 0;
    char path[5120];
    int fd = -1;

    (void)snprintf(path, sizeof path, "%s/proc/%d/map_files/%" PRIx64 "-%" PRIx64, root, (int)pid,
                   map->start, map->end);
    if (deleted)
        return open(path, O_RDONLY | O_CLOEXEC);
    if (snprintf(path, sizeof path, "%s/proc/%d/root%s", root, (int)pid, x->path) <
        (int)sizeof path)
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    return fd >= 0 ? fd : open(x->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

void perf_object_open(struct perf_objects *o, const struct perf_mapping *map, const char *root,
                      pid_t pid)
{
    struct perf_object *x = &o->items[map->object];

    if (x->sampled)
        return;
    x->sampled = true;
    if (x->path[0] != '/' || o->files == PERF_FILES_MAX)
        return;
    x->fd = open_file(x, map, root, pid);
    o->files += x->fd >= 0;
}
