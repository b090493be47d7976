/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/group.h"
#include "base/vec.h"
#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 512, STATUS = 1 << 14 };

static void task_close(struct group *g, struct group_task *t)
{
    g->kept -= t->schedstat.fd >= 0;
    kept_close(&t->schedstat);
}

static void process_close(struct group *g, struct group_process *p)
{
    for (size_t i = 0; i < p->task_count; i++)
        task_close(g, &p->tasks[i]);
    free(p->tasks);
    kept_close(&p->stat);
}

void group_release(struct group *g)
{
    for (size_t i = 0; i < g->count; i++)
        process_close(g, &g->items[i]);
    free(g->items);
    g->items = NULL;
    g->count = g->cap = g->kept = 0;
}

int group_want(struct group *g, pid_t pid, uint64_t start_ticks)
{
    struct group_process p = {.pid = pid, .start_ticks = start_ticks, .wanted = true};
    char path[64];

    for (size_t i = 0; i < g->count; i++)
        if (g->items[i].pid == pid && g->items[i].start_ticks == start_ticks) {
            g->items[i].wanted = true;
            return 0;
        }
    if (VEC_PUSH(g->items, g->count, g->cap, p) < 0)
        return -ENOMEM;
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    kept_open(&g->items[g->count - 1].stat, g->root, path);
    g->items[g->count - 1].last.cpu_ticks = COUNTER_NONE;
    return 0;
}

void group_tidy(struct group *g)
{
    size_t left = 0;

    for (size_t i = 0; i < g->count; i++) {
        if (!g->items[i].wanted) {
            process_close(g, &g->items[i]);
            continue;
        }
        g->items[left] = g->items[i];
        g->items[left++].wanted = false;
    }
    g->count = left;
}

static int read_schedstat(struct group *g, const struct group_process *p, struct group_task *t,
                          double *delay_ns)
{
    char path[96], line[LINE];
    int r;

    if (t->schedstat.fd >= 0) {
        r = kept_read_short(&t->schedstat, line, sizeof line);
    } else {
        (void)snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", (int)p->pid, (int)t->tid);
        kept_open(&t->schedstat, g->root, path);
        r = kept_read_short(&t->schedstat, line, sizeof line);
        if (t->schedstat.fd >= 0 && g->kept >= g->keep_max)
            kept_close(&t->schedstat);
        g->kept += t->schedstat.fd >= 0;
    }
    return r < 0 ? r : counters_schedstat(delay_ns, line);
}

/* A thread counts from when it was first seen. True: it has ended, which a file that isn't kept
 * open tells by not being there; one that no thread ever had tells nothing. */
static bool add_task(struct group *g, const struct group_process *p, struct group_task *t)
{
    double delay_ns;
    int r = read_schedstat(g, p, t, &delay_ns);

    if (r < 0)
        return r == -ESRCH || (r == -ENOENT && (g->has_delay || !isnan(t->delay_ns)));
    if (!isnan(t->delay_ns))
        g->sums.delay_ns += fmax(delay_ns - t->delay_ns, 0);
    t->delay_ns = delay_ns;
    g->has_delay = true;
    return false;
}

static void add_switches(struct group *g, const struct group_process *p, struct group_task *t)
{
    struct counters_switches now;
    char path[96], text[STATUS];

    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/status", (int)p->pid, (int)t->tid);
    if (kept_read_once(text, sizeof text, g->root, path) < 0 || counters_switches(&now, text) < 0)
        return;
    if (!isnan(t->switches.voluntary)) {
        g->sums.voluntary += fmax(now.voluntary - t->switches.voluntary, 0);
        g->sums.involuntary += fmax(now.involuntary - t->switches.involuntary, 0);
    }
    t->switches = now;
    g->has_switches = true;
}

static int by_tid(const void *a, const void *b)
{
    const struct group_task *x = a, *y = b;

    return (x->tid > y->tid) - (x->tid < y->tid);
}

static int see_task(struct group_process *p, size_t known, pid_t tid)
{
    struct group_task t = {.tid = tid,
                           .schedstat = {-EBADF},
                           .delay_ns = COUNTER_NONE,
                           .switches = {COUNTER_NONE, COUNTER_NONE},
                           .seen = true};
    struct group_task *old = known ? bsearch(&t, p->tasks, known, sizeof t, by_tid) : NULL;

    if (old) {
        old->seen = true;
        return 0;
    }
    return VEC_PUSH(p->tasks, p->task_count, p->task_cap, t);
}

static void drop_unseen(struct group *g, struct group_process *p)
{
    size_t left = 0;

    for (size_t i = 0; i < p->task_count; i++) {
        if (!p->tasks[i].seen) {
            task_close(g, &p->tasks[i]);
            continue;
        }
        p->tasks[left] = p->tasks[i];
        p->tasks[left++].seen = false;
    }
    p->task_count = left;
    if (left > 0)
        qsort(p->tasks, left, sizeof *p->tasks, by_tid);
}

/* A process that ended has no threads any more, and one whose threads can't be listed none either.
 */
static int list_tasks(struct group *g, struct group_process *p)
{
    size_t known = p->task_count;
    char path[PATH_MAX];
    DIR *dir;
    int r = 0;

    (void)snprintf(path, sizeof path, "%s/proc/%d/task", g->root, (int)p->pid);
    dir = opendir(path);
    for (struct dirent *d; dir && r == 0 && (d = readdir(dir));)
        if (d->d_name[0] != '.')
            r = see_task(p, known, (pid_t)strtol(d->d_name, NULL, 10));
    if (dir)
        (void)closedir(dir);
    drop_unseen(g, p);
    return r;
}

static void add_process(struct group *g, struct group_process *p,
                        const struct counters_process *now)
{
    struct group_sums *s = &g->sums;

    if (!isnan(p->last.cpu_ticks)) {
        s->cpu_ticks += fmax(now->cpu_ticks - p->last.cpu_ticks, 0);
        s->minor_faults += fmax(now->minor_faults - p->last.minor_faults, 0);
        s->major_faults += fmax(now->major_faults - p->last.major_faults, 0);
    }
    s->resident_pages += now->resident_pages;
    s->threads += now->threads;
    s->processes++;
    p->last = *now;
}

/* As many threads as before, and all of them there, are the same ones: they aren't listed anew. */
static int read_process(struct group *g, struct group_process *p, bool slow)
{
    struct counters_process now;
    char line[LINE];
    bool ended = false;
    int r = kept_read_short(&p->stat, line, sizeof line);

    p->gone = r < 0 || counters_process(&now, line) < 0;
    if (p->gone)
        return 0;
    add_process(g, p, &now);
    r = p->task_count != (size_t)now.threads ? list_tasks(g, p) : 0;
    for (size_t i = 0; i < p->task_count && r == 0; i++)
        ended = add_task(g, p, &p->tasks[i]) || ended;
    if (r == 0 && ended)
        r = list_tasks(g, p);
    for (size_t i = 0; i < p->task_count && r == 0 && slow; i++)
        add_switches(g, p, &p->tasks[i]);
    return r;
}

int group_read(struct group *g, bool slow)
{
    int r = 0;

    g->has_delay = false;
    if (slow)
        g->has_switches = false;
    g->sums.resident_pages = g->sums.threads = g->sums.processes = 0;
    for (size_t i = 0; i < g->count && r == 0; i++)
        r = read_process(g, &g->items[i], slow);
    return r;
}
