/* SPDX-License-Identifier: Apache-2.0 */
/* Made-up hosts: a folder with the files of /proc and /sys that matter. */
#include "probe/host.h"
#include "base/str.h"
#include "probe/probe.h"
#include "root.h"
#include "sink.h"

static void reads_the_processor(void **state)
{
    struct seen seen = {.left = -1};
    const struct fact_sink sink = {seen_put, &seen};
    const struct facts f = {&sink, "host"};

    (void)state;
    write_file("/proc/cpuinfo", "processor\t: 0\nmodel\t\t: 1\nmodel name\t: Fast  CPU 9000\n"
                                "flags\t\t: fpu hypervisor sse\n");
    write_file("/sys/devices/system/cpu/online", "0-7\n");
    write_file("/sys/devices/system/cpu/smt/active", "1\n");
    write_file("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
    assert_int_equal(host_cpu(&f, root), 0);
    assert_seen(&seen, "host.cpu.model=Fast  CPU 9000 [0] /proc/cpuinfo\n");
    assert_seen(&seen, "host.cpu.online=0-7 ");
    assert_seen(&seen, "host.cpu.smt.active=1 ");
    assert_seen(&seen, "host.cpu.governor=powersave ");
    assert_seen(&seen, "host.cpu.boost=? [5] neither cpufreq/boost nor intel_pstate/no_turbo");
}

static void reads_memory_in_bytes(void **state)
{
    struct seen seen = {.left = -1};
    const struct fact_sink sink = {seen_put, &seen};
    const struct facts f = {&sink, "host"};

    (void)state;
    write_file("/proc/meminfo", "MemTotal:       1000 kB\nMemFree: 5 kB\nMemAvailable:  10 kB\n");
    write_file("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    assert_int_equal(host_memory(&f, root), 0);
    assert_seen(&seen, "host.memory.total_bytes=1024000 bytes[0]");
    assert_seen(&seen, "host.memory.available_bytes=10240 bytes[0]");
    assert_seen(&seen, "host.memory.swap_bytes=? [5] /proc/meminfo: no SwapTotal");
    assert_seen(&seen, "host.memory.thp=madvise ");
}

static void tells_a_virtual_machine_and_a_container(void **state)
{
    struct seen seen = {.left = -1};
    const struct fact_sink sink = {seen_put, &seen};
    const struct facts f = {&sink, "host"};

    (void)state;
    write_file("/proc/cpuinfo", "processor : 0\nflags : fpu sse\n");
    write_file("/sys/class/dmi/id/sys_vendor", "QEMU\n");
    write_file("/.dockerenv", "");
    assert_int_equal(host_virtual(&f, root), 0);
    assert_seen(&seen, "host.virtual.hypervisor=no ");
    assert_seen(&seen, "host.virtual.vendor=QEMU ");
    assert_seen(&seen, "host.virtual.container=docker ");
}

static void takes_the_tightest_limit_of_all_ancestors(void **state)
{
    struct seen seen = {.left = -1};
    const struct fact_sink sink = {seen_put, &seen};
    const struct facts f = {&sink, "host"};

    (void)state;
    write_file("/proc/self/cgroup", "0::/a.slice/b.scope\n");
    write_file("/sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
    write_file("/sys/fs/cgroup/a.slice/cpu.max", "150000 100000\n");
    write_file("/sys/fs/cgroup/a.slice/memory.max", "max\n");
    write_file("/sys/fs/cgroup/a.slice/b.scope/cpu.max", "400000 100000\n");
    write_file("/sys/fs/cgroup/a.slice/b.scope/memory.max", "1073741824\n");
    assert_int_equal(host_cgroup(&f, root), 0);
    assert_seen(&seen, "host.cgroup.version=v2 ");
    assert_seen(&seen, "host.cgroup.cpus_max=1.500 cpus[0]");
    assert_seen(&seen, "host.cgroup.memory_max_bytes=1073741824 bytes[0]");
}

static void reads_the_limits_of_version_1(void **state)
{
    struct seen seen = {.left = -1};
    const struct fact_sink sink = {seen_put, &seen};
    const struct facts f = {&sink, "host"};

    (void)state;
    write_file("/proc/self/cgroup", "5:memory:/pod\n3:cpuset:/x\n2:cpuacct,cpu:/pod\n0::/\n");
    write_file("/sys/fs/cgroup/cpu/pod/cpu.cfs_quota_us", "50000\n");
    write_file("/sys/fs/cgroup/cpu/pod/cpu.cfs_period_us", "100000\n");
    write_file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    write_file("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    write_file("/sys/fs/cgroup/memory/pod/memory.limit_in_bytes", "9223372036854771712\n");
    assert_int_equal(host_cgroup(&f, root), 0);
    assert_seen(&seen, "host.cgroup.version=v1 ");
    assert_seen(&seen, "host.cgroup.cpus_max=0.500 cpus[0]");
    assert_seen(&seen, "host.cgroup.memory_max_bytes=none bytes[0]");
}

static void an_empty_host_is_all_absent(void **state)
{
    struct seen seen = {.left = -1};
    const struct fact_sink sink = {seen_put, &seen};
    const struct facts f = {&sink, "host"};

    (void)state;
    assert_int_equal(host_memory(&f, root), 0);
    assert_int_equal(host_virtual(&f, root), 0);
    assert_int_equal(host_cgroup(&f, root), 0);
    assert_unseen(&seen, "[0]");
    assert_seen(&seen, "host.cgroup.version=? [5] /proc/self/cgroup: ");
}

static void a_line_that_ends_anywhere_is_read_safely(void **state)
{
    static const char *const odd[] = {"",
                                      "\n",
                                      ":",
                                      "cpu",
                                      "0::",
                                      "0:",
                                      "::\n:",
                                      "1:cpu,:/x",
                                      "1:cpu:",
                                      "\n\n0::/\n\n",
                                      "4294967296:,,,:/"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        struct seen seen = {.left = -1};
        const struct fact_sink sink = {seen_put, &seen};
        const struct facts f = {&sink, "host"};

        write_file("/proc/self/cgroup", odd[i]);
        write_file("/proc/cpuinfo", odd[i]);
        assert_int_equal(host_cgroup(&f, root), 0);
        assert_int_equal(host_cpu(&f, root), 0);
        assert_seen(&seen, "host.cpu.model=? [5]");
    }
}

static void knows_this_very_host_and_itself(void **state)
{
    struct seen seen = {.left = -1};
    struct err err = {0};

    (void)state;
    assert_int_equal(probe_host(&(struct fact_sink){seen_put, &seen}, &err), 0);
    assert_seen(&seen, "host.kernel.release=");
    assert_seen(&seen, "host.memory.total_bytes=");
    assert_seen(&seen, "asrun.version=");
    assert_seen(&seen, "asrun.executable.sha256=");
    assert_unseen(&seen, "executable.sha256=?");
}

static void a_sink_that_fails_ends_the_probe(void **state)
{
    int r = -ENOSPC;

    (void)state;
    for (int left = 0; r == -ENOSPC && left < 5000; left++) {
        struct seen seen = {.left = left};
        struct err err = {0};

        r = probe_host(&(struct fact_sink){seen_put, &seen}, &err);
        assert_true(r == 0 || strstr(err.text, "recording host facts"));
    }
    assert_int_equal(r, 0);
}

#define HOST_TEST(f) cmocka_unit_test_setup_teardown(f, new_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOST_TEST(reads_the_processor),
        HOST_TEST(reads_memory_in_bytes),
        HOST_TEST(tells_a_virtual_machine_and_a_container),
        HOST_TEST(takes_the_tightest_limit_of_all_ancestors),
        HOST_TEST(reads_the_limits_of_version_1),
        HOST_TEST(an_empty_host_is_all_absent),
        HOST_TEST(a_line_that_ends_anywhere_is_read_safely),
        cmocka_unit_test(knows_this_very_host_and_itself),
        cmocka_unit_test(a_sink_that_fails_ends_the_probe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
