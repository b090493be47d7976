/* SPDX-License-Identifier: Apache-2.0 */
/* Made-up hosts, part by part: topology, power, memory modules, disks, interfaces. */
#include "probe/host.h"
#include "root.h"
#include "sink.h"

#define CPU "/sys/devices/system/cpu/"

typedef int part_fn(const struct facts *, const char *);

static struct seen *put(part_fn *part)
{
    static struct seen seen;
    const struct fact_sink sink = {seen_put, &seen};
    const struct facts f = {&sink, "host"};

    seen = (struct seen){.left = -1};
    assert_int_equal(part(&f, root), 0);
    return &seen;
}

static void write_cpu(int cpu, const char *package, const char *core)
{
    char path[128];

    (void)snprintf(path, sizeof path, CPU "cpu%d/topology/physical_package_id", cpu);
    write_file(path, package);
    (void)snprintf(path, sizeof path, CPU "cpu%d/topology/core_id", cpu);
    write_file(path, core);
}

static void counts_sockets_cores_and_nodes(void **state)
{
    struct seen *seen;

    (void)state;
    write_file(CPU "online", "0-7\n");
    for (int i = 0; i < 8; i++)
        write_cpu(i, i % 4 < 2 ? "0\n" : "1\n", i % 2 ? "5\n" : "3\n");
    write_file(CPU "cpu0/cache/index0/level", "1\n");
    write_file(CPU "cpu0/cache/index0/type", "Data\n");
    write_file(CPU "cpu0/cache/index0/size", "48K\n");
    write_file(CPU "cpu0/cache/index3/level", "3\n");
    write_file(CPU "cpu0/cache/index3/type", "Unified\n");
    write_file(CPU "cpu0/cache/index3/size", "32M\n");
    write_file(CPU "cpu0/cache/index3/shared_cpu_list", "0-3\n");
    write_file("/sys/devices/system/node/online", "0-1\n");
    write_file("/sys/devices/system/node/node0/meminfo", "Node 0 MemTotal:   1000 kB\n");
    write_file("/sys/devices/system/node/node0/cpulist", "0-3\n");
    write_file("/sys/devices/system/node/node1/distance", "21 10\n");
    seen = put(host_topology);
    assert_seen(seen, "host.cpu.threads=8 ");
    assert_seen(seen, "host.cpu.cores=4 ");
    assert_seen(seen, "host.cpu.sockets=2 ");
    assert_seen(seen, "host.cpu.cache.l1d.bytes=49152 bytes[0]");
    assert_seen(seen, "host.cpu.cache.l3.bytes=33554432 bytes[0]");
    assert_seen(seen, "host.cpu.cache.l3.shared_by=4 cpus[0]");
    assert_seen(seen, "host.numa.nodes=2 ");
    assert_seen(seen, "host.numa.0.memory_bytes=1024000 bytes[0]");
    assert_seen(seen, "host.numa.0.cpus=0-3 ");
    assert_seen(seen, "host.numa.1.distances=21 10 ");
    assert_seen(seen, "host.numa.1.memory_bytes=? [5]");
}

static void knows_what_sets_the_speed(void **state)
{
    struct seen *seen;

    (void)state;
    write_file("/proc/cpuinfo", "model name : X\nmicrocode\t: 0x2b000603\n");
    write_file(CPU "online", "0,2\n");
    write_file(CPU "cpu0/cpufreq/scaling_governor", "schedutil\n");
    write_file(CPU "cpu2/cpufreq/scaling_governor", "schedutil\n");
    write_file(CPU "cpufreq/boost", "0\n");
    write_file(CPU "cpu0/cpufreq/cpuinfo_max_freq", "3500000\n");
    write_file(CPU "vulnerabilities/spectre_v2", "Mitigation: Enhanced IBRS\n");
    write_file(CPU "vulnerabilities/meltdown", "Not affected\n");
    seen = put(host_cpu);
    assert_seen(seen, "host.cpu.microcode=0x2b000603 ");
    assert_seen(seen, "host.cpu.governor=schedutil [0]");
    assert_seen(seen, "host.cpu.boost=off [0]");
    assert_seen(seen, "host.cpu.frequency.max_hz=3500000000 Hz[0]");
    assert_seen(seen, "host.cpu.frequency.base_hz=? [5]");
    assert_seen(seen, "host.cpu.vulnerability.spectre_v2=Mitigation: Enhanced IBRS [0]");
    assert_seen(seen, "host.cpu.vulnerability.meltdown=Not affected ");
}

/* An SMBIOS structure of type 17 with a size, a type, and a configured speed. */
static void write_module(const char *slot, unsigned size, uint32_t extended, uint8_t type,
                         unsigned speed, size_t n)
{
    uint8_t b[0x5c + 2] = {17, 0x5c};
    char path[96];

    b[0x0c] = (uint8_t)size;
    b[0x0d] = (uint8_t)(size >> 8);
    b[0x12] = type;
    for (int i = 0; i < 4; i++)
        b[0x1c + i] = (uint8_t)(extended >> 8 * i);
    b[0x20] = (uint8_t)speed;
    b[0x21] = (uint8_t)(speed >> 8);
    (void)snprintf(path, sizeof path, "/sys/firmware/dmi/entries/17-%s/raw", slot);
    write_bytes(path, b, n);
}

static void reads_memory_modules(void **state)
{
    struct seen *seen;

    (void)state;
    write_module("0", 0x7fff, 32768, 0x22, 4800, 0x5e);
    write_module("1", 16384, 0, 0x22, 4400, 0x5e);
    write_module("2", 0, 0, 0x02, 0, 0x5e); /* an empty slot */
    write_file("/sys/class/dmi/id/board_name", "X12\n");
    seen = put(host_dmi);
    assert_seen(seen, "host.board.name=X12 ");
    assert_seen(seen, "host.bios.version=? [5] /sys/class/dmi/id/bios_version: No such file");
    assert_seen(seen, "host.memory.modules=2 [0]");
    assert_seen(seen, "host.memory.slots=3 [0]");
    assert_seen(seen, "host.memory.modules_bytes=51539607552 bytes[0]");
    assert_seen(seen, "host.memory.type=DDR5 [0]");
    assert_seen(seen, "host.memory.speed=4400 MT/s[0] the slowest");
    write_module("3", 16384, 0, 0x22, 4400, 0x10);
    assert_seen(put(host_dmi), "host.memory.modules=? [5] ");
}

static void reads_pages_and_disks(void **state)
{
    struct seen *seen;

    (void)state;
    write_file("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "512\n");
    assert_seen(put(host_memory), "host.memory.hugepages.2048kB=512 [0]");
    write_file("/sys/block/nvme0n1/size", "1000\n");
    write_file("/sys/block/nvme0n1/device/model", "FAST 9000   \n");
    write_file("/sys/block/nvme0n1/queue/scheduler", "[none] mq-deadline\n");
    write_file("/sys/block/loop0/size", "1000\n");
    seen = put(host_disks);
    assert_seen(seen, "host.disk.nvme0n1.bytes=512000 bytes[0]");
    assert_seen(seen, "host.disk.nvme0n1.model=FAST 9000 [0]");
    assert_seen(seen, "host.disk.nvme0n1.scheduler=none [0]");
    assert_seen(seen, "host.disk.nvme0n1.rotational=? [5]");
    assert_unseen(seen, "loop0");
}

static int interface(const struct facts *f, const char *at)
{
    return host_interface(f, at, "eth7");
}

static void reads_an_interface(void **state)
{
    struct seen *seen;

    (void)state;
    write_file("/sys/class/net/eth7/mtu", "9000\n");
    write_file("/sys/class/net/eth7/speed", "25000\n");
    make_link("/sys/class/net/eth7/device/driver", "../../../bus/pci/drivers/mlx5_core");
    seen = put(interface);
    assert_seen(seen, "host.net.interface=eth7 ");
    assert_seen(seen, "host.net.mtu=9000 ");
    assert_seen(seen, "host.net.speed=25000000000 bit/s[0]");
    assert_seen(seen, "host.net.driver=mlx5_core ");
}

static void keeps_the_kernels_command_line_without_secrets(void **state)
{
    struct seen *seen;

    (void)state;
    write_file("/proc/cmdline", "isolcpus=1-3 my.secret=planted console=ttyS0 -- planted\n");
    seen = put(host_kernel);
    assert_seen(seen, "host.kernel.command=isolcpus=1-3 my.secret=(redacted) console=(redacted) -- "
                      "(redacted) [0]");
    assert_unseen(seen, "planted");
}

static void an_empty_host_is_all_absent(void **state)
{
    part_fn *const parts[] = {host_topology, host_dmi, host_disks};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        assert_unseen(put(parts[i]), "[0]");
    assert_seen(put(host_clock), "host.clock.source=? [5]");
    assert_seen(put(host_clock), "host.clock.synchronised="); /* the real kernel's */
}

#define ROOT_TEST(f) cmocka_unit_test_setup_teardown(f, new_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOT_TEST(counts_sockets_cores_and_nodes),
        ROOT_TEST(knows_what_sets_the_speed),
        ROOT_TEST(reads_memory_modules),
        ROOT_TEST(reads_pages_and_disks),
        ROOT_TEST(reads_an_interface),
        ROOT_TEST(keeps_the_kernels_command_line_without_secrets),
        ROOT_TEST(an_empty_host_is_all_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
