/* SPDX-License-Identifier: Apache-2.0 */
/* Which connections are used again, and what happens when one of them turns out to be dead. */
#include "sim/scene.h"

static bool is_reused(const struct scene *s, uint32_t sample)
{
    return scene_rec(s, sample, REC_POINT, POINT_SENT, 0)->flags & REC_REUSED;
}

/* As llama-server does: announces keep-alive, and closes. */
static void answer_and_close(struct twin *t, int fd, int nth)
{
    answer_sse(t, fd, nth);
    twin_send(t, fd, 30 * NS_PER_MS, TWIN_EOF, NULL);
}

static void a_server_seen_to_close_after_a_stream_is_never_trusted_again(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(20, 100 * NS_PER_MS);

    (void)state;
    s->twin->request = answer_and_close;
    scene_run(s);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(scene_outcome(s, i), OUTCOME_OK);
        assert_false(is_reused(s, i));
    }
    assert_int_equal(s->report.connections, 20);
    assert_int_equal(s->report.reused, 0);
    assert_int_equal(s->report.resent_stale, 0);
    assert_int_equal(s->twin->most_open, 1);
}

static void a_server_seen_to_keep_after_a_stream_is_trusted_from_then_on(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(20, 100 * NS_PER_MS);

    (void)state;
    s->twin->request = answer_sse;
    scene_run(s);
    for (uint32_t i = 0; i < 20; i++) /* the first ends at 20 ms and is watched for 500 ms */
        assert_int_equal(is_reused(s, i), i >= 6);
    assert_int_equal(s->report.reused, 14);
    assert_int_equal(s->report.connections, 6);
}

static void a_json_answer_leaves_its_connection_for_the_next(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(10, 50 * NS_PER_MS);

    (void)state;
    s->twin->request = answer_json;
    scene_run(s);
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(is_reused(s, i), i > 0);
        assert_int_equal(scene_count(s, i, REC_POINT, POINT_CONNECT_START), i == 0);
        assert_int_equal(scene_count(s, i, REC_POINT, POINT_CONNECT_END), i == 0);
    }
    assert_int_equal(s->report.connections, 1);
}

static void answer_json_and_close(struct twin *t, int fd, int nth)
{
    (void)nth;
    twin_send(t, fd, NS_PER_MS, TWIN_DATA,
              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
              "Content-Length: 66\r\n\r\n" JSON_BODY);
}

static void a_server_that_says_close_is_taken_at_its_word(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(5, 50 * NS_PER_MS);

    (void)state;
    s->twin->request = answer_json_and_close;
    s->config.keep = LOAD_KEEP_ALWAYS;
    scene_run(s);
    assert_int_equal(s->report.connections, 5);
}

static void the_plan_can_keep_always_or_never(void **state)
{
    static const enum load_keep policy[] = {LOAD_KEEP_ALWAYS, LOAD_KEEP_NEVER};

    (void)state;
    for (int i = 0; i < 2; i++) {
        AUTO(scene_free) struct scene *s = scene_new(5, 50 * NS_PER_MS);

        s->twin->request = i == 0 ? answer_sse : answer_json;
        s->config.keep = policy[i];
        scene_run(s);
        assert_int_equal(s->report.connections, i == 0 ? 1 : 5);
        assert_int_equal(s->report.reused, i == 0 ? 4 : 0);
    }
}

static void an_idle_connection_that_is_closed_is_let_go_quietly(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(5, 50 * NS_PER_MS);

    (void)state;
    s->twin->request = answer_and_close;
    s->config.keep = LOAD_KEEP_ALWAYS;
    scene_run(s);
    assert_int_equal(s->report.connections, 5);
    assert_int_equal(s->report.resent_stale, 0);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(scene_outcome(s, i), OUTCOME_OK);
}

/* Every second request on a connection finds it dead; @broken_with is how. */
static enum twin_kind broken_with;

static void answer_once(struct twin *t, int fd, int nth)
{
    if (nth == 0)
        answer_json(t, fd, nth);
    else
        twin_send(t, fd, NS_PER_MS, broken_with, NULL);
}

static void a_stale_connection_is_resent_once_on_a_fresh_one(void **state)
{
    (void)state;
    for (int with = TWIN_EOF; with <= TWIN_RESET; with++) {
        AUTO(scene_free) struct scene *s = scene_new(2, 50 * NS_PER_MS);

        broken_with = (enum twin_kind)with;
        s->twin->request = answer_once;
        scene_run(s);
        assert_int_equal(s->report.resent_stale, 1);
        assert_int_equal(s->report.started, 2);
        assert_int_equal(scene_count(s, 1, REC_POINT, POINT_DUE), 1);
        assert_int_equal(scene_point(s, 1, POINT_DUE), s->config.start_ns + 50 * NS_PER_MS);
        assert_int_equal(scene_count(s, 1, REC_POINT, POINT_RESENT), 1);
        assert_int_equal(scene_count(s, 1, REC_POINT, POINT_SENT), 2);
        assert_int_equal(scene_rec(s, 1, REC_POINT, POINT_SENT, 0)->flags, REC_REUSED);
        assert_int_equal(scene_rec(s, 1, REC_POINT, POINT_SENT, 1)->flags, 0);
        assert_true(scene_point(s, 1, POINT_CONNECT_START) >= scene_point(s, 1, POINT_RESENT));
        assert_int_equal(scene_count(s, 1, REC_EVENT, -1), 1);
        assert_int_equal(scene_outcome(s, 1), OUTCOME_OK);
        assert_int_equal(s->allocs, 0);
    }
}

static void always_reset(struct twin *t, int fd, int nth)
{
    if (nth == 0 && fd == 0)
        answer_json(t, fd, nth);
    else
        twin_send(t, fd, NS_PER_MS, TWIN_RESET, NULL);
}

static void a_request_is_not_resent_twice(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(2, 50 * NS_PER_MS);

    (void)state;
    s->twin->request = always_reset;
    scene_run(s);
    assert_int_equal(s->report.resent_stale, 1);
    assert_int_equal(s->report.connections, 2);
    assert_int_equal(scene_outcome(s, 1), OUTCOME_RESET);
}

static void resending_can_be_turned_off(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(2, 50 * NS_PER_MS);

    (void)state;
    broken_with = TWIN_RESET;
    s->twin->request = answer_once;
    s->config.resend_stale = false;
    scene_run(s);
    assert_int_equal(s->report.resent_stale, 0);
    assert_int_equal(s->report.connections, 1);
    assert_int_equal(scene_outcome(s, 1), OUTCOME_RESET);
}

static void answer_then_break_after_the_first_byte(struct twin *t, int fd, int nth)
{
    if (nth == 0) {
        answer_json(t, fd, nth);
        return;
    }
    twin_send(t, fd, NS_PER_MS, TWIN_DATA, "H");
    twin_send(t, fd, 2 * NS_PER_MS, TWIN_RESET, NULL);
}

static void a_response_that_has_begun_is_never_resent(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(2, 50 * NS_PER_MS);

    (void)state;
    s->twin->request = answer_then_break_after_the_first_byte;
    scene_run(s);
    assert_true(is_reused(s, 1));
    assert_int_equal(s->report.resent_stale, 0);
    assert_int_equal(scene_outcome(s, 1), OUTCOME_RESET);
}

static void break_for_sends(struct twin *t, int fd, int nth)
{
    answer_json(t, fd, nth);
    if (fd == 0) { /* the next send fails, and only then does the socket say why */
        t->sockets[fd].broken = true;
        twin_send(t, fd, 60 * NS_PER_MS, TWIN_EOF, NULL);
    }
}

static void a_send_that_fails_on_a_stale_connection_is_resent(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(2, 50 * NS_PER_MS);

    (void)state;
    s->twin->request = break_for_sends;
    scene_run(s);
    assert_int_equal(s->report.resent_stale, 1);
    assert_int_equal(scene_outcome(s, 1), OUTCOME_OK);
    assert_int_equal(scene_count(s, 1, REC_POINT, POINT_SENT), 1); /* none left the first time */
}

static void watching_takes_no_room_from_requests(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(400, 0);

    (void)state;
    s->twin->request = answer_sse;
    s->config.concurrency = 8;
    scene_run(s);
    assert_int_equal(s->report.ended, 400);
    assert_true(s->twin->most_open <= 8 + ENGINE_WATCHED);
    assert_true(s->report.reused > 0); /* known after half a second */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_seen_to_close_after_a_stream_is_never_trusted_again),
        cmocka_unit_test(a_server_seen_to_keep_after_a_stream_is_trusted_from_then_on),
        cmocka_unit_test(a_json_answer_leaves_its_connection_for_the_next),
        cmocka_unit_test(a_server_that_says_close_is_taken_at_its_word),
        cmocka_unit_test(the_plan_can_keep_always_or_never),
        cmocka_unit_test(an_idle_connection_that_is_closed_is_let_go_quietly),
        cmocka_unit_test(a_stale_connection_is_resent_once_on_a_fresh_one),
        cmocka_unit_test(a_request_is_not_resent_twice),
        cmocka_unit_test(resending_can_be_turned_off),
        cmocka_unit_test(a_response_that_has_begun_is_never_resent),
        cmocka_unit_test(a_send_that_fails_on_a_stale_connection_is_resent),
        cmocka_unit_test(watching_takes_no_room_from_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
