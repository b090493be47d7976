/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/meters.h"
#include "probe/counters.h"
#include "probe/host.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_cpu(double *v, const char *text)
{
    struct counters_host h;
    int r = counters_host(&h, text);

    if (r < 0)
        return r;
    v[0] = h.busy_ticks;
    v[1] = h.steal_ticks;
    v[2] = h.iowait_ticks;
    v[3] = h.context_switches;
    v[4] = h.running;
    v[5] = h.blocked;
    return 0;
}

static int read_first(double *v, const char *text)
{
    char *end;

    v[0] = strtod(text, &end);
    return end != text && isfinite(v[0]) ? 0 : -EBADMSG;
}

static int read_pressure(double *v, const char *text)
{
    struct counters_pressure p;
    int r = counters_pressure(&p, text);

    if (r < 0)
        return r;
    v[0] = p.some_us;
    v[1] = p.full_us;
    return 0;
}

static int read_tcp(double *v, const char *text)
{
    v[0] = counters_net(text, "Tcp", "OutSegs");
    v[1] = counters_net(text, "Tcp", "RetransSegs");
    return isnan(v[0]) && isnan(v[1]) ? -ENODATA : 0;
}

static int read_tcp_more(double *v, const char *text)
{
    v[0] = counters_net(text, "TcpExt", "TCPTimeouts");
    v[1] = counters_net(text, "TcpExt", "ListenDrops");
    return isnan(v[0]) && isnan(v[1]) ? -ENODATA : 0;
}

/* Whether @name is a part of @disk: sda1 of sda, nvme0n1p1 of nvme0n1. */
static bool is_part(const char *name, const char *disk)
{
    size_t n = strlen(disk);

    if (n == 0 || strncmp(name, disk, n) != 0)
        return false;
    name += n;
    if (isdigit((unsigned char)disk[n - 1]) && *name++ != 'p')
        return false;
    return *name != '\0' && strspn(name, "0123456789") == strlen(name);
}

/* What stands on other devices, or on memory. */
static bool is_virtual(const char *name)
{
    static const char *const names[] = {"loop", "ram", "zram", "dm-", "md", "sr", "fd"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static int read_disks(double *v, const char *text)
{
    struct counters_disk d;
    char disk[sizeof d.name] = "";

    v[0] = v[1] = v[2] = 0;
    while (counters_disk(&d, &text)) {
        if (is_virtual(d.name) || is_part(d.name, disk))
            continue;
        memcpy(disk, d.name, sizeof disk);
        v[0] += d.read_sectors;
        v[1] += d.written_sectors;
        v[2] += d.busy_ms;
    }
    return disk[0] ? 0 : -ENODATA;
}

static int read_mhz(double *v, const char *text)
{
    return counters_mhz(&v[0], &v[1], text);
}

/* Version 2 counts microseconds, version 1 nanoseconds. */
static int read_throttled(double *v, const char *text)
{
    double us = counters_named(text, "throttled_usec");

    v[0] = counters_named(text, "nr_throttled");
    v[1] = isnan(us) ? counters_named(text, "throttled_time") : us * 1e3;
    return isnan(v[0]) ? -ENODATA : 0;
}

#define TICK (1.0 / TICKS_PER_S)
#define SECTOR 512.0 /* whatever the device's own are */

static const struct meter_kind host_kinds[] = {
    {"host.cpu",
     "/proc/stat",
     read_cpu,
     {{"cpu.use", "cpus", "/proc/stat: all but idle and iowait", TICK, true},
      {"cpu.steal", "cpus", "/proc/stat: steal", TICK, true},
      {"cpu.iowait", "cpus", "/proc/stat: iowait", TICK, true},
      {"context_switches", "1/s", "/proc/stat: ctxt", 1, true},
      {"threads.running", "1", "/proc/stat: procs_running", 1, false},
      {"threads.blocked", "1", "/proc/stat: procs_blocked", 1, false}},
     false},
    {"host.load",
     "/proc/loadavg",
     read_first,
     {{"load.1m", "1", "/proc/loadavg", 1, false}},
     false},
    {"host.pressure.cpu",
     "/proc/pressure/cpu",
     read_pressure,
     {{"pressure.cpu.some", "1", "/proc/pressure/cpu: some, share of time", 1e-6, true},
      {"pressure.cpu.full", "1", "/proc/pressure/cpu: full, share of time", 1e-6, true}},
     false},
    {"host.pressure.memory",
     "/proc/pressure/memory",
     read_pressure,
     {{"pressure.memory.some", "1", "/proc/pressure/memory: some, share of time", 1e-6, true},
      {"pressure.memory.full", "1", "/proc/pressure/memory: full, share of time", 1e-6, true}},
     false},
    {"host.pressure.io",
     "/proc/pressure/io",
     read_pressure,
     {{"pressure.io.some", "1", "/proc/pressure/io: some, share of time", 1e-6, true},
      {"pressure.io.full", "1", "/proc/pressure/io: full, share of time", 1e-6, true}},
     false},
    {"host.tcp",
     "/proc/net/snmp",
     read_tcp,
     {{"tcp.segments_out", "1/s", "/proc/net/snmp: OutSegs", 1, true},
      {"tcp.retransmits", "1/s", "/proc/net/snmp: RetransSegs", 1, true}},
     false},
    {"host.tcp_more",
     "/proc/net/netstat",
     read_tcp_more,
     {{"tcp.timeouts", "1/s", "/proc/net/netstat: TCPTimeouts", 1, true},
      {"tcp.listen_drops", "1/s", "/proc/net/netstat: ListenDrops", 1, true}},
     false},
    {"host.disk",
     "/proc/diskstats",
     read_disks,
     {{"disk.read", "bytes/s", "/proc/diskstats: sectors read, all disks", SECTOR, true},
      {"disk.written", "bytes/s", "/proc/diskstats: sectors written, all disks", SECTOR, true},
      {"disk.busy", "1", "/proc/diskstats: ms doing I/O, share of time, sum over all disks", 1e-3,
       true}},
     false},
    {"host.cpu_frequency",
     "/proc/cpuinfo",
     read_mhz,
     {{"cpu.frequency", "Hz", "/proc/cpuinfo: cpu MHz, mean of all CPUs", 1e6, false},
      {"cpu.frequency_least", "Hz", "/proc/cpuinfo: cpu MHz, the slowest", 1e6, false}},
     true},
};

static const struct meter_kind throttled = {
    "cpu",
    NULL,
    read_throttled,
    {{"cgroup.cpu.throttled_periods", "1/s", "cpu.stat: nr_throttled", 1, true},
     {"cgroup.cpu.throttled", "1", "cpu.stat: throttled time, share of time", 1e-9, true}},
    false};
static const struct meter_kind group_memory = {
    "memory",
    NULL,
    read_first,
    {{"cgroup.memory.bytes", "bytes", "memory.current or memory.usage_in_bytes", 1, false}},
    false};
static const struct meter_kind power = {
    "host.power",
    NULL,
    read_first,
    {{"power", "W", "/sys/class/powercap/*/energy_uj", 1e-6, true}},
    true};

static int put_absent(const struct facts *f, const char *name, const char *path, int r)
{
    char full[64];

    (void)snprintf(full, sizeof full, "conditions.%s", name);
    return facts_absent(f, full, "%s: %s", path,
                        r == -ENODATA || r == -EBADMSG ? "it does not tell" : strerror(-r));
}

/* 1: it can be read from now on; 0: it can't, and *@why says so. */
static int add(struct meters *m, const struct meter_kind *kind, const char *scope, const char *path,
               int *why)
{
    struct meter *meter = &m->of[m->count];
    double readings[METER_READINGS];
    int r;

    if (m->count == METERS_MAX) {
        *why = -ENOSPC;
        return 0;
    }
    *meter = (struct meter){.kind = kind,
                            .gauges = {.sink = m->sink, .scope = scope, .of = kind->gauges}};
    kept_open(&meter->file, m->root, path);
    r = kept_read(&meter->file, m->text, sizeof m->text);
    if (r == 0)
        r = kind->read(readings, m->text);
    if (r < 0) {
        kept_close(&meter->file);
        *why = r;
        return 0;
    }
    m->count++;
    return 1;
}

/* Running average power limit: the energy of each package, for who may read it. */
static int open_power(struct meters *m, const struct facts *f)
{
    int why = -ENOENT, found = 0;

    for (int i = 0; i < 8; i++) {
        char path[96], name[HOST_TEXT];

        (void)snprintf(path, sizeof path, "/sys/class/powercap/intel-rapl:%d/name", i);
        if (host_line(name, m->root, path) < 0)
            break;
        (void)snprintf(path, sizeof path, "/sys/class/powercap/intel-rapl:%d/energy_uj", i);
        if (add(m, &power, "host", path, &why) == 1) {
            struct meter *own = &m->of[m->count - 1];

            (void)snprintf(own->name, sizeof own->name, "power.%.20s", name);
            own->own[0] = power.gauges[0];
            own->own[0].name = own->name;
            own->gauges.of = own->own;
            found++;
        }
    }
    return found ? 0 : put_absent(f, power.name, "/sys/class/powercap/intel-rapl:0/energy_uj", why);
}

int meters_open_host(struct meters *m, const struct facts *f)
{
    int r = 0, why = 0;

    for (size_t i = 0; i < COUNT_OF(host_kinds) && r == 0; i++)
        if (add(m, &host_kinds[i], "host", host_kinds[i].path, &why) == 0)
            r = put_absent(f, host_kinds[i].name, host_kinds[i].path, why);
    return r == 0 ? open_power(m, f) : r;
}

/* The file in the group itself, else where a container has its own group mounted. */
static int open_group_file(struct meters *m, const struct facts *f, const char *scope,
                           const struct meter_kind *kind, const char *table,
                           const char *const files[2])
{
    char group[HOST_TEXT] = "", path[2 * HOST_TEXT], name[64];
    int why = -ENOENT;

    for (int version = 2; version >= 1; version--) {
        const char *mount = version == 2 ? "" : kind->name;

        if (!cgroup_path(group, table, mount))
            continue;
        for (int own = 1; own >= 0; own--) {
            (void)snprintf(path, sizeof path, "/sys/fs/cgroup%s%s%s/%s", *mount ? "/" : "", mount,
                           own && group[1] ? group : "", files[version - 1]);
            if (add(m, kind, scope, path, &why) == 1)
                return 0;
        }
    }
    (void)snprintf(name, sizeof name, "%s.cgroup.%s", scope, kind->name);
    return put_absent(f, name, files[1], why);
}

int meters_open_group(struct meters *m, const struct facts *f, const char *scope, pid_t pid)
{
    static const char *const cpu_files[] = {"cpu.stat", "cpu.stat"};
    static const char *const memory_files[] = {"memory.usage_in_bytes", "memory.current"};
    char path[64] = "/proc/self/cgroup", table[1 << 15], name[64];
    int r;

    if (pid > 0)
        (void)snprintf(path, sizeof path, "/proc/%d/cgroup", (int)pid);
    r = kept_read_once(table, sizeof table, m->root, path);
    if (r < 0) {
        (void)snprintf(name, sizeof name, "%s.cgroup", scope);
        return put_absent(f, name, path, r);
    }
    r = open_group_file(m, f, scope, &throttled, table, cpu_files);
    return r < 0 ? r : open_group_file(m, f, scope, &group_memory, table, memory_files);
}

/* What can't be read any more, or tells nothing now, gives no row. */
int meters_read(struct meters *m, int64_t now_ns, bool slow)
{
    int r = 0;

    for (size_t i = 0; i < m->count && r == 0; i++) {
        struct meter *meter = &m->of[i];
        double readings[METER_READINGS];

        if ((!meter->kind->slow || slow) && kept_read(&meter->file, m->text, sizeof m->text) == 0 &&
            meter->kind->read(readings, m->text) == 0)
            r = gauges_put(&meter->gauges, now_ns, readings);
    }
    return r;
}

void meters_release(struct meters *m)
{
    for (size_t i = 0; i < m->count; i++)
        kept_close(&m->of[i].file);
    m->count = 0;
}
