/* SPDX-License-Identifier: Apache-2.0 */
#include "load/limits.h"
#include "base/fs.h"
#include "load/engine.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { SPARE_DESCRIPTORS = 32 }; /* for whatever the rest of the program opens meanwhile */

int32_t load_cap(const struct load_config *c)
{
    int64_t items = i64_min(i64_max((int64_t)c->count, 1), INT32_MAX);
    int64_t limit = c->concurrency > 0     ? c->concurrency
                    : c->max_in_flight > 0 ? c->max_in_flight
                                           : items;

    return (int32_t)i64_min(limit, items);
}

static size_t open_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    size_t n = 0;

    if (!d)
        return 64;
    while (readdir(d))
        n++;
    (void)closedir(d);
    return n;
}

/* Raises the soft limit where the hard one allows it. */
static int want_descriptors(struct load_limits *l, struct err *err)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return err_set(err, -errno, "RLIMIT_NOFILE: %s", strerror(errno));
    if (limit.rlim_max < l->descriptors)
        return err_set(err, -EMFILE,
                       "load: %zu file descriptors are needed for %zu connections, the hard limit "
                       "is %llu: lower max_in_flight or concurrency, or raise it with ulimit -Hn "
                       "%zu",
                       l->descriptors, l->connections, (unsigned long long)limit.rlim_max,
                       l->descriptors);
    l->allowed = limit.rlim_cur;
    if (limit.rlim_cur >= l->descriptors)
        return 0;
    limit.rlim_cur = l->allowed = l->descriptors;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        return err_set(err, -errno, "RLIMIT_NOFILE %zu: %s", l->descriptors, strerror(errno));
    return 0;
}

/* Of net.ipv4.ip_local_port_range, which holds for IPv6, too; 0: not readable. */
static size_t local_ports(void)
{
    unsigned first, last;
    char line[64];

    if (fs_read_line(line, sizeof line, "/proc/sys/net/ipv4/ip_local_port_range") < 0 ||
        sscanf(line, "%u %u", &first, &last) != 2 || last < first || last > 65535)
        return 0;
    return last - first + 1;
}

static int want_ports(struct load_limits *l, struct err *err)
{
    size_t room = l->ports * l->sources;

    if (l->ports == 0 || l->connections <= room)
        return 0;
    return err_set(err, -EADDRNOTAVAIL,
                   "load: %zu connections to one address and port, but %zu local ports: lower "
                   "max_in_flight or concurrency, widen net.ipv4.ip_local_port_range (sysctl), or "
                   "give %zu target.source_addresses",
                   l->connections, room, (l->connections + l->ports - 1) / l->ports);
}

int load_limits(struct load_limits *ret, const struct load_config *c, struct err *err)
{
    int32_t cap = load_cap(c), threads = (int32_t)i64_min(c->threads, cap);
    const struct load_target *t = &c->target;
    struct load_limits l = {.sources = t->source_count ? t->source_count : 1};
    struct engine_memory m = engine_memory(cap / threads + 1, c->count, c->render.max_bytes);
    int r;

    l.connections = c->h2_connections > 0 ? 2 * (size_t)c->h2_connections
                                          : (size_t)cap + (size_t)threads * ENGINE_WATCHED;
    l.descriptors = open_descriptors() + l.connections + (size_t)threads + SPARE_DESCRIPTORS;
    l.ports = t->address.ss_family == AF_UNIX ? 0 : local_ports();
    l.connection_bytes = m.connection;
    l.buffer_bytes = m.buffers * (size_t)threads;
    r = want_descriptors(&l, err);
    if (r == 0)
        r = want_ports(&l, err);
    if (r == 0)
        *ret = l;
    return r;
}
