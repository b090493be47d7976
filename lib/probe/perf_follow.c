/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/perf_follow.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/vec.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PLACES = 1 << 16 };
/* A look costs as much as the host has processes, and workers rarely come late. */
#define TREE_PERIOD_NS (5 * NS_PER_S)
#define GONE_PERIOD_NS NS_PER_S /* while nobody is the root */

struct draining {
    struct perf_follow *f;
    struct perf_process *process;
};

/* An address in no mapping: the table is out of date, which is looked into once a drain. */
static const struct perf_mapping *mapping_of(struct draining *d, uint64_t ip)
{
    struct perf_process *p = d->process;
    const struct perf_mapping *m = perf_maps_find(&p->maps, ip);

    if (m || p->reread)
        return m;
    p->reread = true;
    if (perf_maps_read(&p->maps, &d->f->objects, d->f->root, p->pid) == -ENOMEM)
        d->f->r = -ENOMEM;
    return perf_maps_find(&p->maps, ip);
}

static void on_sample(void *ctx, uint64_t ip, bool user)
{
    struct draining *d = ctx;
    struct perf_follow *f = d->f;
    const struct perf_mapping *m = user ? mapping_of(d, ip) : NULL;
    const bool file = m && f->objects.items[m->object].path[0] == '/';

    f->samples++;
    if (m)
        perf_object_open(&f->objects, m, f->root, d->process->pid);
    perf_counts_add(&f->counts, f->phase,
                    m       ? m->object
                    : !user ? PERF_KERNEL
                            : PERF_UNKNOWN,
                    file ? ip - m->start + m->offset : PERF_NOWHERE);
}

static void on_map(void *ctx, const struct perf_map *m)
{
    struct draining *d = ctx;

    if (perf_maps_add(&d->process->maps, &d->f->objects, m) < 0)
        d->f->r = -ENOMEM;
}

static void on_lost(void *ctx, uint64_t n)
{
    ((struct draining *)ctx)->f->lost += n;
}

static void drain_thread(struct perf_follow *f, struct perf_process *p, struct perf_thread *t)
{
    struct draining d = {f, p};

    perf_event_drain(&t->event, &(struct perf_visitor){on_sample, on_map, on_lost, &d});
}

int perf_follow_drain(struct perf_follow *f)
{
    for (struct perf_process *p = f->processes; p; p = p->next) {
        p->reread = false;
        for (size_t i = 0; i < p->count; i++)
            drain_thread(f, p, &p->threads[i]);
    }
    return f->r;
}

static int refuse(struct perf_follow *f, int why)
{
    f->refused++;
    f->refused_why = why;
    return 0;
}

static int take_thread(struct perf_follow *f, struct perf_process *p, pid_t tid)
{
    struct perf_thread t = {.tid = tid, .seen = true};
    int r = f->threads < PERF_THREADS_MAX ? perf_event_start(&t.event, &f->way, tid) : -E2BIG;

    if (r < 0)
        return r == -ESRCH ? 0 : refuse(f, r);
    if (VEC_PUSH(p->threads, p->count, p->cap, t) < 0) {
        perf_event_stop(&t.event);
        return -ENOMEM;
    }
    f->threads++;
    return 0;
}

/* /proc lists threads in the order in which they were taken up, so the next is mostly the next. */
static struct perf_thread *thread_of(struct perf_process *p, pid_t tid)
{
    for (size_t i = 0; i < p->count; i++) {
        struct perf_thread *t = &p->threads[(p->hint + i) % p->count];

        if (t->tid == tid) {
            p->hint += i + 1;
            return t;
        }
    }
    return NULL;
}

static void drop_threads(struct perf_follow *f, struct perf_process *p)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->count; i++) {
        struct perf_thread *t = &p->threads[i];

        if (t->seen) {
            t->seen = false;
            p->threads[kept++] = *t;
            continue;
        }
        drain_thread(f, p, t);
        perf_event_stop(&t->event);
        f->threads--;
    }
    p->count = kept;
}

/* utime and stime, the 14th and 15th field; the second may have blanks in it. */
static void read_ticks(const struct perf_follow *f, struct perf_process *p)
{
    unsigned long long user, kernel;
    char path[512], text[1024];
    const char *after;

    (void)snprintf(path, sizeof path, "%s/proc/%d/stat", f->root, (int)p->pid);
    if (fs_read_line(text, sizeof text, path) < 0)
        return;
    after = strrchr(text, ')');
    if (after && sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
                        &kernel) == 2)
        p->ticks = (int64_t)(user + (f->way.kernel ? kernel : 0));
}

/* 1: there are threads. */
static int look_for_threads(struct perf_follow *f, struct perf_process *p)
{
    const struct dirent *e;
    char path[512];
    DIR *dir;
    int r = 0;

    (void)snprintf(path, sizeof path, "%s/proc/%d/task", f->root, (int)p->pid);
    dir = opendir(path);
    if (!dir)
        return 0;
    p->hint = 0;
    while (r == 0 && (e = readdir(dir))) {
        const pid_t tid = (pid_t)strtol(e->d_name, NULL, 10);
        struct perf_thread *t = tid > 0 ? thread_of(p, tid) : NULL;

        if (t)
            t->seen = true;
        else if (tid > 0)
            r = take_thread(f, p, tid);
    }
    (void)closedir(dir);
    read_ticks(f, p);
    return r < 0 ? r : 1;
}

static void process_free(struct perf_follow *f, struct perf_process *p)
{
    for (size_t i = 0; i < p->count; i++)
        p->threads[i].seen = false;
    drop_threads(f, p);
    f->ticks_gone += p->ticks - p->ticks_before;
    free(p->threads);
    perf_maps_release(&p->maps);
    free(p);
}

static int look_at_processes(struct perf_follow *f)
{
    for (struct perf_process **at = &f->processes; *at;) {
        struct perf_process *p = *at;
        const int r = look_for_threads(f, p);

        if (r < 0)
            return r;
        if (r == 0) { /* it has ended */
            *at = p->next;
            process_free(f, p);
            continue;
        }
        drop_threads(f, p);
        at = &p->next;
    }
    f->threads_max = f->threads > f->threads_max ? f->threads : f->threads_max;
    f->refused_max = f->refused > f->refused_max ? f->refused : f->refused_max;
    return 0;
}

static int take_process(struct perf_follow *f, const struct probe_process *found, bool first)
{
    struct perf_process *p = f->processes;

    while (p && (p->pid != found->pid || p->start_ticks != found->start_ticks))
        p = p->next;
    if (p)
        return 0;
    p = calloc(1, sizeof *p);
    if (!p)
        return -ENOMEM;
    p->pid = found->pid;
    p->start_ticks = found->start_ticks;
    if (first) { /* what it did before is none of ours; of a later one, all is */
        read_ticks(f, p);
        p->ticks_before = p->ticks;
    }
    p->next = f->processes;
    f->processes = p;
    return 0;
}

static int look_for_processes(struct perf_follow *f, bool first, struct err *err)
{
    int r = probe_tree_refresh(&f->tree, f->root, err);

    for (size_t i = 0; r == 0 && i < f->tree.count; i++)
        r = take_process(f, &f->tree.items[i], first);
    return r;
}

int perf_follow_refresh(struct perf_follow *f, int64_t now_ns)
{
    int r = 0, looked;

    f->refused = 0;
    if (now_ns >= f->tree_due_ns) {
        r = look_for_processes(f, false, NULL);
        f->tree_due_ns = now_ns + (r == -ESRCH ? GONE_PERIOD_NS : TREE_PERIOD_NS);
    }
    if (r == -ENOMEM)
        return r;
    looked = look_at_processes(f);
    return looked < 0 || r != -ESRCH ? looked : r;
}

int perf_follow_root(struct perf_follow *f, pid_t pid)
{
    int r;

    probe_tree_release(&f->tree);
    f->tree.root = pid;
    f->refused = 0;
    r = look_for_processes(f, true, NULL);
    return r == -ENOMEM ? r : look_at_processes(f);
}

static int begin(struct perf_follow *f, double hz, struct err *err)
{
    int r = perf_counts_init(&f->counts, PLACES);

    if (r == 0)
        r = perf_objects_init(&f->objects);
    if (r < 0)
        return err_set(err, r, "out of memory");
    r = perf_way_find(&f->way, f->tree.root, hz);
    if (r < 0)
        return err_set(err, r, "perf_event_open: %s", strerror(-r));
    r = look_for_processes(f, true, err);
    return r < 0 ? r : look_at_processes(f);
}

int perf_follow_init(struct perf_follow *f, const char *root, pid_t pid, double hz, struct err *err)
{
    int r;

    *f = (struct perf_follow){
        .root = root, .tree.root = pid, .tree_due_ns = clock_mono_ns() + TREE_PERIOD_NS};
    r = begin(f, hz, err);
    if (r < 0)
        perf_follow_release(f);
    return r;
}

double perf_follow_cpu_s(const struct perf_follow *f)
{
    int64_t ticks = f->ticks_gone;

    for (const struct perf_process *p = f->processes; p; p = p->next)
        ticks += p->ticks - p->ticks_before;
    return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

void perf_follow_stop(struct perf_follow *f)
{
    while (f->processes) {
        struct perf_process *p = f->processes;

        f->processes = p->next;
        read_ticks(f, p);
        process_free(f, p);
    }
}

void perf_follow_release(struct perf_follow *f)
{
    perf_follow_stop(f);
    perf_objects_release(&f->objects);
    perf_counts_release(&f->counts);
    probe_tree_release(&f->tree);
}
