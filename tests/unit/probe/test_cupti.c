/* SPDX-License-Identifier: Apache-2.0 */
/* The probe "cupti" on texts written here. */
#include "base/clock.h"
#include "base/fs.h"
#include "gpu_sink.h"
#include "probe/cupti.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/asrun-test-cupti-XXXXXX";
static struct all_seen seen;
static struct probe_out out;

static void text(const char *file, const char *body)
{
    char path[128], whole[2048];

    (void)snprintf(path, sizeof path, "%s/%s", folder, file);
    (void)snprintf(whole, sizeof whole, "asrun-kernels 1\npid 9\n%send\n", body);
    assert_int_equal(fs_write(path, whole, strlen(whole), NULL), 0);
}

static struct probe *open_folder(void)
{
    const struct probe_setup s = {.root = "", .cupti = folder};
    struct probe *p = NULL;

    seen = (struct all_seen){.seen.left = -1};
    out = all_out(&seen);
    assert_int_equal(probe_cupti.open(&p, &s, &out, NULL), 0);
    return p;
}

static void tells_phases_apart(void **state)
{
    struct probe *p;

    (void)state;
    text("9-1.kernels", "time_ns 1000000000\ngraph_launches 10\nkernel 100 0 5000 1 8 gemm\n");
    p = open_folder();
    assert_non_null(p);
    probe_cupti.phase(p, "start", 0);
    text("9-1.kernels", "time_ns 2000000000\ngraph_launches 30\nkernel 140 30 7000 1 8 gemm\n"
                        "library libnvinfer.so.10\n");
    assert_int_equal(probe_cupti.sample(p, 5), 0);
    assert_seen(&seen.seen, "engine.gpu.kernels.launched@5 40\n");
    assert_seen(&seen.seen, "engine.gpu.kernels.of_graphs@5 0.75\n");
    assert_seen(&seen.seen, "engine.gpu.graphs.launched@5 20\n");
    probe_cupti.phase(p, "trial 1", 6);
    assert_seen(&seen.seen, "dispatch start [gpu] gemm 40 2000\n");
    text("9-1.kernels", "time_ns 3000000000\ngraph_launches 30\nkernel 140 30 7000 1 8 gemm\n"
                        "kernel 60 0 1000 2 2 triton_poi_fused_add_0\nlibrary libnvinfer.so.10\n");
    assert_int_equal(probe_cupti.finish(p), 0);
    assert_seen(&seen.seen, "dispatch trial 1 [gpu] triton_poi_fused_add_0 60 1000\n");
    assert_unseen(&seen.seen, "dispatch trial 1 [gpu] gemm");
    assert_seen(&seen.seen, "engine.gpu.kernels=100 ");
    assert_seen(&seen.seen, "engine.gpu.torch_compile=seen [0] 60 of 100 launches of kernels ");
    assert_seen(&seen.seen, "engine.gpu.cuda_graphs=seen [0] 30 of 100 launches ");
    assert_seen(&seen.seen, "engine.gpu.tensorrt=seen ");
    assert_seen(&seen.seen, "kernels.hottest=66.7 % of the time, 40 launches, 1 to 8 blocks: gemm;"
                            " 33.3 % of the time, 60 launches, 2 to 2 blocks: triton_poi_");
    probe_cupti.close(p);
}

static void adds_up_processes_that_come_later(void **state)
{
    struct probe *p = open_folder();

    (void)state;
    probe_cupti.phase(p, "trial 1", 0);
    text("9-2.kernels", "time_ns 1000000000\nkernel 5 0 50 1 1 gemm\n");
    text("8-2.kernels", "time_ns 1000000000\nkernel 7 0 70 1 1 gemm\n");
    assert_int_equal(probe_cupti.sample(p, 5), 0);
    assert_unseen(&seen.seen, "@5"); /* one reading is no rate */
    text("9-2.kernels", "time_ns 2000000000\nkernel 15 0 150 1 1 gemm\n");
    text("8-2.kernels", "time_ns 3000000000\nkernel 27 0 270 1 1 gemm\n");
    assert_int_equal(probe_cupti.sample(p, 6), 0);
    assert_seen(&seen.seen, "engine.gpu.kernels.launched@6 20\n"); /* 10 / 1 s + 20 / 2 s */
    assert_unseen(&seen.seen, "graphs.launched@6");                /* not counted is not 0 */
    assert_int_equal(probe_cupti.sample(p, 6 + 4 * NS_PER_S), 0);
    assert_unseen(&seen.seen, "@4000000006"); /* nobody writes any more */
    assert_int_equal(probe_cupti.finish(p), 0);
    assert_seen(&seen.seen, "dispatch trial 1 [gpu] gemm 42 420\n");
    assert_seen(&seen.seen, "engine.gpu.processes=2 ");
    assert_seen(&seen.seen, "engine.gpu.torch_compile=not seen [0] 0 of 42 ");
    probe_cupti.close(p);
}

static void counts_what_was_lost_since_it_opened(void **state)
{
    struct probe *p;

    (void)state;
    text("9-1.kernels", "time_ns 1000000000\ndropped 5\ncrowded 3\nkernel 5 0 50 1 1 gemm\n");
    p = open_folder();
    text("9-1.kernels", "time_ns 2000000000\ndropped 5\ncrowded 3\nkernel 6 0 60 1 1 gemm\n");
    assert_int_equal(probe_cupti.finish(p), 0);
    assert_seen(&seen.seen, "engine.gpu.kernels.lost=0 ");
    probe_cupti.close(p);
    p = open_folder();
    text("9-1.kernels", "time_ns 3000000000\ndropped 6\ncrowded 3\nkernel 7 0 70 1 1 gemm\n");
    probe_cupti.phase(p, "trial 1", 0);
    text("9-1.kernels", "time_ns 4000000000\ndropped 7\ncrowded 3\nkernel 8 0 80 1 1 gemm\n");
    assert_int_equal(probe_cupti.finish(p), 0);
    assert_seen(&seen.seen, "engine.gpu.kernels.lost=2 ");
    probe_cupti.close(p);
}

static void leaves_old_and_foreign_files_alone(void **state)
{
    const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    char path[128];
    struct probe *p;

    (void)state;
    text("1-1.kernels", "time_ns 1000000000\nkernel 5 0 50 1 1 gemm\n");
    (void)snprintf(path, sizeof path, "%s/1-1.kernels", folder);
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    text("2-1.kernels", "colour blue\n");
    text("notes.txt", "time_ns 1000000000\nkernel 5 0 50 1 1 gemm\n");
    p = open_folder();
    assert_int_equal(probe_cupti.finish(p), 0);
    assert_unseen(&seen.seen, "dispatch");
    assert_seen(&seen.seen, "engine.gpu.processes.unread=2 ");
    assert_seen(&seen.seen, "engine.gpu.kernels=? [5] no kernel was launched\n");
    probe_cupti.close(p);
}

static void says_why_nothing_was_observed(void **state)
{
    const struct probe_setup none = {.root = ""}, gone = {.root = "", .cupti = "/nowhere/at/all"};
    struct probe *p = open_folder();

    (void)state;
    assert_int_equal(probe_cupti.finish(p), 0);
    assert_seen(&seen.seen, ": no process left a text there\n");
    probe_cupti.close(p);
    text("9-1.kernels", "time_ns 1\nerror cuptiActivityEnable: CUPTI_ERROR_UNKNOWN\n");
    p = open_folder();
    assert_int_equal(probe_cupti.finish(p), 0);
    assert_seen(&seen.seen, "kernels=? [5] cuptiActivityEnable: CUPTI_ERROR_UNKNOWN\n");
    probe_cupti.close(p);
    p = NULL;
    assert_int_equal(probe_cupti.open(&p, &none, &out, NULL), 0);
    assert_null(p);
    assert_seen(&seen.seen, "engine.gpu.kernels=? [5] probe.cupti names no folder\n");
    assert_int_equal(probe_cupti.open(&p, &gone, &out, NULL), 0);
    assert_null(p);
    assert_seen(&seen.seen, "/nowhere/at/all: No such file or directory\n");
}

static int empty_folder(void **state)
{
    (void)state;
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[128];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tells_phases_apart, empty_folder, remove_folder),
        cmocka_unit_test_setup_teardown(adds_up_processes_that_come_later, empty_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(counts_what_was_lost_since_it_opened, empty_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(leaves_old_and_foreign_files_alone, empty_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(says_why_nothing_was_observed, empty_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
