/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/host_topology.c - sockets, cores, caches and memory nodes. */
#include "base/cpus.h"
#include "probe/host.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CACHES_MAX = 8, NODES_MAX = 64 };

static int64_t topology_number(const char *root, int cpu, const char *file)
{
    char path[HOST_TEXT];
    int64_t v;

    (void)snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/%s", cpu, file);
    return host_number(&v, root, path, 1) == 0 ? v : -1;
}

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static int distinct(int64_t *v, int n)
{
    int count = n > 0;

    qsort(v, (size_t)n, sizeof *v, by_value);
    for (int i = 1; i < n; i++)
        count += v[i] != v[i - 1];
    return count;
}

static int put_cores(const struct facts *f, const char *root)
{
    static const char source[] = "/sys/devices/system/cpu/cpuN/topology of those online";
    int64_t packages[CPUS_MAX], cores[CPUS_MAX];
    int cpus[CPUS_MAX], n = 0;
    char text[HOST_TEXT];
    int r = host_line(text, root, "/sys/devices/system/cpu/online");

    if (r == 0)
        n = cpus_parse(cpus, CPUS_MAX, text);
    for (int i = 0; i < n; i++) {
        packages[i] = topology_number(root, cpus[i], "physical_package_id");
        cores[i] = packages[i] << 32 | topology_number(root, cpus[i], "core_id");
        if (packages[i] < 0 || cores[i] < 0)
            n = 0;
    }
    if (n <= 0) {
        r = facts_absent(f, "cpu.sockets", "%s: not there", source);
        return r < 0 ? r : facts_absent(f, "cpu.cores", "%s: not there", source);
    }
    r = facts_i64(f, KNOWN_MEASURED, "cpu.threads", n, "", source);
    if (r == 0)
        r = facts_i64(f, KNOWN_MEASURED, "cpu.cores", distinct(cores, n), "", source);
    return r < 0 ? r
                 : facts_i64(f, KNOWN_MEASURED, "cpu.sockets", distinct(packages, n), "", source);
}

/* "48K" -> bytes; 0: no size. */
static int64_t size_of(const char *text)
{
    char *unit;
    const long long v = strtoll(text, &unit, 10);
    const int64_t scale = *unit == 'K' ? 1024 : *unit == 'M' ? 1024 * 1024 : 1;

    return v > 0 && v < 1 << 30 ? v * scale : 0;
}

/* cpu.cache.l1d.bytes, cpu.cache.l3.shared_by ... of the first CPU */
static int put_cache(const struct facts *f, const char *root, int index, bool *there)
{
    char path[HOST_TEXT], level[HOST_TEXT], type[HOST_TEXT], text[HOST_TEXT], name[64];
    const char *files[] = {"level", "type", "size", "shared_cpu_list"};
    char *values[] = {level, type, text, text};
    int cpus[CPUS_MAX], r, shared;

    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index,
                       files[i]);
        if (host_line(values[i], root, path) < 0)
            return 0;
    }
    *there = true;
    type[0] = type[0] == 'D' ? 'd' : type[0] == 'I' ? 'i' : '\0';
    type[1] = '\0';
    (void)snprintf(name, sizeof name, "cpu.cache.l%.2s%.1s.bytes", level, type);
    r = facts_i64(f, KNOWN_MEASURED, name, size_of(text), "bytes", path);
    (void)snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index,
                   files[3]);
    if (r < 0 || host_line(text, root, path) < 0)
        return r;
    shared = cpus_parse(cpus, CPUS_MAX, text);
    (void)snprintf(name, sizeof name, "cpu.cache.l%.2s%.1s.shared_by", level, type);
    return shared > 0 ? facts_i64(f, KNOWN_MEASURED, name, shared, "cpus", path) : 0;
}

static int put_caches(const struct facts *f, const char *root)
{
    bool there = false;
    int r = 0;

    for (int i = 0; i < CACHES_MAX && r == 0; i++)
        r = put_cache(f, root, i, &there);
    return r < 0 || there
               ? r
               : facts_absent(f, "cpu.cache", "/sys/devices/system/cpu/cpu0/cache: not there");
}

/* "Node 0 MemTotal:  1000 kB" */
static int put_node_memory(const struct facts *f, const char *root, int node)
{
    char path[HOST_TEXT], key[48], text[HOST_TEXT], name[48];

    (void)snprintf(path, sizeof path, "/sys/devices/system/node/node%d/meminfo", node);
    (void)snprintf(key, sizeof key, "Node %d MemTotal", node);
    (void)snprintf(name, sizeof name, "numa.%d.memory_bytes", node);
    if (host_value(text, root, path, key) < 0)
        return facts_absent(f, name, "%s: no MemTotal", path);
    return facts_i64(f, KNOWN_MEASURED, name, (int64_t)strtoll(text, NULL, 10) * 1024, "bytes",
                     path);
}

static int put_node(const struct facts *f, const char *root, int node)
{
    static const char *const lines[][2] = {{"cpus", "cpulist"}, {"distances", "distance"}};
    char path[HOST_TEXT], name[48];
    int r = put_node_memory(f, root, node);

    for (size_t i = 0; i < COUNT_OF(lines) && r == 0; i++) {
        (void)snprintf(path, sizeof path, "/sys/devices/system/node/node%d/%s", node, lines[i][1]);
        (void)snprintf(name, sizeof name, "numa.%d.%s", node, lines[i][0]);
        r = host_put_line(f, root, name, path);
    }
    return r;
}

static int put_nodes(const struct facts *f, const char *root)
{
    static const char path[] = "/sys/devices/system/node/online";
    int nodes[CPUS_MAX], n = 0;
    char text[HOST_TEXT];
    int r = host_line(text, root, path);

    if (r == 0)
        n = cpus_parse(nodes, CPUS_MAX, text);
    if (n <= 0)
        return facts_absent(f, "numa.nodes", "%s: %s", path, r < 0 ? strerror(-r) : "no list");
    r = facts_i64(f, KNOWN_MEASURED, "numa.nodes", n, "", path);
    for (int i = 0; i < n && i < NODES_MAX && r == 0; i++)
        r = put_node(f, root, nodes[i]);
    return r < 0 ? r : host_put_line(f, root, "numa.balancing", "/proc/sys/kernel/numa_balancing");
}

int host_topology(const struct facts *f, const char *root)
{
    int r = put_cores(f, root);

    if (r == 0)
        r = put_caches(f, root);
    return r < 0 ? r : put_nodes(f, root);
}
