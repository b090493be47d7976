/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/cgroup.c - the CPU and memory that a container leaves to this process.
 *
 * A limit of any ancestor binds, so the tightest from the own group up to the root counts. In
 * version 2 there is one tree; in version 1 each controller has its own, and a host may run both.
 */
#include "base/fs.h"
#include "probe/host.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct limits {
    double cpus;    /* 0: none found */
    int64_t memory; /* bytes; 0: none found */
    bool cpu_seen, memory_seen;
};

bool cgroup_path(char *buf, const char *table, const char *controller)
{
    for (const char *line = table; line && *line; line = strchr(line, '\n')) {
        const char *names, *path;
        size_t n = strlen(controller);

        line += *line == '\n';
        names = strchr(line, ':');
        path = names ? strchr(names + 1, ':') : NULL;
        if (!path)
            return false;
        for (names++; names < path; names += strcspn(names, ",:") + 1)
            if (n > 0 && strncmp(names, controller, n) == 0 && strcspn(names, ",:") == n)
                break;
        if (n == 0 ? path[-1] == ':' : names < path) {
            (void)snprintf(buf, HOST_TEXT, "%.*s", (int)strcspn(path + 1, "\n"), path + 1);
            return true;
        }
    }
    return false;
}

static bool read_number(int64_t *ret, const char *root, const char *dir, const char *group,
                        const char *file)
{
    char path[2 * HOST_TEXT], text[HOST_TEXT], *end;
    long long v;

    if (snprintf(path, sizeof path, "%s%s/%s", dir, group, file) >= HOST_TEXT ||
        host_line(text, root, path) < 0)
        return false;
    v = strtoll(text, &end, 10);
    if (end == text)
        return false;
    *ret = v;
    return true;
}

static void tighten_cpu(struct limits *l, double cpus)
{
    if (cpus > 0 && (l->cpus == 0 || cpus < l->cpus))
        l->cpus = cpus;
}

/* Version 1 writes "no limit" as a number near 2^63. */
static void tighten_memory(struct limits *l, int64_t bytes)
{
    if (bytes > 0 && bytes < INT64_C(1) << 60 && (l->memory == 0 || bytes < l->memory))
        l->memory = bytes;
}

/* cpu.max: "QUOTA PERIOD" or "max PERIOD" */
static void read_v2(struct limits *l, const char *root, const char *group)
{
    char path[2 * HOST_TEXT], text[HOST_TEXT];
    double quota, period;
    int64_t bytes;

    if (snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group) < HOST_TEXT &&
        host_line(text, root, path) == 0) {
        l->cpu_seen = true;
        if (sscanf(text, "%lf %lf", &quota, &period) == 2 && period > 0)
            tighten_cpu(l, quota / period);
    }
    if (snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", group) < HOST_TEXT &&
        host_line(text, root, path) == 0) {
        l->memory_seen = true;
        if (read_number(&bytes, root, "/sys/fs/cgroup", group, "memory.max"))
            tighten_memory(l, bytes);
    }
}

static void read_v1_cpu(struct limits *l, const char *root, const char *group)
{
    int64_t quota, period;

    if (!read_number(&quota, root, "/sys/fs/cgroup/cpu", group, "cpu.cfs_quota_us") ||
        !read_number(&period, root, "/sys/fs/cgroup/cpu", group, "cpu.cfs_period_us"))
        return;
    l->cpu_seen = true;
    if (quota > 0 && period > 0)
        tighten_cpu(l, (double)quota / (double)period);
}

static void read_v1_memory(struct limits *l, const char *root, const char *group)
{
    int64_t bytes;

    if (!read_number(&bytes, root, "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes"))
        return;
    l->memory_seen = true;
    tighten_memory(l, bytes);
}

/* Calls @read for the group and each of its ancestors, "" (the root) last. */
static void climb(struct limits *l, const char *root, const char *group,
                  void (*read)(struct limits *, const char *, const char *))
{
    char at[HOST_TEXT];

    (void)snprintf(at, sizeof at, "%s", group);
    while (at[0]) {
        char *slash = strrchr(at, '/');

        if (strcmp(at, "/") != 0)
            read(l, root, at);
        if (!slash)
            break;
        *slash = '\0';
    }
    read(l, root, "");
}

static void read_limits(struct limits *l, const char *root, const char *table)
{
    char group[HOST_TEXT];

    if (cgroup_path(group, table, ""))
        climb(l, root, group, read_v2);
    if (cgroup_path(group, table, "cpu"))
        climb(l, root, group, read_v1_cpu);
    if (cgroup_path(group, table, "memory"))
        climb(l, root, group, read_v1_memory);
}

static int put_limits(const struct facts *f, const struct limits *l)
{
    static const char source[] = "/sys/fs/cgroup, own group and its ancestors";
    char text[32] = "none";
    int r;

    if (l->cpus > 0)
        (void)snprintf(text, sizeof text, "%.3f", l->cpus);
    r = l->cpu_seen || l->cpus > 0
            ? facts_put(f, KNOWN_MEASURED, "cgroup.cpus_max", text, "cpus", source)
            : facts_absent(f, "cgroup.cpus_max", "no CPU controller in %s", source);
    if (r < 0)
        return r;
    (void)snprintf(text, sizeof text, l->memory > 0 ? "%" PRId64 : "none", l->memory);
    return l->memory_seen
               ? facts_put(f, KNOWN_MEASURED, "cgroup.memory_max_bytes", text, "bytes", source)
               : facts_absent(f, "cgroup.memory_max_bytes", "no memory controller in %s", source);
}

static const char *version_of(const char *root, const char *table)
{
    char path[HOST_TEXT];
    bool v1 = strstr(table, ":memory:") || strstr(table, ":cpu");

    (void)snprintf(path, sizeof path, "%s/sys/fs/cgroup/cgroup.controllers", root);
    return fs_exists(path) ? "v2" : v1 ? "v1" : "";
}

int host_cgroup(const struct facts *f, const char *root)
{
    AUTO(free) char *table = NULL;
    char path[HOST_TEXT];
    struct limits l = {0};
    size_t len;
    int r;

    (void)snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    r = fs_read(&table, &len, path, 1 << 20, NULL);
    if (r < 0)
        return facts_absent(f, "cgroup.version", "/proc/self/cgroup: %s", strerror(-r));
    r = facts_put(f, KNOWN_MEASURED, "cgroup.version", version_of(root, table), "",
                  *version_of(root, table) ? "/sys/fs/cgroup" : "no cgroup tree is mounted");
    if (r < 0)
        return r;
    read_limits(&l, root, table);
    return put_limits(f, &l);
}
