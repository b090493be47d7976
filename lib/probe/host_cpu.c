/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/host_cpu.c - the processor: what it is, how fast it may run, what slows it down. */
#include "base/cpus.h"
#include "base/fs.h"
#include "probe/host.h"
#include <sched.h>
#include <stdio.h>
#include <string.h>

enum { GOVERNORS_MAX = 8 };

static int put_value(const struct facts *f, const char *root, const char *name, const char *key)
{
    char text[HOST_TEXT];

    if (host_value(text, root, "/proc/cpuinfo", key) < 0)
        return facts_absent(f, name, "/proc/cpuinfo: no %s", key);
    return facts_put(f, KNOWN_MEASURED, name, text, "", "/proc/cpuinfo");
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

struct governor {
    char name[32];
    int cpus;
};

static void count_governor(struct governor *list, size_t *n, const char *name)
{
    size_t i = 0;

    while (i < *n && strcmp(list[i].name, name) != 0)
        i++;
    if (i == GOVERNORS_MAX)
        return;
    if (i == *n)
        (void)snprintf(list[(*n)++].name, sizeof list->name, "%.31s", name);
    list[i].cpus++;
}

int host_governors(char *buf, size_t size, const char *root)
{
    struct governor list[GOVERNORS_MAX] = {0};
    char path[HOST_TEXT], text[HOST_TEXT];
    int cpus[CPUS_MAX], count;
    size_t n = 0, at = 0;

    if (host_line(text, root, "/sys/devices/system/cpu/online") < 0)
        return -ENOENT;
    count = cpus_parse(cpus, CPUS_MAX, text);
    for (int i = 0; i < count; i++) {
        (void)snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor",
                       cpus[i]);
        if (host_line(text, root, path) == 0 && text[0])
            count_governor(list, &n, text);
    }
    for (size_t i = 0; i < n && at < size; i++) {
        char of[24] = "";

        if (n > 1)
            (void)snprintf(of, sizeof of, " x%d", list[i].cpus);
        at += (size_t)snprintf(buf + at, size - at, "%s%s%s", i ? ", " : "", list[i].name, of);
    }
    return n > 0 ? 0 : -ENOENT;
}

int host_boost(const char **source, const char *root)
{
    static const char amd[] = "/sys/devices/system/cpu/cpufreq/boost";
    static const char intel[] = "/sys/devices/system/cpu/intel_pstate/no_turbo";
    int64_t v;

    *source = amd;
    if (host_number(&v, root, amd, 1) == 0)
        return v != 0;
    *source = intel;
    return host_number(&v, root, intel, 1) == 0 ? v == 0 : -ENOENT;
}

static int put_governor(const struct facts *f, const char *root)
{
    char text[HOST_TEXT];

    if (host_governors(text, sizeof text, root) < 0)
        return facts_absent(f, "cpu.governor",
                            "/sys/devices/system/cpu/cpuN/cpufreq/scaling_governor: not there");
    return facts_put(f, KNOWN_MEASURED, "cpu.governor", text, "",
                     "/sys/devices/system/cpu/cpuN/cpufreq/scaling_governor of all");
}

static int put_boost(const struct facts *f, const char *root)
{
    const char *source;
    const int boost = host_boost(&source, root);

    return boost < 0 ? facts_absent(f, "cpu.boost",
                                    "neither cpufreq/boost nor intel_pstate/no_turbo is there")
                     : facts_put(f, KNOWN_MEASURED, "cpu.boost", boost ? "on" : "off", "", source);
}

/* Where nothing tells of frequencies, one absent fact says so for all. */
static int put_frequencies(const struct facts *f, const char *root)
{
    static const char folder[] = "/sys/devices/system/cpu/cpu0/cpufreq";
    static const char *const rows[][2] = {{"cpu.frequency.max_hz", "cpuinfo_max_freq"},
                                          {"cpu.frequency.min_hz", "cpuinfo_min_freq"},
                                          {"cpu.frequency.limit_hz", "scaling_max_freq"},
                                          {"cpu.frequency.base_hz", "base_frequency"}};
    char path[HOST_TEXT];
    int64_t hz;
    int r = 0;

    (void)snprintf(path, sizeof path, "%s%s", root, folder);
    if (!fs_exists(path))
        return facts_absent(f, "cpu.frequency", "%s: not there", folder);
    for (size_t i = 0; i < COUNT_OF(rows) && r == 0; i++) {
        int failed;

        (void)snprintf(path, sizeof path, "%s/%s", folder, rows[i][1]);
        failed = host_number(&hz, root, path, 1000);
        r = failed < 0 ? facts_absent(f, rows[i][0], "%s: %s", path, strerror(-failed))
                       : facts_i64(f, KNOWN_MEASURED, rows[i][0], hz, "Hz", path);
    }
    (void)snprintf(path, sizeof path, "%s/energy_performance_preference", folder);
    return r < 0 ? r : host_put_line(f, root, "cpu.energy_preference", path);
}

/* An empty list is one. */
static int put_isolated(const struct facts *f, const char *root)
{
    static const char path[] = "/sys/devices/system/cpu/isolated";
    char text[HOST_TEXT];
    int r = host_line(text, root, path);

    if (r < 0)
        return facts_absent(f, "cpu.isolated", "%s: %s", path, strerror(-r));
    return facts_put(f, KNOWN_MEASURED, "cpu.isolated", *text ? text : "none", "", path);
}

static const char weaknesses[] = "/sys/devices/system/cpu/vulnerabilities";

/* "cpu.vulnerability.spectre_v2" = "Mitigation: ..." */
static int put_vulnerability(const struct facts *f, const char *root, const char *file)
{
    char path[HOST_TEXT], name[128];

    (void)snprintf(name, sizeof name, "cpu.vulnerability.%.64s", file);
    (void)snprintf(path, sizeof path, "%s/%.64s", weaknesses, file);
    return host_put_line(f, root, name, path);
}

static int put_vulnerabilities(const struct facts *f, const char *root)
{
    int r = host_each(f, root, weaknesses, put_vulnerability);

    return r == -ENOENT ? facts_absent(f, "cpu.vulnerability", "%s: not there", weaknesses) : r;
}

int host_cpu(const struct facts *f, const char *root)
{
    static const char *const lines[][2] = {
        {"cpu.online", "/sys/devices/system/cpu/online"},
        {"cpu.smt.active", "/sys/devices/system/cpu/smt/active"},
        {"cpu.driver", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver"},
        {"cpu.idle.driver", "/sys/devices/system/cpu/cpuidle/current_driver"},
        {"cpu.idle.governor", "/sys/devices/system/cpu/cpuidle/current_governor"},
        {"cpu.siblings", "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list"},
    };
    static int (*const parts[])(const struct facts *, const char *) = {
        put_isolated, put_governor, put_boost, put_frequencies, put_vulnerabilities};
    int r = put_value(f, root, "cpu.model", "model name");

    if (r == 0)
        r = put_value(f, root, "cpu.microcode", "microcode");
    for (size_t i = 0; i < COUNT_OF(lines) && r == 0; i++)
        r = host_put_line(f, root, lines[i][0], lines[i][1]);
    for (size_t i = 0; i < COUNT_OF(parts) && r == 0; i++)
        r = parts[i](f, root);
    return r < 0 ? r : put_allowed(f);
}
