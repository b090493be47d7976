/* SPDX-License-Identifier: Apache-2.0 */
#include "record/second.h"
#include "sim/scene.h"

#define ERROR_BODY "{\"error\":{\"message\":\"out of slots\",\"code\":503}}"

struct answer {
    const char *name;
    const char *bytes;
    enum twin_kind then; /* TWIN_DATA: nothing more */
    int outcome, status;
    const char *words; /* found in them; "" none at all */
};

static const struct answer answers[] = {
    {"sse", SSE_HEAD SSE_TOKEN SSE_FINISH SSE_DONE SSE_END, TWIN_DATA, OUTCOME_OK, 200, ""},
    {"sse without [DONE]", SSE_HEAD SSE_TOKEN SSE_FINISH SSE_END, TWIN_DATA, OUTCOME_OK, 200, ""},
    {"sse without a finish", SSE_HEAD SSE_TOKEN SSE_DONE SSE_END, TWIN_DATA, OUTCOME_OK, 200, ""},
    {"json", JSON_ANSWER, TWIN_DATA, OUTCOME_OK, 200, ""},
    {"close-delimited json", "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" JSON_BODY,
     TWIN_EOF, OUTCOME_OK, 200, ""},
    {"4xx",
     "HTTP/1.1 429 Too Many\r\nContent-Type: application/json\r\nContent-Length: "
     "47\r\n\r\n" ERROR_BODY,
     TWIN_DATA, OUTCOME_HTTP_4XX, 429, "HTTP 429: out of slots"},
    {"5xx", "HTTP/1.1 503 No\r\nContent-Length: 5\r\n\r\nsorry", TWIN_DATA, OUTCOME_HTTP_5XX, 503,
     "HTTP 503"},
    {"5xx cut short", "HTTP/1.1 500 No\r\nContent-Length: 5\r\n\r\nso", TWIN_RESET,
     OUTCOME_HTTP_5XX, 500, "HTTP 500"},
    {"redirect", "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", TWIN_DATA,
     OUTCOME_HTTP_OTHER, 302, "HTTP 302"},
    {"no head", "220 smtp.example ready\r\n\r\n", TWIN_DATA, OUTCOME_BAD_HTTP, 0, " "},
    {"bad chunk", SSE_HEAD SSE_TOKEN "zz\r\n", TWIN_DATA, OUTCOME_BAD_CHUNK, 200, " "},
    {"bad sse", SSE_HEAD "9\r\nqqqqq: x\n\r\n", TWIN_DATA, OUTCOME_BAD_EVENT, 200, " "},
    {"no json in an event", SSE_HEAD "e\r\ndata: hello!\n\n\r\n", TWIN_DATA, OUTCOME_BAD_EVENT, 200,
     " "},
    {"no json", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
     TWIN_DATA, OUTCOME_BAD_EVENT, 200, " "},
    {"error event", SSE_HEAD SSE_TOKEN "37\r\ndata: " ERROR_BODY "\n\n\r\n", TWIN_DATA,
     OUTCOME_ERROR_EVENT, 200, "out of slots"},
    {"error in json",
     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 47\r\n\r\n" ERROR_BODY,
     TWIN_DATA, OUTCOME_ERROR_EVENT, 200, "out of slots"},
    {"closed in the stream", SSE_HEAD SSE_TOKEN, TWIN_EOF, OUTCOME_EARLY_END, 200, "closed"},
    {"closed after [DONE], before the last chunk", SSE_HEAD SSE_TOKEN SSE_FINISH SSE_DONE, TWIN_EOF,
     OUTCOME_EARLY_END, 200, "closed"},
    {"complete, but nothing says finished", SSE_HEAD SSE_TOKEN SSE_END, TWIN_DATA,
     OUTCOME_EARLY_END, 200, "finish"},
    {"closed without a byte", "", TWIN_EOF, OUTCOME_EARLY_END, 0, "closed"},
    {"reset in the stream", SSE_HEAD SSE_TOKEN, TWIN_RESET, OUTCOME_RESET, 200, "reset"},
    {"reset without a byte", "", TWIN_RESET, OUTCOME_RESET, 0, "reset"},
    {"stalled", SSE_HEAD SSE_TOKEN, TWIN_DATA, OUTCOME_STALL, 200, "stall"},
    {"never answered", "", TWIN_DATA, OUTCOME_STALL, 0, "stall"},
};

static const struct answer *played;

static void play(struct twin *t, int fd, int nth)
{
    (void)nth;
    if (played->bytes[0])
        twin_send(t, fd, 5 * NS_PER_MS, TWIN_DATA, played->bytes);
    if (played->then != TWIN_DATA)
        twin_send(t, fd, 6 * NS_PER_MS, played->then, NULL);
}

static void each_way_to_answer_is_its_own_outcome(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        AUTO(scene_free) struct scene *s = scene_new(2, 10 * NS_PER_S);

        played = &answers[i];
        s->twin->request = play;
        scene_run(s);
        for (uint32_t n = 0; n < 2; n++) {
            const struct rec *end = scene_rec(s, n, REC_END, -1, 0);

            if (scene_outcome(s, n) != played->outcome || end->value != played->status ||
                !strstr(scene_words(s, n), played->words) ||
                (!played->words[0] && scene_words(s, n)[0]))
                fail_msg("%s: %s, status %d, \"%s\"", played->name,
                         outcome_name((enum outcome)scene_outcome(s, n)), (int)end->value,
                         scene_words(s, n));
            assert_int_equal(scene_count(s, n, REC_END, -1), 1);
            assert_int_equal(scene_count(s, n, REC_POINT, POINT_END), 1);
            assert_int_equal(scene_count(s, n, REC_POINT, POINT_RESENT), 0);
        }
        assert_int_equal(s->report.resent_stale, 0);
    }
}

static void a_sample_is_told_from_due_to_end(void **state)
{
    static const struct {
        int type, kind;
    } order[] = {{REC_POINT, POINT_DUE},
                 {REC_POINT, POINT_RELEASED},
                 {REC_POINT, POINT_CONNECT_START},
                 {REC_POINT, POINT_CONNECT_END},
                 {REC_POINT, POINT_SENT},
                 {REC_POINT, POINT_SENT_LAST},
                 {REC_POINT, POINT_FIRST_BYTE},
                 {REC_READ, 0},
                 {REC_EVENT, EVENT_CONTENT | EVENT_CHOICES},
                 {REC_READ, 0},
                 {REC_EVENT, EVENT_CONTENT | EVENT_CHOICES},
                 {REC_READ, 0},
                 {REC_EVENT, EVENT_FINISH | EVENT_CHOICES},
                 {REC_EVENT, 0}, /* [DONE] */
                 {REC_COUNT, COUNT_FINISH},
                 {REC_POINT, POINT_END},
                 {REC_END, OUTCOME_OK}};
    AUTO(scene_free) struct scene *s = scene_new(1, NS_PER_MS);
    int64_t before_ns = 0;

    (void)state;
    s->config.trial = 9;
    s->twin->request = answer_sse;
    scene_run(s);
    assert_int_equal(ring_head(&s->ring),
                     COUNT_OF(order) + SECOND_FIELDS / 2 + CONNECTION_FIELDS / 2);
    for (uint64_t i = 0; i < COUNT_OF(order); i++) {
        const struct rec *r = ring_at(&s->ring, i);

        assert_int_equal(r->sample, 0);
        assert_int_equal(r->type, order[i].type);
        assert_int_equal(r->kind, order[i].kind);
        assert_true(r->time_ns >= before_ns);
        before_ns = r->time_ns;
    }
    assert_int_equal(ring_at(&s->ring, 0)->value, 10 | INT64_C(5) << 32); /* asked for */
    assert_int_equal(ring_at(&s->ring, 1)->value, 9 | INT64_C(3) << 32);  /* trial, reuse */
    assert_int_equal(ring_at(&s->ring, 5)->value, SCENE_REQUEST);
    assert_int_equal(ring_at(&s->ring, 9)->value, strlen(SSE_TOKEN)); /* bytes of the read */
    assert_int_equal(ring_at(&s->ring, 10)->value, 41);               /* of the payload */
    assert_int_equal(ring_at(&s->ring, 14)->value, FINISH_LENGTH);
}

static void events_carry_the_kernels_stamp_and_ours(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(1, NS_PER_MS);
    const struct rec *sent, *first, *second;

    (void)state;
    s->twin->request = answer_sse;
    scene_run(s);
    sent = scene_rec(s, 0, REC_POINT, POINT_SENT, 0);
    first = scene_rec(s, 0, REC_EVENT, -1, 0);
    second = scene_rec(s, 0, REC_EVENT, -1, 1);
    assert_true(first->flags & REC_KERNEL);
    assert_int_equal(second->time_ns - first->time_ns, 5 * NS_PER_MS); /* to the nanosecond */
    assert_in_range(first->time_ns - sent->time_ns, 10 * NS_PER_MS, 10 * NS_PER_MS + 9000);
    assert_in_range(first->user_ns - first->time_ns, TWIN_WAKE_NS, TWIN_WAKE_NS + 9000);
    assert_int_equal(scene_point(s, 0, POINT_FIRST_BYTE), first->time_ns);
    assert_int_equal(s->report.kernel_stamps, 3);
    assert_int_equal(s->report.user_stamps, 0);
}

static void only_the_last_event_of_a_read_is_exact(void **state)
{
    static const struct answer merged = {
        "merged", SSE_HEAD SSE_TOKEN SSE_TOKEN SSE_FINISH SSE_DONE SSE_END, TWIN_DATA, 0, 0, ""};
    AUTO(scene_free) struct scene *s = scene_new(1, NS_PER_MS);

    (void)state;
    played = &merged;
    s->twin->request = play;
    scene_run(s);
    for (int n = 0; n < 4; n++) {
        const struct rec *r = scene_rec(s, 0, REC_EVENT, -1, n);

        assert_int_equal(!!(r->flags & REC_NOT_LAST), n < 3);
        assert_int_equal(r->time_ns, scene_point(s, 0, POINT_FIRST_BYTE));
    }
}

static void half_an_event_behind_it(struct twin *t, int fd, int nth)
{
    (void)nth;
    twin_send(t, fd, 5 * NS_PER_MS, TWIN_DATA, SSE_HEAD SSE_TOKEN "31\r\ndata: {\"choices\":[{");
    twin_send(t, fd, 8 * NS_PER_MS, TWIN_DATA,
              "\"delta\":{\"content\":\"abc\"}}]}\n\n\r\n" SSE_FINISH SSE_END);
}

static void an_event_with_half_of_the_next_behind_it_is_not_exact(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(1, NS_PER_MS);

    (void)state;
    s->twin->request = half_an_event_behind_it;
    scene_run(s);
    assert_int_equal(scene_outcome(s, 0), OUTCOME_OK);
    assert_true(scene_rec(s, 0, REC_EVENT, -1, 0)->flags & REC_NOT_LAST);
    assert_int_equal(scene_count(s, 0, REC_EVENT, -1), 3);
}

static void without_a_kernel_stamp_ours_is_taken_and_counted(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(1, NS_PER_MS);
    const struct rec *r;

    (void)state;
    s->twin->request = answer_sse;
    s->twin->no_stamps = true;
    scene_run(s);
    r = scene_rec(s, 0, REC_EVENT, -1, 0);
    assert_int_equal(r->flags & (REC_KERNEL | REC_STEP), 0);
    assert_int_equal(r->time_ns, r->user_ns);
    assert_int_equal(s->report.user_stamps, 3);
    assert_int_equal(s->report.clock_steps, 0);
}

enum { LONG_TEXT = 200 * 1024 };

static void answer_at_length(struct twin *t, int fd, int nth)
{
    static char bytes[LONG_TEXT + 1024];
    char *at = bytes + sprintf(bytes, "%s%x\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"",
                               SSE_HEAD, LONG_TEXT + 49 - 3);

    (void)nth;
    memset(at, 'x', LONG_TEXT);
    (void)sprintf(at + LONG_TEXT, "\"}}]}\n\n\r\n%s%s", SSE_FINISH, SSE_END);
    twin_send(t, fd, 5 * NS_PER_MS, TWIN_DATA, bytes);
}

static void what_one_read_cannot_take_is_as_old_as_what_it_took(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(1, NS_PER_MS);

    (void)state;
    s->twin->request = answer_at_length;
    scene_run(s);
    assert_int_equal(scene_outcome(s, 0), OUTCOME_OK);
    assert_int_equal(s->report.kernel_stamps, 4); /* 64 KiB each */
    assert_int_equal(s->report.clock_steps, 0);
    for (int n = 0; n < 4; n++)
        assert_int_equal(scene_rec(s, 0, REC_READ, -1, n)->time_ns,
                         scene_point(s, 0, POINT_FIRST_BYTE));
}

static void set_the_clock(struct twin *t, int fd, int nth)
{
    t->stamp_shift_ns = nth == 0 && fd == 0 ? 3600 * NS_PER_S : -3600 * NS_PER_S;
    answer_sse(t, fd, nth);
}

static void a_stamp_converted_across_a_clock_step_is_refused(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(2, NS_PER_S);

    (void)state;
    s->twin->request = set_the_clock;
    scene_run(s);
    for (uint32_t i = 0; i < 2; i++) {
        const struct rec *r = scene_rec(s, i, REC_EVENT, -1, 0);

        assert_true(r->flags & REC_STEP);
        assert_false(r->flags & REC_KERNEL);
        assert_int_equal(r->time_ns, r->user_ns);
        r = scene_rec(s, i, REC_EVENT, -1, 1); /* the clocks were tied anew at once */
        assert_true(r->flags & REC_KERNEL);
    }
    assert_int_equal(s->report.clock_steps, 2);
    assert_int_equal(s->report.user_stamps, 2);
}

static void a_long_request_goes_out_in_parts(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(1, NS_PER_MS);

    (void)state;
    s->twin->request = answer_sse;
    s->twin->send_limit = 30;
    s->twin->send_every_ns = 2 * NS_PER_MS;
    scene_run(s);
    assert_int_equal(scene_outcome(s, 0), OUTCOME_OK);
    assert_in_range(scene_point(s, 0, POINT_SENT_LAST) - scene_point(s, 0, POINT_SENT),
                    6 * NS_PER_MS, 7 * NS_PER_MS);
}

static void too_long(struct twin *t, int fd)
{
    twin_send(t, fd, NS_PER_MS, TWIN_DATA,
              "HTTP/1.1 413 Too Large\r\nContent-Type: application/json\r\nContent-Length: "
              "47\r\n\r\n" ERROR_BODY);
    twin_send(t, fd, NS_PER_MS, TWIN_RESET, NULL);
    t->sockets[fd].broken = true;
}

static void an_early_answer_counts_by_its_status(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(2, NS_PER_S);

    (void)state;
    s->twin->request = answer_sse; /* never reached */
    s->twin->first_bytes = too_long;
    s->twin->send_limit = 30;
    scene_run(s);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(scene_outcome(s, i), OUTCOME_HTTP_4XX);
        assert_int_equal(scene_rec(s, i, REC_END, -1, 0)->value, 413);
        assert_string_equal(scene_words(s, i), "HTTP 413: out of slots");
        assert_int_equal(scene_count(s, i, REC_POINT, POINT_SENT), 1);
        assert_int_equal(scene_count(s, i, REC_POINT, POINT_SENT_LAST), 0);
        assert_int_equal(scene_count(s, i, REC_POINT, POINT_CONNECT_START), 1);
    }
}

static void failures_to_connect_are_told_apart(void **state)
{
    static const struct {
        int code, outcome;
        int64_t after_ns;
    } cases[] = {{-ECONNREFUSED, OUTCOME_REFUSED, 100 * NS_PER_US},
                 {-EHOSTUNREACH, OUTCOME_CONNECT_FAILED, 100 * NS_PER_US},
                 {-EINPROGRESS, OUTCOME_CONNECT_FAILED, 2 * NS_PER_S}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(scene_free) struct scene *s = scene_new(1, NS_PER_MS);
        int64_t took_ns;

        s->twin->connect_code = cases[i].code;
        s->twin->request = answer_sse;
        scene_run(s);
        took_ns = scene_point(s, 0, POINT_END) - scene_point(s, 0, POINT_CONNECT_START);
        assert_int_equal(scene_outcome(s, 0), cases[i].outcome);
        assert_true(scene_words(s, 0)[0] != '\0');
        assert_in_range(took_ns, cases[i].after_ns, cases[i].after_ns + 100 * NS_PER_US);
        assert_int_equal(scene_count(s, 0, REC_POINT, POINT_CONNECT_END), 0);
        assert_int_equal(scene_count(s, 0, REC_POINT, POINT_SENT), 0);
    }
}

/* A byte each second: no stall, but too long. */
static void trickle(struct twin *t, int fd, int nth)
{
    (void)nth;
    twin_send(t, fd, NS_PER_MS, TWIN_DATA, SSE_HEAD);
    for (int i = 1; i < 100; i++)
        twin_send(t, fd, i * NS_PER_S, TWIN_DATA, SSE_TOKEN);
}

static void a_stream_that_goes_on_for_too_long_times_out(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(1, NS_PER_MS);
    int64_t took_ns;

    (void)state;
    s->twin->request = trickle;
    scene_run(s);
    took_ns = scene_point(s, 0, POINT_END) - scene_point(s, 0, POINT_RELEASED);
    assert_int_equal(scene_outcome(s, 0), OUTCOME_TIMEOUT);
    assert_in_range(took_ns, 30 * NS_PER_S, 30 * NS_PER_S + 100 * NS_PER_US);
    assert_int_equal(scene_count(s, 0, REC_EVENT, -1), 29);
}

static void a_stall_counts_from_the_last_byte(void **state)
{
    static const struct answer stalled = {"", SSE_HEAD SSE_TOKEN, TWIN_DATA, 0, 0, ""};
    AUTO(scene_free) struct scene *s = scene_new(1, NS_PER_MS);
    int64_t last_ns;

    (void)state;
    played = &stalled;
    s->twin->request = play;
    scene_run(s);
    last_ns = scene_rec(s, 0, REC_READ, -1, 0)->user_ns;
    assert_in_range(scene_point(s, 0, POINT_END) - last_ns, 5 * NS_PER_S,
                    5 * NS_PER_S + 100 * NS_PER_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_to_answer_is_its_own_outcome),
        cmocka_unit_test(a_sample_is_told_from_due_to_end),
        cmocka_unit_test(events_carry_the_kernels_stamp_and_ours),
        cmocka_unit_test(only_the_last_event_of_a_read_is_exact),
        cmocka_unit_test(an_event_with_half_of_the_next_behind_it_is_not_exact),
        cmocka_unit_test(without_a_kernel_stamp_ours_is_taken_and_counted),
        cmocka_unit_test(what_one_read_cannot_take_is_as_old_as_what_it_took),
        cmocka_unit_test(a_stamp_converted_across_a_clock_step_is_refused),
        cmocka_unit_test(a_long_request_goes_out_in_parts),
        cmocka_unit_test(an_early_answer_counts_by_its_status),
        cmocka_unit_test(failures_to_connect_are_told_apart),
        cmocka_unit_test(a_stream_that_goes_on_for_too_long_times_out),
        cmocka_unit_test(a_stall_counts_from_the_last_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
