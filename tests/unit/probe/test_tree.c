/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/tree.h"
#include "harness/fault.h"
#include "root.h"

static void assert_pids(const struct probe_tree *t, const char *expected)
{
    char text[256] = "";

    for (size_t i = 0; i < t->count; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s%d", i ? " " : "",
                       (int)t->items[i].pid);
    assert_string_equal(text, expected);
}

static void write_engine(void)
{
    write_process(1, 0, "init", 1);
    write_process(50, 1, "shell", 10);
    write_process(60, 50, "engine) S 1", 20);
    write_process(55, 60, "worker", 21); /* a pid below its parent's */
    write_process(70, 55, "worker of worker", 22);
    write_process(71, 1, "other", 22);
    write_file("/proc/self", "no process");
}

static void knows_all_descendants(void **state)
{
    AUTO(probe_tree_release) struct probe_tree t = {.root = 60};
    struct err err = {0};

    (void)state;
    write_engine();
    assert_int_equal(probe_tree_refresh(&t, root, &err), 0);
    assert_pids(&t, "60 55 70");
    assert_string_equal(t.items[0].name, "engine) S 1");
    assert_int_equal(t.items[0].parent, 50);
    assert_int_equal(t.root_start, 20);
    assert_int_equal(t.changes, 1);
    assert_int_equal(probe_tree_refresh(&t, root, &err), 0);
    assert_int_equal(t.changes, 1);
}

static void keeps_what_its_parent_left_behind(void **state)
{
    AUTO(probe_tree_release) struct probe_tree t = {.root = 60};
    struct err err = {0};

    (void)state;
    write_engine();
    assert_int_equal(probe_tree_refresh(&t, root, &err), 0);
    assert_int_equal(remove_path("/proc/55"), 0);
    write_process(70, 1, "worker of worker", 22);
    write_process(80, 70, "late", 90);
    assert_int_equal(probe_tree_refresh(&t, root, &err), 0);
    assert_pids(&t, "60 70 80");
    assert_int_equal(t.changes, 2);
    write_process(70, 1, "another program", 95); /* the pid again, another process */
    assert_int_equal(probe_tree_refresh(&t, root, &err), 0);
    assert_pids(&t, "60 80");
}

static void a_root_that_is_gone_is_told(void **state)
{
    AUTO(probe_tree_release) struct probe_tree t = {.root = 60};
    struct err err = {0};

    (void)state;
    write_engine();
    assert_int_equal(probe_tree_refresh(&t, root, &err), 0);
    write_process(60, 50, "engine", 99);
    assert_int_equal(probe_tree_refresh(&t, root, &err), -ESRCH);
    assert_string_equal(err.text, "process 60 is gone");
    assert_pids(&t, "60 55 70");
    t.root = 61;
    assert_int_equal(probe_tree_refresh(&t, root, &err), -ESRCH);
    assert_int_equal(remove_path("/proc"), 0);
    assert_int_equal(probe_tree_refresh(&t, root, &err), -ENOENT);
}

static void odd_stat_files_are_no_process(void **state)
{
    static const char *const odd[] = {"",         "60",      "60 (x",        "60 (x)",
                                      "60 (x) S", "60 ) x(", "60 (x) S 1 2", "(((())))\n"};
    struct probe_process p = {.pid = 7};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        write_file("/proc/60/stat", odd[i]);
        assert_int_equal(probe_process_read(&p, root, 60), -EBADMSG);
    }
    assert_int_equal(probe_process_read(&p, root, 61), -ESRCH);
    assert_int_equal(p.pid, 7);
}

static void what_only_waits_to_be_reaped_is_gone(void **state)
{
    static const char *const dead[] = {
        "60 (engine) Z 50 1 1 0 -1 4194304 100 0 0 0 5 6 0 0 20 0 1 0 20 0 0\n",
        "60 (engine) X 50 1 1 0 -1 4194304 100 0 0 0 5 6 0 0 20 0 1 0 20 0 0\n"};
    struct probe_process p = {.pid = 7};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(dead); i++) {
        AUTO(probe_tree_release) struct probe_tree t = {.root = 60};
        struct err err = {0};

        write_engine();
        assert_int_equal(probe_tree_refresh(&t, root, &err), 0);
        write_file("/proc/60/stat", dead[i]);
        assert_int_equal(probe_process_read(&p, root, 60), -ESRCH);
        assert_int_equal(probe_tree_refresh(&t, root, &err), -ESRCH);
    }
    assert_int_equal(p.pid, 7);
}

static void knows_this_very_process(void **state)
{
    AUTO(probe_tree_release) struct probe_tree t = {.root = getpid()};
    struct err err = {0};

    (void)state;
    assert_int_equal(probe_tree_refresh(&t, "", &err), 0);
    assert_int_equal(t.items[0].pid, getpid());
    assert_int_equal(t.items[0].parent, getppid());
    assert_true(t.root_start > 0);
}

static void survives_failed_allocations(void **state)
{
    int r = -ENOMEM;

    (void)state;
    write_engine();
    for (int nth = 0; r == -ENOMEM && nth < 20; nth++) {
        AUTO(probe_tree_release) struct probe_tree t = {.root = 60};
        struct err err = {0};

        fault_alloc(nth);
        r = probe_tree_refresh(&t, root, &err);
    }
    fault_alloc(-1);
    assert_int_equal(r, 0);
}

#define ROOT_TEST(f) cmocka_unit_test_setup_teardown(f, new_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOT_TEST(what_only_waits_to_be_reaped_is_gone), ROOT_TEST(knows_all_descendants),
        ROOT_TEST(keeps_what_its_parent_left_behind),    ROOT_TEST(a_root_that_is_gone_is_told),
        ROOT_TEST(odd_stat_files_are_no_process),        cmocka_unit_test(knows_this_very_process),
        ROOT_TEST(survives_failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
