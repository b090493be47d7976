/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/host.c - what a reader of /proc and /sys can know of this host. */
#include "probe/host.h"
#include "base/fs.h"
#include "probe/probe.h"
#include <ctype.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

enum { FILE_MAX = 4 << 20 };

static void path_of(char *buf, const char *root, const char *path)
{
    (void)snprintf(buf, HOST_TEXT, "%s%s", root, path);
}

int host_line(char *buf, const char *root, const char *path)
{
    char full[HOST_TEXT];
    int r;

    path_of(full, root, path);
    r = fs_read_line(buf, HOST_TEXT, full);
    if (r == 0)
        buf[strcspn(buf, "\n")] = '\0';
    return r;
}

static bool line_has(const char *line, const char *key, char separator)
{
    size_t n = strlen(key);

    if (strncmp(line, key, n) != 0)
        return false;
    for (line += n; *line == ' ' || *line == '\t'; line++)
        ;
    return *line == separator;
}

static void copy_trimmed(char *buf, const char *from)
{
    size_t n;

    while (*from == ' ' || *from == '\t' || *from == '"')
        from++;
    n = strcspn(from, "\n");
    while (n > 0 && (isspace((unsigned char)from[n - 1]) || from[n - 1] == '"'))
        n--;
    (void)snprintf(buf, HOST_TEXT, "%.*s", (int)n, from);
}

static int value_in(char *buf, const char *root, const char *path, const char *key, char separator)
{
    AUTO(free) char *text = NULL;
    char full[HOST_TEXT];
    size_t len;
    int r;

    path_of(full, root, path);
    r = fs_read(&text, &len, full, FILE_MAX, NULL);
    if (r < 0)
        return r;
    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        if (*line == '\n' && *++line == '\0')
            break;
        if (line_has(line, key, separator)) {
            copy_trimmed(buf, strchr(line, separator) + 1);
            return 0;
        }
    }
    return -ENODATA;
}

int host_value(char *buf, const char *root, const char *path, const char *key)
{
    return value_in(buf, root, path, key, ':');
}

/* A one-line file as a fact, or its absence with the reason. */
static int put_line(const struct facts *f, const char *root, const char *name, const char *path)
{
    char text[HOST_TEXT];
    int r = host_line(text, root, path);

    if (r < 0)
        return facts_absent(f, name, "%s: %s", path, strerror(-r));
    return text[0] ? facts_put(f, KNOWN_MEASURED, name, text, "", path)
                   : facts_absent(f, name, "%s is empty", path);
}

static int put_value(const struct facts *f, const char *root, const char *name, const char *path,
                     const char *key)
{
    char text[HOST_TEXT];
    int r = host_value(text, root, path, key);

    if (r < 0)
        return facts_absent(f, name, "%s: no %s", path, key);
    return facts_put(f, KNOWN_MEASURED, name, text, "", path);
}

/* The CPUs that this process may use, which a container or taskset can make fewer. */
static int put_allowed(const struct facts *f)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) < 0)
        return facts_absent(f, "cpu.allowed", "sched_getaffinity: %s", strerror(errno));
    return facts_i64(f, KNOWN_MEASURED, "cpu.allowed", CPU_COUNT(&set), "cpus",
                     "sched_getaffinity at start");
}

int host_cpu(const struct facts *f, const char *root)
{
    static const struct {
        const char *name, *path;
    } lines[] = {
        {"cpu.online", "/sys/devices/system/cpu/online"},
        {"cpu.smt.active", "/sys/devices/system/cpu/smt/active"},
        {"cpu.governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"},
        {"cpu.driver", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver"},
        {"cpu.boost", "/sys/devices/system/cpu/cpufreq/boost"},
        {"cpu.siblings", "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list"},
    };
    int r = put_value(f, root, "cpu.model", "/proc/cpuinfo", "model name");

    for (size_t i = 0; i < COUNT_OF(lines) && r == 0; i++)
        r = put_line(f, root, lines[i].name, lines[i].path);
    return r < 0 ? r : put_allowed(f);
}

static int put_meminfo(const struct facts *f, const char *root, const char *name, const char *key)
{
    char text[HOST_TEXT];

    if (host_value(text, root, "/proc/meminfo", key) < 0)
        return facts_absent(f, name, "/proc/meminfo: no %s", key);
    return facts_i64(f, KNOWN_MEASURED, name, (int64_t)strtoll(text, NULL, 10) * 1024, "bytes",
                     "/proc/meminfo");
}

/* "always [madvise] never" -> madvise */
static int put_thp(const struct facts *f, const char *root)
{
    static const char path[] = "/sys/kernel/mm/transparent_hugepage/enabled";
    char text[HOST_TEXT], *from;

    if (host_line(text, root, path) < 0 || !(from = strchr(text, '[')))
        return facts_absent(f, "memory.thp", "%s: not there", path);
    from[strcspn(from, "]")] = '\0';
    return facts_put(f, KNOWN_MEASURED, "memory.thp", from + 1, "", path);
}

int host_memory(const struct facts *f, const char *root)
{
    static const char *const meminfo[][2] = {
        {"memory.total_bytes", "MemTotal"},
        {"memory.available_bytes", "MemAvailable"},
        {"memory.swap_bytes", "SwapTotal"},
    };
    int r = 0;

    for (size_t i = 0; i < COUNT_OF(meminfo) && r == 0; i++)
        r = put_meminfo(f, root, meminfo[i][0], meminfo[i][1]);
    return r < 0 ? r : put_thp(f, root);
}

static int put_os(const struct facts *f, const char *root)
{
    char text[HOST_TEXT];

    if (value_in(text, root, "/etc/os-release", "PRETTY_NAME", '=') < 0)
        return facts_absent(f, "os.name", "/etc/os-release: no PRETTY_NAME");
    return facts_put(f, KNOWN_MEASURED, "os.name", text, "", "/etc/os-release");
}

static int put_uname(const struct facts *f)
{
    struct utsname u;
    int r;

    if (uname(&u) < 0)
        return facts_absent(f, "kernel.release", "uname: %s", strerror(errno));
    r = facts_put(f, KNOWN_MEASURED, "kernel.release", u.release, "", "uname");
    if (r == 0)
        r = facts_put(f, KNOWN_MEASURED, "kernel.version", u.version, "", "uname");
    return r < 0 ? r : facts_put(f, KNOWN_MEASURED, "arch", u.machine, "", "uname");
}

int host_kernel(const struct facts *f, const char *root)
{
    int r = put_uname(f);

    if (r == 0)
        r = put_os(f, root);
    if (r == 0)
        r = put_line(f, root, "clock.source",
                     "/sys/devices/system/clocksource/clocksource0/current_clocksource");
    return r < 0 ? r : put_line(f, root, "load.average", "/proc/loadavg");
}

/* The CPU itself says whether a hypervisor runs below (x86); arm64 has no such flag. */
static int put_hypervisor(const struct facts *f, const char *root)
{
    AUTO(free) char *text = NULL;
    char full[HOST_TEXT];
    size_t len;

    path_of(full, root, "/proc/cpuinfo");
    if (fs_read(&text, &len, full, FILE_MAX, NULL) < 0 || !strstr(text, "\nflags"))
        return facts_absent(f, "virtual.hypervisor", "/proc/cpuinfo: no flags");
    return facts_put(f, KNOWN_MEASURED, "virtual.hypervisor",
                     strstr(text, " hypervisor") ? "yes" : "no", "", "/proc/cpuinfo flags");
}

static int put_container(const struct facts *f, const char *root)
{
    static const char *const marks[][2] = {{"/.dockerenv", "docker"},
                                           {"/run/.containerenv", "podman"}};
    char full[HOST_TEXT];

    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        path_of(full, root, marks[i][0]);
        if (fs_exists(full))
            return facts_put(f, KNOWN_MEASURED, "virtual.container", marks[i][1], "", marks[i][0]);
    }
    return facts_absent(f, "virtual.container",
                        "neither /.dockerenv nor /run/.containerenv: none of these two");
}

int host_virtual(const struct facts *f, const char *root)
{
    int r = put_hypervisor(f, root);

    if (r == 0)
        r = put_line(f, root, "virtual.vendor", "/sys/class/dmi/id/sys_vendor");
    if (r == 0)
        r = put_line(f, root, "virtual.product", "/sys/class/dmi/id/product_name");
    return r < 0 ? r : put_container(f, root);
}

int probe_host(const struct fact_sink *sink, struct err *err)
{
    const struct facts host = {sink, "host"}, self = {sink, "asrun"};
    int r = host_cpu(&host, "");

    if (r == 0)
        r = host_memory(&host, "");
    if (r == 0)
        r = host_kernel(&host, "");
    if (r == 0)
        r = host_virtual(&host, "");
    if (r == 0)
        r = host_cgroup(&host, "");
    if (r == 0)
        r = host_self(&self);
    return r < 0 ? err_set(err, r, "recording host facts: %s", strerror(-r)) : 0;
}
