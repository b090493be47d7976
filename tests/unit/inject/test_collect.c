/* SPDX-License-Identifier: Apache-2.0 */
/* What an injection library leaves behind, without any driver. */
#include "base/fs.h"
#include "collect.h"
#include "harness/unit.h"
#include "record/kernels.h"
#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/asrun-test-collect-XXXXXX";
static struct kernels k;
static int flushed; /* by the last call, in this thread */

static void flush(bool last)
{
    if (last) {
        flushed++;
        collect_kernel("held back", 3, 30, true);
    }
}

/* The only text in the folder. */
static void read_text(void)
{
    DIR *d = opendir(folder);
    AUTO(free) char *text = NULL;
    char path[512] = "";
    struct dirent *e;
    size_t n;

    assert_non_null(d);
    while ((e = readdir(d)) != NULL)
        if (strstr(e->d_name, ".kernels")) {
            assert_int_equal(path[0], '\0');
            assert_null(strstr(e->d_name, ".new"));
            (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        }
    (void)closedir(d);
    assert_int_equal(fs_read(&text, &n, path, 1 << 20, NULL), 0);
    assert_int_equal(kernels_read(&k, text, n, NULL), 0);
}

static void without_a_folder_nothing_happens(void **state)
{
    (void)state;
    assert_false(collect_open("/nowhere/at/all"));
    assert_false(collect_start(flush));
    collect_kernel("x", 1, 1, false);
    collect_error("x");
    collect_stop();
}

static void leaves_one_text_with_all(void **state)
{
    int status = 0;
    pid_t child;

    (void)state;
    assert_true(collect_open(folder));
    assert_false(collect_open(folder)); /* once a process */
    assert_true(collect_start(flush));
    collect_kernel("gemm", 64, 1000, false);
    collect_kernel("gemm", 32, 1000, true);
    collect_graphs_counted();
    collect_graph_launch();
    collect_dropped(2);
    collect_error("half of it\nfailed");
    child = fork();
    if (child == 0) { /* whose exit must not write over ours */
        collect_kernel("in the child", 1, 1, false);
        collect_stop();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    collect_stop();
    collect_stop();
    assert_int_equal(flushed, 1);
    read_text();
    assert_int_equal(k.pid, getpid());
    assert_int_equal(kernels_find(&k, "gemm")->launches, 2);
    assert_int_equal(kernels_find(&k, "gemm")->of_graphs, 1);
    assert_non_null(kernels_find(&k, "held back"));
    assert_null(kernels_find(&k, "in the child"));
    assert_int_equal(k.graph_launches, 1);
    assert_true(k.graphs_counted);
    assert_int_equal(k.dropped, 2);
    assert_string_equal(k.error, "half of it failed");
}

static int new_folder(void **state)
{
    (void)state;
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
        cmocka_unit_test(without_a_folder_nothing_happens),
        cmocka_unit_test(leaves_one_text_with_all),
    };
    return cmocka_run_group_tests(tests, new_folder, remove_folder);
}
