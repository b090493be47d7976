/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions of made-up hosts: rates, what is absent, processes that come and go. */
#include "probe/conditions.h"
#include "base/fs.h"
#include "sink.h"
#include <math.h>
#include <sys/resource.h>
#include <unistd.h>

static char root[] = "/tmp/asrun-test-conditions-XXXXXX";

static void write_file(const char *path, const char *text)
{
    char full[512];
    FILE *f;

    (void)snprintf(full, sizeof full, "%s%s", root, path);
    *strrchr(full, '/') = '\0';
    assert_int_equal(fs_mkdirs(full, NULL), 0);
    full[strlen(full)] = '/';
    f = fopen(full, "w"); /* in place: the probe keeps it open */
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void remove_path(const char *path)
{
    char command[256];

    (void)snprintf(command, sizeof command, "rm -rf '%s%s'", root, path);
    assert_int_equal(system(command), 0);
}

static int new_root(void **state)
{
    (void)state;
    memcpy(root + sizeof root - 7, "XXXXXX", 6);
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    (void)state;
    remove_path("");
    return 0;
}

enum { SERIES_MAX = 64 };

static struct told {
    struct seen facts;
    char names[SERIES_MAX][64];
    double values[SERIES_MAX]; /* the latest; NAN: none since told_forget() */
    uint32_t count;
    struct probe_out out;
    struct probe *probe;
} told;

static int tell_series(void *ctx, uint32_t *id, const struct series *s)
{
    (void)ctx;
    assert_true(told.count < SERIES_MAX);
    assert_true(s->source && *s->source);
    (void)snprintf(told.names[told.count], sizeof told.names[0], "%s.%s", s->scope, s->name);
    told.values[told.count] = (double)NAN;
    *id = told.count++;
    return 0;
}

static void tell_value(void *ctx, uint32_t id, int64_t time_ns, double value)
{
    (void)ctx;
    (void)time_ns;
    assert_true(id < told.count);
    told.values[id] = value;
}

static double value(const char *name)
{
    for (uint32_t i = 0; i < told.count; i++)
        if (strcmp(told.names[i], name) == 0)
            return told.values[i];
    return (double)NAN;
}

static void open_probe(pid_t engine, const char *why)
{
    static struct probe_setup setup;
    struct err err = {0};

    setup = (struct probe_setup){.root = root, .engine_pid = engine, .engine_why = why};
    told = (struct told){.facts = {.left = -1}};
    told.out = (struct probe_out){.facts = {seen_put, &told.facts},
                                  .series = {tell_series, tell_value, &told}};
    assert_int_equal(probe_conditions.open(&told.probe, &setup, &told.out, &err), 0);
}

static void sample(int64_t seconds)
{
    for (uint32_t i = 0; i < told.count; i++)
        told.values[i] = (double)NAN;
    assert_int_equal(probe_conditions.sample(told.probe, seconds * NS_PER_S), 0);
}

static void write_process(int pid, int parent, int ticks, int faults, int threads, int start)
{
    char path[64], text[256];

    (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
    (void)snprintf(text, sizeof text,
                   "%d (llama server) S %d 1 1 0 -1 0 %d 0 2 0 %d 0 0 0 20 0 %d 0 %d 8192 10 0\n",
                   pid, parent, faults, ticks, threads, start);
    write_file(path, text);
}

static void write_thread(int pid, int tid, int64_t delay_ns, int voluntary)
{
    char path[64], text[128];

    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", pid, tid);
    (void)snprintf(text, sizeof text, "1 %" PRId64 " 3\n", delay_ns);
    write_file(path, text);
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/status", pid, tid);
    (void)snprintf(text, sizeof text,
                   "Name:\tx\nvoluntary_ctxt_switches:\t%d\nnonvoluntary_ctxt_switches:\t1\n",
                   voluntary);
    write_file(path, text);
}

static void counters_of_the_host_become_rates(void **state)
{
    (void)state;
    write_file("/proc/stat", "cpu  100 0 0 1000 0 0 0 10\nctxt 50\nprocs_running 2\n"
                             "procs_blocked 0\n");
    write_file("/proc/loadavg", "1.25 0.5 0.2 2/100 999\n");
    write_file("/proc/pressure/cpu", "some avg10=0 total=1000000\nfull avg10=0 total=0\n");
    write_file("/proc/net/snmp", "Tcp: OutSegs RetransSegs\nTcp: 100 5\n");
    write_file("/proc/diskstats", "8 0 sda 1 0 10 0 1 0 20 0 0 100 0\n"
                                  "8 1 sda1 1 0 10 0 1 0 20 0 0 100 0\n"
                                  "7 0 loop0 1 0 10 0 1 0 20 0 0 100 0\n");
    write_file("/sys/class/powercap/intel-rapl:0/name", "package-0\n");
    write_file("/sys/class/powercap/intel-rapl:0/energy_uj", "1000000\n");
    open_probe(0, "not on this host");
    sample(100);
    assert_true(isnan(value("host.cpu.use"))); /* nothing to compare with yet */
    assert_close(value("host.load.1m"), 1.25, 0);
    write_file("/proc/stat", "cpu  300 0 0 1200 0 0 0 60\nctxt 250\nprocs_running 5\n"
                             "procs_blocked 0\n");
    write_file("/proc/pressure/cpu", "some avg10=0 total=1500000\nfull avg10=0 total=0\n");
    write_file("/proc/net/snmp", "Tcp: OutSegs RetransSegs\nTcp: 300 9\n");
    write_file("/proc/diskstats", "8 0 sda 1 0 30 0 1 0 60 0 0 1100 0\n"
                                  "8 1 sda1 1 0 30 0 1 0 60 0 0 1100 0\n"
                                  "7 0 loop0 1 0 30 0 1 0 60 0 0 1100 0\n");
    write_file("/sys/class/powercap/intel-rapl:0/energy_uj", "61000000\n");
    sample(102);
    assert_close(value("host.cpu.use"), 1.25, 1e-9); /* 250 ticks in 2 s */
    assert_close(value("host.cpu.steal"), 0.25, 1e-9);
    assert_close(value("host.context_switches"), 100, 1e-9);
    assert_close(value("host.threads.running"), 5, 0);
    assert_close(value("host.pressure.cpu.some"), 0.25, 1e-9);
    assert_close(value("host.tcp.retransmits"), 2, 1e-9);
    assert_close(value("host.disk.read"), 5120, 1e-9); /* of the disk, not of its part again */
    assert_close(value("host.disk.busy"), 0.5, 1e-9);
    assert_close(value("host.power.package-0"), 30, 1e-9);
    write_file("/sys/class/powercap/intel-rapl:0/energy_uj", "5\n"); /* it went round */
    sample(104);
    assert_true(isnan(value("host.power.package-0")));
    probe_conditions.close(told.probe);
}

static void what_is_absent_says_why(void **state)
{
    (void)state;
    write_file("/proc/net/snmp", "Ip: A\nIp: 1\n");
    open_probe(0, "not on this host");
    assert_seen(&told.facts,
                "probe.conditions.host.pressure.cpu=? [5] /proc/pressure/cpu: No such");
    assert_seen(&told.facts, "probe.conditions.host.tcp=? [5] /proc/net/snmp: it does not tell");
    assert_seen(&told.facts, "probe.conditions.engine=? [5] not on this host");
    assert_seen(&told.facts, "probe.conditions.client.cgroup=? [5] /proc/self/cgroup: No such");
    assert_seen(&told.facts, "probe.conditions.host.power=? ");
    sample(1);
    sample(2);
    assert_int_equal(told.count, 0); /* absent is not zero: there is not even a series */
    probe_conditions.close(told.probe);
}

/* /proc/cpuinfo of @cpus, each of @each bytes, the last one slower than the others. */
static void write_cpus(int cpus, size_t each)
{
    char *text = calloc((size_t)cpus, each + 1);
    size_t n = 0;

    assert_non_null(text);
    for (int i = 0; i < cpus; i++) {
        n += (size_t)sprintf(text + n, "cpu MHz\t\t: %d\nflags\t\t: ", i < cpus - 1 ? 3000 : 1000);
        memset(text + n, 'x', (size_t)(i + 1) * each - n);
        n = (size_t)(i + 1) * each;
        text[n - 1] = '\n';
    }
    write_file("/proc/cpuinfo", text);
    free(text);
}

static void a_host_of_many_cpus_is_read_whole_or_not_at_all(void **state)
{
    (void)state;
    write_cpus(1000, 1500);
    open_probe(0, "");
    sample(1);
    assert_close(value("host.cpu.frequency_least"), 1e9, 0);
    probe_conditions.close(told.probe);
    write_cpus(1000, 2200);
    open_probe(0, "");
    assert_seen(&told.facts, "host.cpu_frequency=? [5] /proc/cpuinfo: File too large");
    probe_conditions.close(told.probe);
}

static void control_groups_of_both_versions(void **state)
{
    (void)state;
    write_file("/proc/self/cgroup", "0::/own\n");
    write_file("/sys/fs/cgroup/own/cpu.stat", "usage_usec 9\nnr_throttled 2\nthrottled_usec 100\n");
    write_file("/sys/fs/cgroup/own/memory.current", "4096\n");
    open_probe(0, "");
    sample(1);
    assert_close(value("client.cgroup.memory.bytes"), 4096, 0);
    write_file("/sys/fs/cgroup/own/cpu.stat",
               "usage_usec 9\nnr_throttled 7\nthrottled_usec 500100\n");
    sample(2);
    assert_close(value("client.cgroup.cpu.throttled_periods"), 5, 1e-9);
    assert_close(value("client.cgroup.cpu.throttled"), 0.5, 1e-9);
    probe_conditions.close(told.probe);

    write_file("/proc/self/cgroup", "4:memory:/x\n1:cpu,cpuacct:/gone\n0::/\n");
    write_file("/sys/fs/cgroup/cpu/cpu.stat", "nr_throttled 1\nthrottled_time 0\n");
    open_probe(0, "");
    sample(1);
    write_file("/sys/fs/cgroup/cpu/cpu.stat", "nr_throttled 1\nthrottled_time 250000000\n");
    sample(2);
    assert_close(value("client.cgroup.cpu.throttled"), 0.25, 1e-9);
    assert_seen(&told.facts, "probe.conditions.client.cgroup.memory=? ");
    probe_conditions.close(told.probe);
}

static void an_engine_is_the_sum_of_its_processes(void **state)
{
    (void)state;
    write_process(40, 1, 1000, 5, 2, 7);
    write_thread(40, 40, 0, 10);
    write_thread(40, 41, 1000000, 20);
    open_probe(40, "");
    sample(10);
    assert_close(value("engine.process.threads"), 2, 0);
    assert_close(value("engine.process.processes"), 1, 0);
    assert_close(value("engine.process.memory.resident_bytes"),
                 10.0 * (double)sysconf(_SC_PAGESIZE), 0);
    /* A thread is new, a process is new: what they did before is not what was done now. */
    write_process(40, 1, 1150, 25, 3, 7);
    write_thread(40, 41, 501000000, 50);
    write_thread(40, 42, 900000000, 1000);
    write_process(50, 40, 7777, 7777, 1, 9);
    write_thread(50, 50, 800000000, 1000);
    sample(11);
    assert_close(value("engine.process.cpu.use"), 1.5, 1e-9);
    assert_close(value("engine.process.faults.minor"), 20, 1e-9);
    assert_close(value("engine.process.run_delay"), 0.5, 1e-9);
    assert_close(value("engine.process.context_switches.voluntary"), 30, 1e-9);
    assert_close(value("engine.process.processes"), 2, 0);
    remove_path("/proc/50");
    sample(12);
    assert_close(value("engine.process.cpu.use"), 0, 0);
    assert_close(value("engine.process.processes"), 1, 0);
    /* The same pid, another process. */
    write_process(40, 1, 3, 0, 1, 9999);
    sample(13);
    sample(14);
    assert_true(isnan(value("engine.process.cpu.use")));
    probe_conditions.close(told.probe);
}

static void threads_beyond_what_may_be_kept_open_are_read_all_the_same(void **state)
{
    /* Each sample that is not a second after the last leaves out what costs more. */
    (void)state;
    write_process(40, 1, 0, 0, 60, 7);
    for (int i = 0; i < 60; i++)
        write_thread(40, 40 + i, 0, 0);
    open_probe(40, "");
    assert_int_equal(probe_conditions.sample(told.probe, 10 * NS_PER_S), 0);
    for (int i = 0; i < 60; i++)
        write_thread(40, 40 + i, 10000000, 5);
    assert_int_equal(probe_conditions.sample(told.probe, 10 * NS_PER_S + 100 * NS_PER_MS), 0);
    assert_close(value("engine.process.run_delay"), 6, 1e-9);
    assert_true(isnan(value("engine.process.context_switches.voluntary")));
    sample(11);
    assert_close(value("engine.process.context_switches.voluntary"), 300, 1e-9);
    probe_conditions.close(told.probe);
}

static void a_thread_that_replaces_one_not_kept_open_counts(void **state)
{
    struct rlimit files, few;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    few = (struct rlimit){64, files.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    write_process(40, 1, 0, 0, 20, 7);
    for (int i = 0; i < 20; i++)
        write_thread(40, 40 + i, 0, 0);
    open_probe(40, "");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    sample(10);
    remove_path("/proc/40/task/59");
    write_thread(40, 99, 0, 0);
    sample(11);
    sample(12);
    write_thread(40, 99, 500000000, 0);
    sample(13);
    assert_close(value("engine.process.run_delay"), 0.5, 1e-9);
    probe_conditions.close(told.probe);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, new_root, remove_root)
    const struct CMUnitTest tests[] = {
        TEST(counters_of_the_host_become_rates),
        TEST(what_is_absent_says_why),
        TEST(a_host_of_many_cpus_is_read_whole_or_not_at_all),
        TEST(control_groups_of_both_versions),
        TEST(an_engine_is_the_sum_of_its_processes),
        TEST(threads_beyond_what_may_be_kept_open_are_read_all_the_same),
        TEST(a_thread_that_replaces_one_not_kept_open_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
