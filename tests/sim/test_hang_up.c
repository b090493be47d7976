/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that hang up, on virtual time: after events, after a time, before there is an answer. */
#include "sim/scene.h"

enum { TOKENS = 10 };

/* A token every 10 ms from 20 ms on, then the end. */
static void answer_slowly(struct twin *t, int fd, int nth)
{
    (void)nth;
    twin_send(t, fd, 5 * NS_PER_MS, TWIN_DATA, SSE_HEAD);
    for (int i = 0; i < TOKENS; i++)
        twin_send(t, fd, (20 + 10 * i) * NS_PER_MS, TWIN_DATA, SSE_TOKEN);
    twin_send(t, fd, (20 + 10 * TOKENS) * NS_PER_MS, TWIN_DATA, SSE_FINISH SSE_DONE SSE_END);
}

static void a_client_hangs_up_at_the_event_it_was_drawn_for(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(TOKENS + 2, NS_PER_S);

    (void)state;
    for (int32_t i = 0; i < TOKENS + 2; i++)
        s->items[i].hang_up_events = i; /* 0: never; the last wants one more than there are */
    s->twin->request = answer_slowly;
    scene_run(s);
    for (uint32_t i = 0; i < TOKENS + 2; i++) {
        bool hangs = i >= 1 && i <= TOKENS;
        const struct rec *drawn = scene_rec(s, i, REC_COUNT, COUNT_HANG_UP, 0);
        int events = scene_count(s, i, REC_EVENT, -1);

        assert_int_equal(scene_outcome(s, i), hangs ? OUTCOME_HUNG_UP : OUTCOME_OK);
        assert_true(hangs ? events == (int)i : events > TOKENS);
        assert_true(i == 0 ? !drawn : drawn && drawn->value == HANG_UP_EVENTS);
        assert_string_equal(scene_words(s, i), "");
        if (hangs) /* its end is the event that it wanted */
            assert_int_equal(scene_point(s, i, POINT_END),
                             scene_rec(s, i, REC_EVENT, -1, (int)i - 1)->time_ns);
    }
    assert_int_equal(s->report.connections, TOKENS + 1); /* the last found the first's kept */
}

static void a_client_hangs_up_so_long_after_its_release(void **state)
{
    static const int64_t ms[] = {1, 12, 35, 77, 5000};
    static const int content[] = {0, 0, 2, 6, TOKENS};
    AUTO(scene_free) struct scene *s = scene_new(COUNT_OF(ms), NS_PER_S);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ms); i++)
        s->items[i].hang_up_ns = ms[i] * NS_PER_MS;
    s->twin->request = answer_slowly;
    scene_run(s);
    for (uint32_t i = 0; i < COUNT_OF(ms); i++) {
        int64_t after = scene_point(s, i, POINT_END) - scene_point(s, i, POINT_RELEASED);
        bool hangs = ms[i] < 1000;

        assert_int_equal(scene_outcome(s, i), hangs ? OUTCOME_HUNG_UP : OUTCOME_OK);
        assert_int_equal(scene_rec(s, i, REC_COUNT, COUNT_HANG_UP, 0)->value, HANG_UP_TIME);
        if (hangs) {
            assert_in_range(after, ms[i] * NS_PER_MS, ms[i] * NS_PER_MS + 200 * NS_PER_US);
            assert_in_range(scene_count(s, i, REC_EVENT, -1), content[i], content[i] + 1);
        }
    }
}

/* Patience ends before the server says anything, or before there is a connection. */
static void nobody_waits_for_a_silent_server(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(1, NS_PER_S);

    (void)state;
    s->items[0].hang_up_ns = 300 * NS_PER_MS;
    s->twin->connect_ns = 10 * NS_PER_S;
    scene_run(s);
    assert_int_equal(scene_outcome(s, 0), OUTCOME_HUNG_UP);
    assert_int_equal(scene_point(s, 0, POINT_SENT), TIME_NONE);
}

/* A closed loop's slot goes on to the next item at once. */
static void a_slot_is_free_when_its_client_has_hung_up(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(4, 0);

    (void)state;
    for (size_t i = 0; i < 4; i++)
        s->items[i].hang_up_events = 3;
    s->twin->request = answer_slowly;
    s->config.concurrency = 1;
    scene_run(s);
    for (uint32_t i = 1; i < 4; i++)
        assert_int_equal(scene_point(s, i, POINT_DUE), scene_point(s, i - 1, POINT_END));
    assert_int_equal(s->report.connections, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_hangs_up_at_the_event_it_was_drawn_for),
        cmocka_unit_test(a_client_hangs_up_so_long_after_its_release),
        cmocka_unit_test(nobody_waits_for_a_silent_server),
        cmocka_unit_test(a_slot_is_free_when_its_client_has_hung_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
