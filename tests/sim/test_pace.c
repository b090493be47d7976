/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/scene.h"

#define START(s) ((s)->config.start_ns)

static void each_item_goes_out_when_it_is_due(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(200, 7 * NS_PER_MS);

    (void)state;
    s->twin->request = answer_json;
    scene_run(s);
    assert_int_equal(s->report.started, 200);
    for (uint32_t i = 0; i < 200; i++) {
        int64_t due_ns = scene_point(s, i, POINT_DUE);

        assert_int_equal(due_ns, START(s) + i * 7 * NS_PER_MS);
        /* a sleeper would be TWIN_WAKE_NS late; the last part is polled */
        assert_in_range(scene_point(s, i, POINT_RELEASED) - due_ns, 0, 3 * NS_PER_US);
        assert_int_equal(scene_outcome(s, i), OUTCOME_OK);
    }
    assert_true(s->twin->slept_ns > 1100 * NS_PER_MS); /* and most of the time it does sleep */
}

static void requests_are_rendered_before_they_are_due(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(300, 2 * NS_PER_MS);

    (void)state;
    s->twin->request = answer_json;
    scene_run(s);
    for (uint32_t i = 0; i < 300; i++) {
        int64_t ahead_ns = scene_point(s, i, POINT_DUE) - s->rendered_ns[i];

        assert_true(ahead_ns > 100 * NS_PER_US);
        assert_true(i < ENGINE_AHEAD || ahead_ns < (ENGINE_AHEAD + 1) * 2 * NS_PER_MS);
    }
}

static void a_late_item_keeps_its_due_time(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(20, NS_PER_MS);

    (void)state;
    s->twin->request = answer_json; /* 10 ms each, and one at a time */
    s->config.max_in_flight = 1;
    scene_run(s);
    for (uint32_t i = 0; i < 20; i++) {
        int64_t late_ns = scene_point(s, i, POINT_RELEASED) - scene_point(s, i, POINT_DUE);

        assert_int_equal(scene_point(s, i, POINT_DUE), START(s) + i * NS_PER_MS);
        assert_in_range(late_ns, i * 9 * NS_PER_MS, i * (9 * NS_PER_MS + 400 * NS_PER_US) + 9000);
    }
    assert_int_equal(s->report.cap_waits, 19); /* each item that waited, once */
    assert_int_equal(s->report.never_started, 0);
}

static void items_due_together_go_out_together(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(50, NS_PER_MS);

    (void)state;
    for (size_t i = 0; i < 50; i++)
        s->items[i].at_ns = 0;
    s->twin->request = answer_json;
    scene_run(s);
    for (uint32_t i = 0; i < 50; i++)
        assert_in_range(scene_point(s, i, POINT_SENT) - START(s), 0, 2 * NS_PER_MS);
    assert_int_equal(s->twin->most_open, 50);
}

static void a_slot_is_due_again_when_it_falls_free(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(10, 0);
    int64_t free_ns[2];

    (void)state;
    s->twin->request = answer_json;
    s->config.concurrency = 2;
    scene_run(s);
    assert_int_equal(s->report.ended, 10);
    assert_int_equal(s->report.cap_waits, 0);
    free_ns[0] = free_ns[1] = START(s);
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(scene_point(s, i, POINT_DUE), free_ns[i % 2]);
        assert_in_range(scene_point(s, i, POINT_RELEASED) - free_ns[i % 2], 0, 200 * NS_PER_US);
        free_ns[i % 2] = scene_point(s, i, POINT_END);
    }
    assert_int_equal(s->twin->most_open, 2);
}

static void a_closed_loop_starts_nothing_after_its_duration(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(1000, 0);

    (void)state;
    s->twin->request = answer_json;
    s->config.concurrency = 4;
    s->config.duration_ns = 205 * NS_PER_MS;
    scene_run(s);
    assert_in_range(s->report.started, 76, 84); /* 4 each 10.1 ms or so */
    assert_int_equal(s->report.never_started, 1000 - s->report.started);
    for (uint32_t i = 0; i < s->report.started; i++) {
        assert_true(scene_point(s, i, POINT_RELEASED) < START(s) + 205 * NS_PER_MS);
        assert_int_equal(scene_outcome(s, i), OUTCOME_OK); /* what was in flight went on */
    }
}

static void a_thread_takes_its_own_items_only(void **state)
{
    (void)state;
    for (int32_t thread = 0; thread < 3; thread++) {
        AUTO(scene_free) struct scene *s = scene_new(20, NS_PER_MS);

        s->twin->request = answer_json;
        s->config.first = 4;
        s->config.count = 11;
        s->thread = thread;
        s->threads = 3;
        scene_run(s);
        for (uint32_t i = 0; i < 20; i++) {
            bool mine = i >= 4 && i < 15 && (i - 4) % 3 == (uint32_t)thread;

            assert_int_equal(scene_count(s, i, REC_END, -1), mine);
        }
    }
}

static void polling_leaves_a_tenth_of_the_time_to_others(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(2000, 200 * NS_PER_US);

    (void)state;
    s->twin->request = answer_json;
    s->config.keep = LOAD_KEEP_ALWAYS;
    scene_run(s);
    assert_true(s->twin->polls > 1000);
    assert_true(s->twin->slept_ns > 40 * NS_PER_MS);
}

static void nothing_is_allocated_between_start_and_end(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(500, NS_PER_MS);

    (void)state;
    s->twin->request = answer_sse;
    scene_run(s);
    assert_int_equal(s->report.ended, 500);
    assert_int_equal(s->allocs, 0);
}

static void making_an_engine_survives_every_failed_allocation(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(10, NS_PER_MS);
    struct engine_setup setup = {.config = &s->config, .threads = 1, .cap = 5, .ops = &twin_ops};
    int r = -ENOMEM, nth = 0;

    (void)state;
    for (; r == -ENOMEM && nth < 50; nth++) {
        AUTO(engine_free) struct engine *e = NULL;
        struct err err = {0};

        fault_alloc(nth);
        r = engine_new(&e, &setup, &err);
        assert_int_equal(r == 0, e != NULL);
        assert_int_equal(r, err.code);
    }
    fault_alloc(-1);
    assert_int_equal(r, 0);
    assert_true(nth > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_item_goes_out_when_it_is_due),
        cmocka_unit_test(requests_are_rendered_before_they_are_due),
        cmocka_unit_test(a_late_item_keeps_its_due_time),
        cmocka_unit_test(items_due_together_go_out_together),
        cmocka_unit_test(a_slot_is_due_again_when_it_falls_free),
        cmocka_unit_test(a_closed_loop_starts_nothing_after_its_duration),
        cmocka_unit_test(a_thread_takes_its_own_items_only),
        cmocka_unit_test(polling_leaves_a_tenth_of_the_time_to_others),
        cmocka_unit_test(nothing_is_allocated_between_start_and_end),
        cmocka_unit_test(making_an_engine_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
