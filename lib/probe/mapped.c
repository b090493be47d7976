/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/mapped.h"
#include "base/fs.h"
#include "base/vec.h"
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAPS_MAX = 64 << 20 };

static const char deleted[] = " (deleted)";

/* Files of devices, shared memory and the kernel are none of a program's parts. */
static bool is_file(const char *path)
{
    static const char *const others[] = {"/dev/",          "/memfd:", "/SYSV",
                                         "/anon_hugepage", "/proc/",  "/sys/"};

    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (strncmp(path, others[i], strlen(others[i])) == 0)
            return false;
    return path[0] == '/';
}

int map_files_push(struct map_files *m, const struct map_file *f)
{
    return VEC_PUSH(m->items, m->count, m->cap, *f);
}

/* The segments of a file follow each other, so the last one is all that need be compared. */
static int add(struct map_files *m, const char *path, size_t n, pid_t pid, bool code)
{
    const size_t tail = sizeof deleted - 1;
    const bool gone = n > tail && memcmp(path + n - tail, deleted, tail) == 0;
    struct map_file *last = m->count > 0 ? &m->items[m->count - 1] : NULL;
    struct map_file f = {.pid = pid, .code = code, .gone = gone};

    n -= gone ? tail : 0;
    if (last && last->pid == pid && last->gone == gone && strlen(last->path) == n &&
        memcmp(last->path, path, n) == 0) {
        last->code = last->code || code;
        return 0;
    }
    f.path = arena_strndup(&m->arena, path, n);
    return f.path ? map_files_push(m, &f) : -ENOMEM;
}

/* "FROM-TO PERMS OFFSET DEVICE INODE   PATH" */
static int add_line(struct map_files *m, const char *line, pid_t pid)
{
    char perms[8];
    int at = 0;

    if (sscanf(line, "%*[0-9a-f]-%*[0-9a-f] %7s %*s %*s %*s %n", perms, &at) != 1 || at == 0 ||
        !is_file(line + at))
        return 0;
    return add(m, line + at, strlen(line + at), pid, strchr(perms, 'x') != NULL);
}

int map_files_add(struct map_files *m, const char *root, pid_t pid)
{
    AUTO(free) char *text = NULL;
    char path[PATH_MAX];
    size_t len;
    int r;

    (void)snprintf(path, sizeof path, "%s/proc/%d/maps", root, (int)pid);
    r = fs_read(&text, &len, path, MAPS_MAX, NULL);
    if (r < 0)
        return r == -ENOENT ? -ESRCH : r == -EPERM ? -EACCES : r;
    for (char *line = text, *end; r == 0 && *line; line = end) {
        end = line + strcspn(line, "\n");
        if (*end)
            *end++ = '\0';
        r = add_line(m, line, pid);
    }
    return r;
}

int map_files_add_open(struct map_files *m, const char *root, pid_t pid,
                       bool (*wanted)(const char *path))
{
    char path[PATH_MAX], link[PATH_MAX];
    int r = 0;
    DIR *d;

    (void)snprintf(path, sizeof path, "%s/proc/%d/fd", root, (int)pid);
    d = opendir(path);
    if (!d)
        return errno == ENOENT ? -ESRCH : -errno;
    for (struct dirent *e; r == 0 && (e = readdir(d));) {
        const ssize_t n = readlinkat(dirfd(d), e->d_name, link, sizeof link - 1);

        if (n <= 0)
            continue;
        link[n] = '\0';
        if (is_file(link) && wanted(link))
            r = add(m, link, (size_t)n, pid, false);
    }
    (void)closedir(d);
    return r;
}

static int by_path(const void *a, const void *b)
{
    const struct map_file *f = a, *g = b;
    const int order = strcmp(f->path, g->path);

    return order ? order : (f->gone > g->gone) - (f->gone < g->gone);
}

void map_files_sort(struct map_files *m)
{
    size_t n = 0;

    if (m->count > 0)
        qsort(m->items, m->count, sizeof *m->items, by_path);
    for (size_t i = 0; i < m->count; i++)
        if (n > 0 && by_path(&m->items[n - 1], &m->items[i]) == 0)
            m->items[n - 1].code = m->items[n - 1].code || m->items[i].code;
        else
            m->items[n++] = m->items[i];
    m->count = n;
}

void map_files_release(struct map_files *m)
{
    arena_release(&m->arena);
    free(m->items);
    *m = (struct map_files){0};
}

void map_file_path(char *buf, size_t size, const char *root, const struct map_file *f)
{
    (void)snprintf(buf, size, "%s/proc/%d/root%s", root, (int)f->pid, f->path);
}
