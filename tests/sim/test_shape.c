/* SPDX-License-Identifier: Apache-2.0 */
/* Load shapes on virtual time: rests of a closed loop, waiting for a slot in an open one. */
#include "sim/scene.h"

#define START(s) ((s)->config.start_ns)

static void a_slot_rests_after_an_answer_as_long_as_its_item_says(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(20, 0);

    (void)state;
    for (size_t i = 0; i < 20; i++)
        s->items[i].think_ns = (int64_t)(i % 7) * 100 * NS_PER_MS;
    s->twin->request = answer_json;
    s->config.concurrency = 1;
    scene_run(s);
    assert_int_equal(s->report.ended, 20);
    assert_int_equal(scene_point(s, 0, POINT_DUE), START(s));
    for (uint32_t i = 1; i < 20; i++) {
        int64_t free_ns = scene_point(s, i - 1, POINT_END) + s->items[i - 1].think_ns;

        assert_int_equal(scene_point(s, i, POINT_DUE), free_ns);
        assert_in_range(scene_point(s, i, POINT_RELEASED) - free_ns, 0, 200 * NS_PER_US);
    }
}

/* Three users: whoever is done resting first takes the next item, in the schedule's order. */
static void the_first_rested_slot_takes_the_next_item(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(6, 0);
    static const int64_t think_ms[] = {500, 100, 300};
    static const uint32_t then[] = {1, 2, 0}; /* whose slot items 3, 4, 5 take */

    (void)state;
    for (size_t i = 0; i < 3; i++)
        s->items[i].think_ns = think_ms[i] * NS_PER_MS;
    for (size_t i = 3; i < 6; i++)
        s->items[i].think_ns = NS_PER_S; /* not again */
    s->twin->request = answer_json;
    s->config.concurrency = 3;
    scene_run(s);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(scene_point(s, 3 + i, POINT_DUE),
                         scene_point(s, then[i], POINT_END) + s->items[then[i]].think_ns);
}

static void a_trial_ends_while_its_slots_rest(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(100, 0);

    (void)state;
    for (size_t i = 0; i < 100; i++)
        s->items[i].think_ns = 400 * NS_PER_MS;
    s->twin->request = answer_json;
    s->config.concurrency = 4;
    s->config.duration_ns = NS_PER_S;
    scene_run(s);
    assert_int_equal(s->report.started, 12); /* at 0, 0.41 and 0.82 s */
    assert_int_equal(s->report.never_started, 88);
    assert_in_range(s->report.end_ns - START(s), NS_PER_S, NS_PER_S + 100 * NS_PER_MS);
}

static void answer_in_506_ms(struct twin *t, int fd, int nth)
{
    (void)nth;
    twin_send(t, fd, 506 * NS_PER_MS, TWIN_DATA, JSON_ANSWER);
}

/* A client that counts from when it got a slot reports 506 ms; those who asked waited 1,932. */
static void waiting_for_a_slot_is_latency_from_due_and_is_shown_apart(void **state)
{
    enum { N = 8 };
    AUTO(scene_free) struct scene *s = scene_new(N, 98571 * NS_PER_US);
    int64_t due_ns = 0, sent_ns = 0, wait_ns = 0;

    (void)state;
    s->twin->request = answer_in_506_ms;
    s->config.max_in_flight = 1;
    scene_run(s);
    for (uint32_t i = 0; i < N; i++) {
        int64_t due = scene_point(s, i, POINT_DUE), sent = scene_point(s, i, POINT_SENT);

        assert_int_equal(due, START(s) + i * 98571 * NS_PER_US);
        due_ns += scene_point(s, i, POINT_END) - due;
        sent_ns += scene_point(s, i, POINT_END) - sent;
        wait_ns += sent - due;
    }
    assert_in_range(sent_ns / N, 506 * NS_PER_MS, 507 * NS_PER_MS);
    assert_in_range(due_ns / N, 1930 * NS_PER_MS, 1934 * NS_PER_MS);
    assert_int_equal(due_ns, sent_ns + wait_ns);
    assert_int_equal(s->report.cap_waits, N - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slot_rests_after_an_answer_as_long_as_its_item_says),
        cmocka_unit_test(the_first_rested_slot_takes_the_next_item),
        cmocka_unit_test(a_trial_ends_while_its_slots_rest),
        cmocka_unit_test(waiting_for_a_slot_is_latency_from_due_and_is_shown_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
