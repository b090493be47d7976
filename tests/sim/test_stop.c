/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/scene.h"

/* A stream of a token each 100 ms for 3 s. */
static void answer_slowly(struct twin *t, int fd, int nth)
{
    (void)nth;
    twin_send(t, fd, NS_PER_MS, TWIN_DATA, SSE_HEAD);
    for (int i = 1; i < 30; i++)
        twin_send(t, fd, i * 100 * NS_PER_MS, TWIN_DATA, SSE_TOKEN);
    twin_send(t, fd, 3 * NS_PER_S, TWIN_DATA, SSE_FINISH SSE_DONE SSE_END);
}

static void draining_lets_what_is_in_flight_go_on(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(50, 100 * NS_PER_MS);

    (void)state;
    s->twin->request = answer_slowly;
    s->stop_at_ns[1] = s->config.start_ns + 1050 * NS_PER_MS;
    scene_run(s);
    assert_int_equal(s->report.started, 11);
    assert_int_equal(s->report.never_started, 39);
    for (uint32_t i = 0; i < 11; i++)
        assert_int_equal(scene_outcome(s, i), OUTCOME_OK);
    assert_int_equal(scene_count(s, 11, REC_POINT, -1), 0);
}

static void stopping_now_cancels_what_is_in_flight(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(50, 100 * NS_PER_MS);

    (void)state;
    s->twin->request = answer_slowly;
    s->stop_at_ns[1] = s->config.start_ns + 1050 * NS_PER_MS;
    s->stop_at_ns[2] = s->config.start_ns + 3250 * NS_PER_MS;
    scene_run(s);
    assert_int_equal(s->report.started, 11);
    for (uint32_t i = 0; i < 11; i++)
        assert_int_equal(scene_outcome(s, i), i < 3 ? OUTCOME_OK : OUTCOME_CANCELLED);
    assert_in_range(s->report.end_ns - s->stop_at_ns[2], 0, 25 * NS_PER_MS); /* looks each 20 ms */
}

static void the_drain_timeout_ends_an_open_loop(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(11, 100 * NS_PER_MS);

    (void)state;
    s->twin->request = answer_slowly;
    s->config.drain_timeout_ns = 2550 * NS_PER_MS; /* after the last arrival, at 1 s */
    scene_run(s);
    for (uint32_t i = 0; i < 11; i++)
        assert_int_equal(scene_outcome(s, i), i < 6 ? OUTCOME_OK : OUTCOME_CANCELLED);
    assert_in_range(s->report.end_ns - s->config.start_ns, 3550 * NS_PER_MS, 3551 * NS_PER_MS);
    assert_string_equal(scene_words(s, 10), "cancelled while in flight");
}

static void the_drain_timeout_ends_a_drain(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(50, 100 * NS_PER_MS);

    (void)state;
    s->twin->request = answer_slowly;
    s->stop_at_ns[1] = s->config.start_ns + 1050 * NS_PER_MS;
    s->config.drain_timeout_ns = NS_PER_S;
    scene_run(s);
    for (uint32_t i = 0; i < 11; i++)
        assert_int_equal(scene_outcome(s, i), OUTCOME_CANCELLED);
    assert_in_range(s->report.end_ns - s->stop_at_ns[1], NS_PER_S, NS_PER_S + 25 * NS_PER_MS);
}

static void the_drain_timeout_ends_a_closed_loop(void **state)
{
    (void)state;
    for (int by_duration = 0; by_duration < 2; by_duration++) {
        AUTO(scene_free) struct scene *s = scene_new(by_duration ? 100 : 2, 0);

        s->twin->request = answer_slowly;
        s->config.concurrency = 2;
        s->config.duration_ns = by_duration ? 100 * NS_PER_MS : 0;
        s->config.drain_timeout_ns = NS_PER_S;
        scene_run(s);
        assert_int_equal(s->report.started, 2);
        assert_int_equal(scene_outcome(s, 0), OUTCOME_CANCELLED);
        assert_in_range(s->report.end_ns - s->config.start_ns, NS_PER_S,
                        NS_PER_S + 125 * NS_PER_MS);
    }
}

static void what_waits_for_room_at_the_end_is_never_started(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(20, 10 * NS_PER_MS);

    (void)state;
    s->twin->request = answer_slowly;
    s->config.max_in_flight = 3;
    s->config.drain_timeout_ns = NS_PER_S;
    scene_run(s);
    assert_int_equal(s->report.started, 3);
    assert_int_equal(s->report.never_started, 17);
}

static void a_trial_without_items_ends_at_once(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(3, NS_PER_MS);

    (void)state;
    s->twin->request = answer_slowly;
    s->config.count = 0;
    scene_run(s);
    assert_int_equal(s->report.started, 0);
    assert_int_equal(s->report.never_started, 0);
    assert_int_equal(ring_head(&s->ring), 0);
}

static void cancelling_reaches_connections_that_are_still_connecting(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(2, NS_PER_MS);

    (void)state;
    s->twin->connect_code = -EINPROGRESS;
    s->twin->request = answer_slowly;
    s->stop_at_ns[2] = s->config.start_ns + 10 * NS_PER_MS;
    scene_run(s);
    assert_int_equal(scene_outcome(s, 0), OUTCOME_CANCELLED);
    assert_int_equal(scene_outcome(s, 1), OUTCOME_CANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draining_lets_what_is_in_flight_go_on),
        cmocka_unit_test(stopping_now_cancels_what_is_in_flight),
        cmocka_unit_test(the_drain_timeout_ends_an_open_loop),
        cmocka_unit_test(the_drain_timeout_ends_a_drain),
        cmocka_unit_test(the_drain_timeout_ends_a_closed_loop),
        cmocka_unit_test(what_waits_for_room_at_the_end_is_never_started),
        cmocka_unit_test(a_trial_without_items_ends_at_once),
        cmocka_unit_test(cancelling_reaches_connections_that_are_still_connecting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
