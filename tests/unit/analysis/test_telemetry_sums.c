/* SPDX-License-Identifier: Apache-2.0 */
/* What each series came to: in all, and while trials ran. */
#include "analysis/telemetry_sums.h"
#include "../evidence/scene.h"

static const struct series cpu = {"host", "cpu.use", "cpus", "/proc/stat", KNOWN_MEASURED};
static const struct series idle = {"host", "never", "1", "test", KNOWN_DERIVED};

/* The scene's trial lasts from 0 to 9 s; ids need be neither dense nor in order. */
static struct scene told_run(void)
{
    static const struct telemetry_row rows[] = {{7, -1, 100},           {7, 0, 1},
                                                {7, 4 * NS_PER_S, 4},   {7, 9 * NS_PER_S, 1.5},
                                                {7, 10 * NS_PER_S, -5}, {2, 11 * NS_PER_S, 3}};
    struct scene s = {0};
    struct err err = {0};

    scene_make(&s);
    scene_begin(&s, 1, 256, 1);
    assert_int_equal(store_series(s.store, 7, &cpu, &err), 0);
    assert_int_equal(store_series(s.store, 2, &idle, &err), 0);
    assert_int_equal(store_telemetry(s.store, rows, COUNT_OF(rows), &err), 0);
    put_sample(store_ring(s.store, 0), 0);
    scene_finish(&s);
    return s;
}

static void rows_outside_trials_are_left_out_where_asked(void **state)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    AUTO(telemetry_sums_release) struct telemetry_sums all = {0}, in_trials = {0};
    struct scene s = told_run();
    struct err err = {0};

    (void)state;
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_RECOVER, &err), 0);
    assert_int_equal(telemetry_sums_read(&in_trials, e, true, &err), 0);
    assert_int_equal(in_trials.count, 2);
    assert_string_equal(in_trials.items[0].series.name, "cpu.use");
    assert_int_equal(in_trials.items[0].rows, 3);
    assert_close(in_trials.items[0].least, 1, 0);
    assert_close(in_trials.items[0].mean, 6.5 / 3, 1e-12);
    assert_close(in_trials.items[0].most, 4, 0);
    assert_close(in_trials.items[0].last, 1.5, 0);
    assert_int_equal(in_trials.items[1].series.known, KNOWN_DERIVED);
    assert_int_equal(in_trials.items[1].rows, 0); /* absent, not 0: it says so by having no rows */
    assert_int_equal(telemetry_sums_read(&all, e, false, &err), 0);
    assert_int_equal(all.items[0].rows, 5);
    assert_close(all.items[0].least, -5, 0);
    assert_close(all.items[0].most, 100, 0);
    assert_int_equal(all.items[1].rows, 1);
    scene_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_outside_trials_are_left_out_where_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
