/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions and joins on virtual time: who waits for whose end, and for how long. */
#include "sim/scene.h"

#define START(s) ((s)->config.start_ns)

static uint32_t edges[4 * SCENE_ITEMS];

/* Item @i comes @wait_ns after the items @from (SIZE_MAX ends them), in @group. */
static void follows(struct scene *s, size_t i, int64_t wait_ns, uint32_t group, const size_t *from)
{
    struct item *item = &s->items[i];

    s->schedule.after = edges;
    item->after_first = (uint32_t)s->schedule.after_count;
    for (; *from != SIZE_MAX; from++)
        edges[s->schedule.after_count++] = (uint32_t)*from;
    item->after_count = (uint32_t)s->schedule.after_count - item->after_first;
    item->trigger = TRIGGER_AFTER;
    item->at_ns = TIME_NONE;
    item->think_ns = wait_ns;
    item->group = group;
}

/* @count items in sessions of @turns; the first turns @gap_ns apart (0: a closed loop's). */
static struct scene *sessions(size_t count, size_t turns, int64_t gap_ns, int64_t wait_ns)
{
    struct scene *s = scene_new(count, gap_ns);

    for (size_t i = 0; i < count; i++) {
        s->items[i].group = (uint32_t)(i / turns);
        if (i % turns > 0)
            follows(s, i, wait_ns, (uint32_t)(i / turns), (size_t[]){i - 1, SIZE_MAX});
        else if (gap_ns)
            s->items[i].at_ns = (int64_t)(i / turns) * gap_ns;
    }
    return s;
}

static int64_t end_of(const struct scene *s, uint32_t i)
{
    return scene_point(s, i, POINT_END);
}

static void a_turn_is_due_so_long_after_the_answer_before_it(void **state)
{
    AUTO(scene_free) struct scene *s = sessions(400, 4, 5 * NS_PER_MS, 30 * NS_PER_MS);

    (void)state;
    s->twin->request = answer_json;
    scene_run(s);
    assert_int_equal(s->report.ended, 400);
    assert_int_equal(s->report.never_started, 0);
    assert_int_equal(s->allocs, 0);
    for (uint32_t i = 0; i < 400; i++) {
        int64_t due_ns = scene_point(s, i, POINT_DUE);

        if (i % 4 == 0)
            assert_int_equal(due_ns, START(s) + (int64_t)(i / 4) * 5 * NS_PER_MS);
        else
            assert_int_equal(due_ns, end_of(s, i - 1) + 30 * NS_PER_MS);
        assert_in_range(scene_point(s, i, POINT_RELEASED) - due_ns, 0, 300 * NS_PER_US);
    }
}

static void a_turn_without_a_wait_follows_at_once(void **state)
{
    AUTO(scene_free) struct scene *s = sessions(60, 60, 1, 0);

    (void)state;
    s->twin->request = answer_json;
    scene_run(s);
    for (uint32_t i = 1; i < 60; i++) {
        assert_int_equal(scene_point(s, i, POINT_DUE), end_of(s, i - 1));
        assert_in_range(scene_point(s, i, POINT_SENT) - end_of(s, i - 1), 0, 300 * NS_PER_US);
    }
}

static void turns_are_rendered_before_they_are_due(void **state)
{
    AUTO(scene_free) struct scene *s = sessions(300, 3, 7 * NS_PER_MS, 20 * NS_PER_MS);

    (void)state;
    s->twin->request = answer_json;
    scene_run(s);
    for (uint32_t i = 0; i < 300; i++)
        assert_true(s->rendered_ns[i] < scene_point(s, i, POINT_DUE));
}

static void answer_later_the_more_often(struct twin *t, int fd, int nth)
{
    static const int ms[] = {40, 10, 25, 90, 15};
    int at = (fd + nth) % 5;

    twin_send(t, fd, ms[at] * NS_PER_MS, TWIN_DATA, JSON_ANSWER);
}

/* One call fans out to eight, whose answers a last one needs: 50 such trees at a time. */
static void a_join_waits_for_the_last_of_those_before_it(void **state)
{
    enum { TREES = 50, FAN = 8, SIZE = FAN + 2 };
    AUTO(scene_free) struct scene *s = scene_new(TREES * SIZE, NS_PER_MS);

    (void)state;
    for (size_t t = 0; t < TREES; t++) {
        size_t root = t * SIZE, from[FAN + 1];

        s->items[root].group = (uint32_t)t;
        s->items[root].at_ns = (int64_t)t * NS_PER_MS;
        for (size_t k = 0; k < FAN; k++) {
            from[k] = root + 1 + k;
            follows(s, root + 1 + k, (int64_t)k * NS_PER_MS, (uint32_t)t,
                    (size_t[]){root, SIZE_MAX});
        }
        from[FAN] = SIZE_MAX;
        follows(s, root + 1 + FAN, 5 * NS_PER_MS, (uint32_t)t, from);
    }
    s->twin->request = answer_later_the_more_often;
    s->config.max_in_flight = 1000;
    scene_run(s);
    assert_int_equal(s->report.ended, TREES * SIZE);
    for (uint32_t t = 0; t < TREES; t++) {
        uint32_t root = t * SIZE;
        int64_t last_ns = 0;

        for (uint32_t k = 1; k <= FAN; k++) {
            assert_int_equal(scene_point(s, root + k, POINT_DUE),
                             end_of(s, root) + (k - 1) * NS_PER_MS);
            last_ns = i64_max(last_ns, end_of(s, root + k));
        }
        assert_int_equal(scene_point(s, root + FAN + 1, POINT_DUE), last_ns + 5 * NS_PER_MS);
    }
}

static void fail_the_third(struct twin *t, int fd, int nth)
{
    static int seen;

    seen = t->count == 1 && nth == 0 ? 1 : seen + 1;
    if (seen == 3)
        twin_send(t, fd, NS_PER_MS, TWIN_RESET, NULL);
    else
        answer_json(t, fd, nth);
}

static void what_comes_after_a_failure_is_skipped(void **state)
{
    AUTO(scene_free) struct scene *s = sessions(2000, 1000, NS_PER_MS, 0);

    (void)state;
    s->items[1000].at_ns = 500 * NS_PER_MS; /* behind the failure: it is the other session's */
    s->config.resend_stale = false;
    s->twin->request = fail_the_third;
    scene_run(s);
    assert_int_equal(s->report.started, 3 + 1000);
    assert_int_equal(s->report.skipped, 997);
    assert_int_equal(s->report.never_started, 0);
    assert_int_equal(scene_outcome(s, 2), OUTCOME_RESET);
    assert_int_equal(scene_count(s, 3, REC_POINT, POINT_DUE), 0);
    assert_int_equal(scene_outcome(s, 1999), OUTCOME_OK);
}

/* Of two that a join needs one fails: the join is skipped once the other has ended, too. */
static void a_join_of_a_failure_is_skipped_once(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(6, NS_PER_MS);

    (void)state;
    for (size_t i = 0; i < 3; i++)
        s->items[i].at_ns = (int64_t)i * 50 * NS_PER_MS; /* the third one fails */
    follows(s, 3, 0, 0, (size_t[]){0, 1, 2, SIZE_MAX});
    follows(s, 4, 0, 0, (size_t[]){3, 0, SIZE_MAX});
    follows(s, 5, 500 * NS_PER_MS, 0, (size_t[]){1, SIZE_MAX});
    s->config.keep = LOAD_KEEP_NEVER;
    s->twin->request = fail_the_third;
    scene_run(s);
    assert_int_equal(s->report.started, 4);
    assert_int_equal(s->report.skipped, 2);
    assert_int_equal(scene_outcome(s, 5), OUTCOME_OK);
    assert_int_equal(s->report.never_started, 0);
}

static void a_user_keeps_the_slot_for_the_whole_session(void **state)
{
    AUTO(scene_free) struct scene *s = sessions(90, 3, 0, 40 * NS_PER_MS);

    (void)state;
    for (size_t i = 0; i < 90; i += 3)
        s->items[i].think_ns = 200 * NS_PER_MS; /* between two sessions */
    s->twin->request = answer_json;
    s->config.concurrency = 2;
    scene_run(s);
    assert_int_equal(s->report.ended, 90);
    assert_true(s->twin->most_open <= 2);
    for (uint32_t i = 6; i < 90; i += 3) {
        int64_t free_ns = i64_min(end_of(s, i - 4), end_of(s, i - 1)) + 200 * NS_PER_MS;
        int64_t due_ns = scene_point(s, i, POINT_DUE);

        assert_true(due_ns == end_of(s, i - 4) + 200 * NS_PER_MS ||
                    due_ns == end_of(s, i - 1) + 200 * NS_PER_MS);
        assert_true(due_ns >= free_ns);
    }
}

static void a_session_ends_with_the_trial(void **state)
{
    for (int closed = 0; closed < 2; closed++) {
        AUTO(scene_free)
        struct scene *s = sessions(400, 10, closed ? 0 : 20 * NS_PER_MS, 50 * NS_PER_MS);

        (void)state;
        s->twin->request = answer_json;
        s->config.concurrency = closed ? 3 : 0;
        s->config.duration_ns = 300 * NS_PER_MS;
        for (size_t i = 0; i < 400 && !closed; i += 10)
            s->items[i].at_ns = i < 150 ? (int64_t)(i / 10) * 20 * NS_PER_MS : INT64_C(1) << 40;
        if (!closed)
            s->schedule.count = s->config.count = 150;
        scene_run(s);
        assert_true(s->report.started > 10);
        assert_int_equal(s->report.started + (size_t)s->report.never_started, s->config.count);
        for (uint32_t i = 0; i < s->config.count; i++)
            assert_true(scene_point(s, i, POINT_DUE) < START(s) + 300 * NS_PER_MS);
        assert_true(s->report.end_ns < START(s) + 400 * NS_PER_MS);
    }
}

static void a_session_stays_on_its_thread(void **state)
{
    (void)state;
    for (int32_t thread = 0; thread < 3; thread++) {
        AUTO(scene_free) struct scene *s = sessions(70, 2, NS_PER_MS, 10 * NS_PER_MS);

        s->twin->request = answer_json;
        s->thread = thread;
        s->threads = 3;
        scene_run(s);
        for (uint32_t i = 0; i < 70; i++)
            assert_int_equal(scene_count(s, i, REC_END, -1), i / 2 % 3 == (uint32_t)thread);
    }
}

/* A full house holds turns up, too: they stay due when they were due. */
static void a_turn_that_waits_for_a_slot_keeps_its_due_time(void **state)
{
    AUTO(scene_free) struct scene *s = sessions(100, 5, NS_PER_MS, 3 * NS_PER_MS);

    (void)state;
    s->twin->request = answer_json;
    s->config.max_in_flight = 2;
    scene_run(s);
    assert_int_equal(s->report.ended, 100);
    assert_true(s->report.cap_waits > 50);
    assert_true(s->twin->most_open <= 2 + ENGINE_WATCHED);
    for (uint32_t i = 0; i < 100; i++)
        if (i % 5 > 0)
            assert_int_equal(scene_point(s, i, POINT_DUE), end_of(s, i - 1) + 3 * NS_PER_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_is_due_so_long_after_the_answer_before_it),
        cmocka_unit_test(a_turn_without_a_wait_follows_at_once),
        cmocka_unit_test(turns_are_rendered_before_they_are_due),
        cmocka_unit_test(a_join_waits_for_the_last_of_those_before_it),
        cmocka_unit_test(what_comes_after_a_failure_is_skipped),
        cmocka_unit_test(a_join_of_a_failure_is_skipped_once),
        cmocka_unit_test(a_user_keeps_the_slot_for_the_whole_session),
        cmocka_unit_test(a_session_ends_with_the_trial),
        cmocka_unit_test(a_session_stays_on_its_thread),
        cmocka_unit_test(a_turn_that_waits_for_a_slot_keeps_its_due_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
