/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's stamps of sending: at once, late, none, and of a clock that was set. */
#include "sim/scene.h"

static struct scene *stamped(size_t count, int64_t gap_ns)
{
    struct scene *s = scene_new(count, gap_ns);

    s->config.send_stamps = true;
    s->twin->request = answer_json;
    return s;
}

static void all_ok(const struct scene *s, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(scene_outcome(s, i), OUTCOME_OK);
}

static void a_stamp_that_is_there_after_the_write_is_recorded(void **state)
{
    AUTO(scene_free) struct scene *s = stamped(3, 50 * NS_PER_MS);

    (void)state;
    scene_run(s);
    all_ok(s, 3);
    for (uint32_t i = 0; i < 3; i++) { /* the twin's packet leaves 1 us before a write of 3 ends */
        int64_t after_ns = scene_point(s, i, POINT_SENT_KERNEL) - scene_point(s, i, POINT_SENT);

        assert_int_equal(scene_count(s, i, REC_POINT, POINT_SENT_KERNEL), 1);
        assert_int_equal(after_ns, 2 * NS_PER_US);
    }
    assert_int_equal(s->report.sent_stamps, 3);
    assert_int_equal(s->report.reused, 2); /* of reused connections, too */
}

static void nothing_is_asked_for_by_itself(void **state)
{
    AUTO(scene_free) struct scene *s = stamped(2, 50 * NS_PER_MS);

    (void)state;
    s->config.send_stamps = false;
    scene_run(s);
    all_ok(s, 2);
    assert_int_equal(s->report.sent_stamps, 0);
    assert_int_equal(scene_count(s, 0, REC_POINT, POINT_SENT_KERNEL), 0);
}

static void a_late_stamp_is_recorded_before_the_answer_is_read(void **state)
{
    AUTO(scene_free) struct scene *s = stamped(2, 50 * NS_PER_MS);

    (void)state;
    s->twin->sent_stamp_after_ns = 4 * NS_PER_MS; /* the answer comes after 10 */
    scene_run(s);
    all_ok(s, 2);
    assert_int_equal(s->report.sent_stamps, 2);
    assert_int_equal(s->report.reused, 1); /* and the connection was not taken for broken */
    assert_int_equal(scene_point(s, 1, POINT_SENT_KERNEL) - scene_point(s, 1, POINT_SENT),
                     2 * NS_PER_US);
}

static void a_stamp_after_the_answer_is_nobodys(void **state)
{
    AUTO(scene_free) struct scene *s = stamped(3, 50 * NS_PER_MS);

    (void)state;
    s->twin->sent_stamp_after_ns = 20 * NS_PER_MS; /* the connection is idle by then */
    scene_run(s);
    all_ok(s, 3);
    assert_int_equal(s->report.sent_stamps, 0);
    assert_int_equal(s->report.reused, 2); /* it lives on */
    assert_int_equal(s->report.connections, 1);
}

static int set_by_the_test;
static void set_the_clock(struct twin *t, int fd)
{
    (void)fd;
    if (!set_by_the_test++)
        t->stamp_shift_ns = -NS_PER_S;
}

static void a_stamp_converted_across_a_clock_step_is_dropped_and_counted(void **state)
{
    AUTO(scene_free) struct scene *s = stamped(2, 50 * NS_PER_MS);

    (void)state;
    set_by_the_test = 0;
    s->twin->first_bytes = set_the_clock;
    scene_run(s);
    all_ok(s, 2);
    assert_int_equal(scene_count(s, 0, REC_POINT, POINT_SENT_KERNEL), 0);
    assert_int_equal(s->report.sent_steps, 1);
    assert_int_equal(scene_count(s, 1, REC_POINT, POINT_SENT_KERNEL), 1); /* tied anew */
}

static void a_kernel_without_stamps_changes_nothing(void **state)
{
    AUTO(scene_free) struct scene *s = stamped(2, 50 * NS_PER_MS);

    (void)state;
    s->twin->no_sent_stamps = true;
    scene_run(s);
    all_ok(s, 2);
    assert_int_equal(s->report.sent_stamps + s->report.sent_steps, 0);
}

static void of_a_request_in_pieces_the_first_one_is_stamped(void **state)
{
    AUTO(scene_free) struct scene *s = stamped(1, NS_PER_S);

    (void)state;
    s->twin->send_limit = 40;
    s->twin->send_every_ns = NS_PER_MS;
    scene_run(s);
    all_ok(s, 1);
    assert_int_equal(s->report.sent_stamps, 1);
    assert_true(scene_point(s, 0, POINT_SENT_KERNEL) < scene_point(s, 0, POINT_SENT_LAST));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stamp_that_is_there_after_the_write_is_recorded),
        cmocka_unit_test(nothing_is_asked_for_by_itself),
        cmocka_unit_test(a_late_stamp_is_recorded_before_the_answer_is_read),
        cmocka_unit_test(a_stamp_after_the_answer_is_nobodys),
        cmocka_unit_test(a_stamp_converted_across_a_clock_step_is_dropped_and_counted),
        cmocka_unit_test(a_kernel_without_stamps_changes_nothing),
        cmocka_unit_test(of_a_request_in_pieces_the_first_one_is_stamped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
