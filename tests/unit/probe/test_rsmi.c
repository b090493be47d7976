/* SPDX-License-Identifier: Apache-2.0 */
/* The probe "rsmi" on a library with planted values, as test_nvml.c. */
#include "base/fs.h"
#include "gpu_sink.h"
#include "probe/rsmi.h"
#include <unistd.h>

static char root[] = "/tmp/asrun-test-rsmi-XXXXXX";

static struct probe *open_on(const char *planted, struct all_seen *seen,
                             const struct probe_setup *s, const struct probe_out *out)
{
    struct probe *p = NULL;

    *seen = (struct all_seen){.seen.left = -1};
    assert_int_equal(setenv("RSMI_DOUBLE", planted, 1), 0);
    assert_int_equal(probe_rsmi.open(&p, s, out, NULL), 0);
    return p;
}

static void write_clock(const char *value)
{
    char path[256];

    (void)snprintf(path, sizeof path, "%s/sys/bus/pci/devices/0000:0c:00.0/hwmon/hwmon7", root);
    assert_int_equal(fs_mkdirs(path, NULL), 0);
    strcat(path, "/freq1_input");
    assert_int_equal(fs_write(path, value, strlen(value), NULL), 0);
}

static void tells_a_card_and_its_numbers(void **state)
{
    static struct all_seen seen;
    const struct probe_out out = all_out(&seen);
    const struct probe_setup s = {.root = root};
    struct probe *p;

    (void)state;
    write_clock("2100000000\n");
    p = open_on("", &seen, &s, &out);
    assert_non_null(p);
    assert_seen(&seen.seen, "gpu.amd.driver=6.8.5 [0] rsmi_version_str_get driver\n");
    assert_seen(&seen.seen, "gpu.amd.0.name=Planted MI300X ");
    assert_seen(&seen.seen, "gpu.amd.0.pci=00000000:0C:00.0 ");
    assert_seen(&seen.seen, "gpu.amd.0.memory.total_bytes=206141652992 bytes[0]");
    assert_seen(&seen.seen, "gpu.amd.0.power.limit=750 W[0]");
    assert_seen(&seen.seen, "gpu.amd.0.vbios=? [5] rsmi_dev_vbios_version_get: RSMI_STATUS_NOT_");
    assert_seen(&seen.seen, "gpu.amd.0.use.memory=? [5] ");
    assert_seen(&seen.seen, "gpu.amd.0.clock.memory=? [5] amdgpu hwmon freq2_input: ");
    assert_int_equal(probe_rsmi.sample(p, 9), 0);
    assert_seen(&seen.seen, "gpu.amd.0.use.compute@9 0.42\n");
    assert_seen(&seen.seen, "gpu.amd.0.clock.sm@9 2.1e+09\n");
    assert_seen(&seen.seen, "gpu.amd.0.temperature.junction@9 56\n");
    assert_seen(&seen.seen, "gpu.amd.0.power@9 310\n");
    assert_seen(&seen.seen, "gpu.amd.0.energy@9 30.5\n");
    assert_unseen(&seen.seen, "temperature.memory@");
    write_clock("fast\n");
    assert_int_equal(probe_rsmi.sample(p, 10), 0);
    assert_seen(&seen.seen, "changed@10 gpu.amd.0: clock.sm: from readable to unreadable: ");
    probe_rsmi.close(p);
}

static void an_older_card_tells_the_average(void **state)
{
    static struct all_seen seen;
    const struct probe_out out = all_out(&seen);
    const struct probe_setup s = {.root = "/nowhere"};
    struct probe *p = open_on("old", &seen, &s, &out);

    (void)state;
    assert_int_equal(probe_rsmi.sample(p, 9), 0);
    assert_seen(&seen.seen, "gpu.amd.0.power@9 120\n");
    assert_seen(&seen.seen, "gpu.amd.0.energy=? [5] ");
    assert_unseen(&seen.seen, "clock.sm@");
    probe_rsmi.close(p);
}

static void without_cards_the_reason_is_a_fact(void **state)
{
    static struct all_seen seen;
    const struct probe_out out = all_out(&seen);
    const struct probe_setup s = {.root = ""};

    (void)state;
    assert_null(open_on("none", &seen, &s, &out));
    assert_seen(&seen.seen, "gpu.amd.count=0 ");
    assert_null(open_on("broken", &seen, &s, &out));
    assert_seen(&seen.seen, "gpu.amd.rsmi=? [5] librocm_smi64: rsmi_init: RSMI_STATUS_INIT_ERROR");
}

static int new_root(void **state)
{
    (void)state;
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    char command[128];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_a_card_and_its_numbers),
        cmocka_unit_test(an_older_card_tells_the_average),
        cmocka_unit_test(without_cards_the_reason_is_a_fact),
    };

    if (!dlopen(GPU_DOUBLES "/librocm_smi64.so.7", RTLD_NOW)) {
        fprintf(stderr, "no fake library: %s\n", dlerror());
        return 1;
    }
    return cmocka_run_group_tests(tests, new_root, remove_root);
}
