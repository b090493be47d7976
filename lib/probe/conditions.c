/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/conditions.c - the conditions that a run had: host, control groups, the client's own
 * process and the engine's processes, at each sample. What costs more than the rest (the list of
 * processes, context switches of each thread, clock speeds) is looked at once a second at most.
 */
#include "probe/conditions.h"
#include "probe/address.h"
#include "probe/gauges.h"
#include "probe/group.h"
#include "probe/meters.h"
#include "probe/tree.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SLOW_MS = 1000, KEPT_SHARE = 8, KEPT_MAX = 2048 };

#define CLIENT "client"
#define ENGINE "engine.process"

static const struct gauge process_gauges[] = {
    {"cpu.use", "cpus", "/proc/PID/stat: utime, stime", 1.0 / TICKS_PER_S, true},
    {"run_delay", "1", "/proc/PID/task/*/schedstat: waited for a CPU, share of time, all threads",
     1e-9, true},
    {"context_switches.voluntary", "1/s", "/proc/PID/task/*/status", 1, true},
    {"context_switches.involuntary", "1/s", "/proc/PID/task/*/status", 1, true},
    {"faults.minor", "1/s", "/proc/PID/stat: minflt", 1, true},
    {"faults.major", "1/s", "/proc/PID/stat: majflt", 1, true},
    {"memory.resident_bytes", "bytes", "/proc/PID/stat: rss", 1, false},
    {"threads", "1", "/proc/PID/stat: num_threads", 1, false},
    {"processes", "1", "/proc", 1, false},
    {NULL, NULL, NULL, 0, false},
};

struct watched { /* the client, or the engine */
    struct group group;
    struct gauges gauges;
};

struct probe {
    const struct probe_setup *setup;
    const struct probe_out *out;
    const char *root;
    struct meters meters;
    struct watched client, engine;
    struct probe_tree tree; /* the engine's; root 0: there is none */
    int64_t slow_ns;        /* TIME_NONE: never yet */
};

/* Descriptors that may be kept of a group's threads: the load engine needs the most of them. */
static size_t keep_max(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return 0;
    return files.rlim_cur / KEPT_SHARE < KEPT_MAX ? files.rlim_cur / KEPT_SHARE : KEPT_MAX;
}

static void watched_init(struct watched *w, struct probe *c, const char *scope)
{
    w->group = (struct group){.root = c->root, .keep_max = keep_max()};
    w->gauges = (struct gauges){.sink = &c->out->series, .scope = scope, .of = process_gauges};
}

static int watched_put(struct watched *w, int64_t now_ns, bool slow)
{
    const struct group_sums *s = &w->group.sums;
    int r = group_read(&w->group, slow);
    const bool switches = slow && w->group.has_switches;
    const double readings[] = {s->cpu_ticks,
                               w->group.has_delay ? s->delay_ns : COUNTER_NONE,
                               switches ? s->voluntary : COUNTER_NONE,
                               switches ? s->involuntary : COUNTER_NONE,
                               s->minor_faults,
                               s->major_faults,
                               s->resident_pages * (double)sysconf(_SC_PAGESIZE),
                               s->threads,
                               s->processes};

    if (r < 0 || s->processes == 0)
        return r;
    return gauges_put(&w->gauges, now_ns, readings);
}

static int want_tree(struct probe *c)
{
    int r = 0;

    for (size_t i = 0; i < c->tree.count && r == 0; i++)
        r = group_want(&c->engine.group, c->tree.items[i].pid, c->tree.items[i].start_ticks);
    if (r == 0)
        group_tidy(&c->engine.group);
    return r;
}

/* A restarted engine is the one that listens now. That it restarted, the probe "process" remarks.
 */
static int seek_engine(struct probe *c)
{
    pid_t pid;

    group_release(&c->engine.group);
    if (probe_engine_pid(&pid, c->setup) < 0)
        return -ESRCH;
    probe_tree_release(&c->tree);
    c->tree.root = pid;
    return probe_tree_refresh(&c->tree, c->root, NULL);
}

static int follow_tree(struct probe *c)
{
    int r;

    if (c->tree.root == 0)
        return 0;
    r = probe_tree_refresh(&c->tree, c->root, NULL);
    if (r == -ESRCH)
        r = seek_engine(c);
    if (r == 0)
        r = want_tree(c);
    return r == -ENOMEM ? r : 0; /* what can't be listed now may be the next time */
}

static int conditions_sample(struct probe *c, int64_t now_ns)
{
    bool slow = c->slow_ns == TIME_NONE || now_ns - c->slow_ns >= SLOW_MS * NS_PER_MS * 9 / 10;
    int r = 0;

    if (slow) {
        c->slow_ns = now_ns;
        r = follow_tree(c);
    }
    if (r == 0)
        r = meters_read(&c->meters, now_ns, slow);
    if (r == 0)
        r = watched_put(&c->client, now_ns, slow);
    return r < 0 ? r : watched_put(&c->engine, now_ns, slow);
}

static int open_engine(struct probe *c, const struct probe_setup *s, const struct facts *f)
{
    struct err err = {0};
    int r;

    if (s->engine_pid <= 0)
        return facts_absent(f, "conditions.engine", "%s",
                            s->engine_why && *s->engine_why ? s->engine_why
                                                            : "its process is not "
                                                              "known");
    c->tree.root = s->engine_pid;
    r = probe_tree_refresh(&c->tree, s->root, &err);
    if (r < 0) {
        c->tree.root = 0;
        return r == -ENOMEM ? r : facts_absent(f, "conditions.engine", "%s", err.text);
    }
    r = want_tree(c);
    return r < 0 ? r : meters_open_group(&c->meters, f, ENGINE, s->engine_pid);
}

static int open_all(struct probe *c, const struct probe_setup *s)
{
    const struct facts f = {&c->out->facts, "probe"};
    int r = meters_open_host(&c->meters, &f);

    if (r == 0)
        r = meters_open_group(&c->meters, &f, CLIENT, 0);
    if (r == 0)
        r = group_want(&c->client.group, getpid(), 0);
    return r < 0 ? r : open_engine(c, s, &f);
}

static void conditions_close(struct probe *c)
{
    if (!c)
        return;
    meters_release(&c->meters);
    group_release(&c->client.group);
    group_release(&c->engine.group);
    probe_tree_release(&c->tree);
    free(c);
}

static int conditions_open(struct probe **ret, const struct probe_setup *s,
                           const struct probe_out *out, struct err *err)
{
    struct probe *c = calloc(1, sizeof *c);
    int r;

    if (!c)
        return err_set(err, -ENOMEM, "out of memory for conditions");
    c->setup = s;
    c->out = out;
    c->root = s->root;
    c->slow_ns = TIME_NONE;
    c->meters.root = s->root;
    c->meters.sink = &out->series;
    watched_init(&c->client, c, CLIENT);
    watched_init(&c->engine, c, ENGINE);
    r = open_all(c, s);
    if (r < 0) {
        conditions_close(c);
        return err_set(err, r, "conditions: %s", strerror(-r));
    }
    *ret = c;
    return 0;
}

const struct probe_ops probe_conditions = {.name = "conditions",
                                           .open = conditions_open,
                                           .sample = conditions_sample,
                                           .close = conditions_close};
