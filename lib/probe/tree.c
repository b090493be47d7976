/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/tree.h"
#include "base/fs.h"
#include "base/vec.h"
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STAT_MAX = 1024, FIELDS_TO_START = 17 }; /* from what follows the parent to the start time */

struct all {
    struct probe_process *items; /* by pid */
    bool *member;
    size_t count, cap;
};

static void all_release(struct all *a)
{
    free(a->items);
    free(a->member);
}
DEFINE_AUTO_HELD(struct all, all_release)

/* "PID (NAME) STATE PARENT ..."; the name may itself hold ") ". -ESRCH: it ended, and waits for its
 * parent to ask. */
static int parse_stat(struct probe_process *ret, char *text)
{
    char *open = strchr(text, '('), *close = strrchr(text, ')'), *at;
    struct probe_process p = {.pid = (pid_t)strtol(text, NULL, 10)};

    if (!open || !close || close < open || close[1] != ' ' || !close[2] || close[3] != ' ')
        return -EBADMSG;
    if (strchr("ZXx", close[2]))
        return -ESRCH;
    *close = '\0';
    (void)snprintf(p.name, sizeof p.name, "%s", open + 1);
    p.parent = (pid_t)strtol(close + 4, &at, 10);
    for (int i = 0; i < FIELDS_TO_START && at; i++)
        at = strchr(at + 1, ' ');
    if (!at)
        return -EBADMSG;
    p.start_ticks = strtoull(at, NULL, 10);
    *ret = p;
    return 0;
}

int probe_process_read(struct probe_process *ret, const char *root_dir, pid_t pid)
{
    char path[PATH_MAX], text[STAT_MAX];
    int r;

    (void)snprintf(path, sizeof path, "%s/proc/%d/stat", root_dir, (int)pid);
    r = fs_read_line(text, sizeof text, path);
    if (r == -ENOENT || r == -ESRCH)
        return -ESRCH;
    return r < 0 ? r : parse_stat(ret, text);
}

static int by_pid(const void *a, const void *b)
{
    const struct probe_process *p = a, *q = b;

    return (p->pid > q->pid) - (p->pid < q->pid);
}

/* Processes that end meanwhile are left out. */
static int read_all(struct all *a, const char *root_dir, struct err *err)
{
    char path[PATH_MAX];
    DIR *d;
    int r = 0;

    (void)snprintf(path, sizeof path, "%s/proc", root_dir);
    d = opendir(path);
    if (!d)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    for (struct dirent *e; r == 0 && (e = readdir(d));) {
        struct probe_process p;

        if (isdigit((unsigned char)e->d_name[0]) &&
            probe_process_read(&p, root_dir, (pid_t)strtol(e->d_name, NULL, 10)) == 0)
            r = VEC_PUSH(a->items, a->count, a->cap, p);
    }
    (void)closedir(d);
    a->member = r == 0 ? calloc(a->count + 1, sizeof *a->member) : NULL;
    if (!a->member)
        return err_set(err, -ENOMEM, "out of memory for processes");
    if (a->count > 0)
        qsort(a->items, a->count, sizeof *a->items, by_pid);
    return 0;
}

static struct probe_process *find(const struct all *a, pid_t pid)
{
    const struct probe_process key = {.pid = pid};

    return a->count > 0 ? bsearch(&key, a->items, a->count, sizeof key, by_pid) : NULL;
}

static bool same(const struct probe_process *p, const struct probe_process *q)
{
    return p && q && p->pid == q->pid && p->start_ticks == q->start_ticks;
}

static void mark_known(struct all *a, const struct probe_tree *t)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct probe_process *p = find(a, t->items[i].pid);

        if (same(p, &t->items[i]))
            a->member[p - a->items] = true;
    }
}

/* Marks each process whose parent is marked, until none is left; returns how many are marked. */
static size_t mark_children(struct all *a)
{
    size_t marked = 0, before;

    do {
        before = marked;
        marked = 0;
        for (size_t i = 0; i < a->count; i++) {
            const struct probe_process *parent = find(a, a->items[i].parent);

            a->member[i] = a->member[i] || (parent && a->member[parent - a->items]);
            marked += a->member[i];
        }
    } while (marked != before);
    return marked;
}

/* The marked processes become the tree's, @root first. */
static void take(struct probe_tree *t, const struct all *a, const struct probe_process *root)
{
    const size_t count = t->count;
    size_t n = 0;
    bool changed = false;

    for (size_t i = 0; i <= a->count; i++) {
        const struct probe_process *p = i == 0 ? root : &a->items[i - 1];

        if (i > 0 && (p == root || !a->member[i - 1]))
            continue;
        changed = changed || n >= count || !same(p, &t->items[n]);
        t->items[n++] = *p;
    }
    t->count = n;
    t->changes += changed || n != count;
}

int probe_tree_refresh(struct probe_tree *t, const char *root_dir, struct err *err)
{
    AUTO(all_release) struct all a = {0};
    const struct probe_process *root;
    void *items = t->items;
    int r = read_all(&a, root_dir, err);

    if (r < 0)
        return r;
    root = find(&a, t->root);
    if (!root || (t->root_start != 0 && root->start_ticks != t->root_start))
        return err_set(err, -ESRCH, "process %d is gone", (int)t->root);
    a.member[root - a.items] = true;
    mark_known(&a, t);
    r = vec_reserve(&items, &t->cap, mark_children(&a), sizeof *t->items);
    t->items = items;
    if (r < 0)
        return err_set(err, r, "out of memory for processes");
    t->root_start = root->start_ticks;
    take(t, &a, root);
    return 0;
}

void probe_tree_release(struct probe_tree *t)
{
    free(t->items);
    *t = (struct probe_tree){.root = t->root};
}
