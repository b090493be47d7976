/* SPDX-License-Identifier: Apache-2.0 */
/* The probe "nvml" on a library with planted values: opened here first, it is the one that the
 * program's own dlopen() of the same soname gets. */
#include "gpu_sink.h"
#include "probe/nvml.h"
#include "root.h"

static const struct probe_setup nobody = {.root = "", .engine_why = "nobody listens"};

static struct probe *open_on(const char *planted, struct all_seen *seen,
                             const struct probe_setup *s, const struct probe_out *out)
{
    struct probe *p = NULL;

    *seen = (struct all_seen){.seen.left = -1};
    assert_int_equal(setenv("NVML_DOUBLE", planted, 1), 0);
    assert_int_equal(probe_nvml.open(&p, s, out, NULL), 0);
    return p;
}

static void tells_what_the_gpus_are(void **state)
{
    static struct all_seen seen;
    const struct probe_out out = all_out(&seen);
    struct probe *p = open_on("gpus=1", &seen, &nobody, &out);

    (void)state;
    assert_non_null(p);
    assert_seen(&seen.seen, "gpu.driver=550.54.15 [0] nvmlSystemGetDriverVersion\n");
    assert_seen(&seen.seen, "gpu.driver.cuda=12.4 [0]");
    assert_seen(&seen.seen, "gpu.count=1 ");
    assert_seen(&seen.seen, "gpu.0.name=Planted H100 80GB HBM3 [0]");
    assert_seen(&seen.seen, "gpu.0.pci=00000000:0F:00.0 ");
    assert_seen(&seen.seen, "gpu.0.memory.total_bytes=85899345920 bytes[0]");
    assert_seen(&seen.seen, "gpu.0.power.limit=700 W[0]");
    assert_seen(&seen.seen, "gpu.0.ecc=on ");
    assert_seen(&seen.seen, "gpu.0.mig=off ");
    assert_seen(&seen.seen, "gpu.0.clock.sm_max=1980000000 Hz[0]");
    assert_seen(&seen.seen, "gpu.0.clock.event=gpu_idle ");
    assert_seen(&seen.seen, "gpu.0.processes.engine=? [5] nobody listens\n");
    assert_unseen(&seen.seen, "GPU-00000000"); /* told apart, not named */
    probe_nvml.close(p);
}

static void reads_numbers_over_time(void **state)
{
    static struct all_seen seen;
    const struct probe_out out = all_out(&seen);
    struct probe *p = open_on("gpus=2", &seen, &nobody, &out);

    (void)state;
    assert_int_equal(probe_nvml.sample(p, 5), 0);
    assert_seen(&seen.seen, "gpu.0.use.compute@5 0.97\n");
    assert_seen(&seen.seen, "gpu.1.use.memory@5 0.61\n");
    assert_seen(&seen.seen, "gpu.0.memory.used_bytes@5 5.36871e+09\n");
    assert_seen(&seen.seen, "gpu.0.clock.sm@5 1.755e+09\n");
    assert_seen(&seen.seen, "gpu.0.power@5 250\n");
    assert_seen(&seen.seen, "gpu.0.energy@5 25\n"); /* the growth, not the total */
    assert_seen(&seen.seen, "gpu.0.ecc.corrected@5 0\n");
    assert_seen(&seen.seen, "gpu.0.clock.event.gpu_idle@5 1\n");
    assert_seen(&seen.seen, "gpu.0.clock.event.hw_slowdown@5 0\n");
    assert_seen(&seen.seen, "gpu.0.processes@5 1\n");
    probe_nvml.close(p);
}

static void asks_slow_questions_in_turn(void **state)
{
    static const char *const order[] = {"gpu.0.pcie.sent@0 1.2e+06\n", "gpu.0.pcie.received@1 ",
                                        "gpu.1.pcie.sent@2 ", "gpu.1.pcie.received@3 ",
                                        "gpu.0.pcie.sent@4 "};
    static struct all_seen seen;
    const struct probe_out out = all_out(&seen);
    struct probe *p = open_on("gpus=2", &seen, &nobody, &out);

    (void)state;
    for (int64_t t = 0; t < 5; t++) {
        const char *first;

        all_clear(&seen);
        assert_int_equal(probe_nvml.sample(p, t), 0);
        assert_seen(&seen.seen, order[t]);
        first = strstr(seen.seen.text, ".pcie.sent@");
        assert_null(first ? strstr(first + 1, ".pcie.sent@") : NULL);
    }
    probe_nvml.close(p);
}

static void what_is_not_supported_is_absent(void **state)
{
    static struct all_seen seen;
    const struct probe_out out = all_out(&seen);
    struct probe *p = open_on("gpus=2 bare denied", &seen, &nobody, &out);

    (void)state;
    assert_seen(&seen.seen, "gpu.1.name=Planted H100 80GB HBM3 ");
    assert_seen(&seen.seen, "gpu.1.vbios=? [5] nvmlDeviceGetVbiosVersion: Not Supported\n");
    assert_seen(&seen.seen, "gpu.1.power=? [5] nvmlDeviceGetPowerUsage: Not Supported\n");
    assert_seen(&seen.seen, "gpu.1.clock.event=? [5] nvmlDeviceGetCurrentClocksThrottleReasons: ");
    assert_seen(&seen.seen, "gpu.0.processes=? [5] nvmlDeviceGetComputeRunningProcesses_v3: "
                            "Insufficient Permissions\n");
    all_clear(&seen);
    assert_int_equal(probe_nvml.sample(p, 1), 0);
    assert_seen(&seen.seen, "gpu.1.memory.used_bytes@1 ");
    assert_unseen(&seen.seen, "gpu.1.power");
    assert_unseen(&seen.seen, "processes");
    probe_nvml.close(p);
}

static void a_lost_gpu_is_said_once(void **state)
{
    static struct all_seen seen;
    const struct probe_out out = all_out(&seen);
    struct probe *p = open_on("gpus=2 lost=3", &seen, &nobody, &out);

    (void)state;
    assert_int_equal(probe_nvml.sample(p, 1), 0);
    assert_seen(&seen.seen, "gpu.0.power@1 250\n");
    assert_int_equal(probe_nvml.sample(p, 2), 0);
    assert_seen(&seen.seen, "changed@2 gpu.0: from answering to lost: GPU is lost\n");
    all_clear(&seen);
    assert_int_equal(probe_nvml.sample(p, 3), 0);
    assert_unseen(&seen.seen, "gpu.0");
    assert_unseen(&seen.seen, "changed");
    assert_seen(&seen.seen, "gpu.1.power@3 250\n");
    probe_nvml.close(p);
}

static void clocks_held_back_are_said_once_a_phase(void **state)
{
    static struct all_seen seen;
    const struct probe_out out = all_out(&seen);
    struct probe *p = open_on("gpus=1 hot=2", &seen, &nobody, &out);

    (void)state;
    assert_int_equal(probe_nvml.sample(p, 1), 0);
    assert_seen(&seen.seen, "changed@1 gpu.0: clock.event.hw_slowdown: from off to on\n");
    assert_seen(&seen.seen, "changed@1 gpu.0: clock.event.hw_thermal_slowdown: from off to on\n");
    assert_seen(&seen.seen, "gpu.0.clock.event.hw_thermal_slowdown@1 1\n");
    assert_seen(&seen.seen, "gpu.0.clock.event.gpu_idle@1 0\n");
    all_clear(&seen);
    assert_int_equal(probe_nvml.sample(p, 2), 0);
    assert_unseen(&seen.seen, "changed");
    probe_nvml.close(p);
}

static void another_driver_is_said(void **state)
{
    static struct all_seen seen;
    const struct probe_out out = all_out(&seen);
    struct probe *p = open_on("gpus=1 driver=2", &seen, &nobody, &out);

    (void)state;
    probe_nvml.phase(p, "trial 1", 1);
    assert_unseen(&seen.seen, "changed");
    assert_int_equal(probe_nvml.sample(p, 2), 0);
    probe_nvml.phase(p, "end", 3);
    probe_nvml.phase(p, "end", 4);
    assert_seen(&seen.seen, "changed@3 gpu.driver: from 550.54.15 to 551.00.01\n");
    assert_unseen(&seen.seen, "changed@4");
    probe_nvml.close(p);
}

static void knows_the_engine_by_its_tree(void **state)
{
    static struct all_seen seen;
    const struct probe_out out = all_out(&seen);
    struct probe_setup s = {.root = "", .engine_pid = getppid()};
    char planted[64];
    struct probe *p;

    (void)state;
    (void)snprintf(planted, sizeof planted, "gpus=1 pid=%d", (int)getpid());
    p = open_on(planted, &seen, &s, &out);
    assert_int_equal(probe_nvml.sample(p, 1), 0);
    assert_seen(&seen.seen, "gpu.0.processes@1 2\n");
    assert_seen(&seen.seen, "gpu.0.processes.engine@1 1\n"); /* ours; pid 1 is nobody's child */
    probe_nvml.close(p);
    assert_false(nvml_below("/nowhere", getpid(), getppid()));
}

static void follows_an_engine_that_restarts(void **state)
{
    static const char table[] =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid inode\n"
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000  0 77 1"
        " 0 100\n";
    static struct all_seen seen;
    const struct probe_out out = all_out(&seen);
    const struct url target = {.host = "127.0.0.1", .port = 0x1f90};
    const struct probe_setup s = {.root = root, .engine_pid = 60, .target = &target};
    struct probe *p;

    (void)state;
    write_process(60, 1, "python3", 500);
    write_process(70, 1, "python3", 900);
    write_process(71, 70, "worker", 901);
    p = open_on("gpus=1 pid=71", &seen, &s, &out);
    assert_int_equal(probe_nvml.sample(p, 1), 0);
    assert_seen(&seen.seen, "gpu.0.processes.engine@1 0\n");
    write_process(60, 1, "python3", 950); /* the number again, another process */
    assert_int_equal(probe_nvml.sample(p, 2), 0);
    assert_unseen(&seen.seen, "gpu.0.processes.engine@2"); /* nobody's: absent is not 0 */
    write_file("/proc/net/tcp", table);
    make_link("/proc/70/fd/5", "socket:[77]");
    assert_int_equal(probe_nvml.sample(p, 2000000000), 0);
    assert_seen(&seen.seen, "gpu.0.processes.engine@2000000000 1\n");
    probe_nvml.close(p);
}

static void without_a_driver_the_reason_is_a_fact(void **state)
{
    static struct all_seen seen;
    const struct probe_out out = all_out(&seen);

    (void)state;
    assert_null(open_on("broken", &seen, &nobody, &out));
    assert_seen(&seen.seen, "gpu.nvml=? [5] libnvidia-ml.so.1: nvmlInit_v2: Driver Not Loaded\n");
    assert_null(open_on("gpus=0", &seen, &nobody, &out));
    assert_seen(&seen.seen, "gpu.count=0 ");
}

static void without_the_library_the_reason_is_a_fact(void **state)
{
    struct err err = {0};
    struct nvml n;

    (void)state;
    assert_int_equal(nvml_load(&n, "/nowhere/libnvidia-ml.so.1", &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nowhere/libnvidia-ml.so.1"));
}

static void a_full_sink_ends_it(void **state)
{
    static struct all_seen seen;
    const struct probe_out out = all_out(&seen);
    int r = -ENOSPC;

    (void)state;
    assert_int_equal(setenv("NVML_DOUBLE", "gpus=2 bare", 1), 0);
    for (int n = 0; r == -ENOSPC && n < 100; n++) {
        struct probe *p = NULL;

        seen = (struct all_seen){.seen.left = n};
        r = probe_nvml.open(&p, &nobody, &out, NULL);
        assert_int_equal(r == 0, p != NULL);
        probe_nvml.close(p);
    }
    assert_int_equal(r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_the_gpus_are),
        cmocka_unit_test(reads_numbers_over_time),
        cmocka_unit_test(asks_slow_questions_in_turn),
        cmocka_unit_test(what_is_not_supported_is_absent),
        cmocka_unit_test(a_lost_gpu_is_said_once),
        cmocka_unit_test(clocks_held_back_are_said_once_a_phase),
        cmocka_unit_test(another_driver_is_said),
        cmocka_unit_test(knows_the_engine_by_its_tree),
        cmocka_unit_test_setup_teardown(follows_an_engine_that_restarts, new_root, remove_root),
        cmocka_unit_test(without_a_driver_the_reason_is_a_fact),
        cmocka_unit_test(without_the_library_the_reason_is_a_fact),
        cmocka_unit_test(a_full_sink_ends_it),
    };

    if (!dlopen(GPU_DOUBLES "/libnvidia-ml.so.1", RTLD_NOW)) {
        fprintf(stderr, "no fake library: %s\n", dlerror());
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
