/* SPDX-License-Identifier: Apache-2.0 */
/* Crafted segments of one client and one server against the records that they make. */
#include "load/witness.h"
#include "harness/fault.h"
#include "harness/unit.h"

enum { PORT = 8000 };
static const char request[] = "POST /v1/chat/completions HTTP/1.1\r\nX-Request-Id: the-id\r\n"
                              "Authorization: Bearer PLANTED\r\nContent-Length: 2\r\n\r\n{}";
static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n";
static const char token[] =
    "36\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"PLANTED!\"}}]}\n\n\r\n";
static const char done[] = "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";

struct scene {
    struct witness *w;
    struct rec recs[200];
    size_t count;
    char id[128];
    int64_t samples;
    uint32_t up, down; /* next sequence numbers */
    int64_t now_ns;
    uint16_t client_port;
    bool forbid, record_none;
};

static bool may_watch(void *ctx, const struct segment_end *client, const struct segment_end *server)
{
    const struct scene *s = ctx;

    assert_int_equal(client->port, s->client_port);
    assert_int_equal(server->port, PORT);
    return !s->forbid;
}

static int64_t on_request(void *ctx, const char *id, int64_t time_ns)
{
    struct scene *s = ctx;

    assert_int_equal(time_ns, s->now_ns);
    (void)snprintf(s->id, sizeof s->id, "%s", id);
    return s->record_none ? -1 : s->samples++;
}

static void on_record(void *ctx, const struct rec *r)
{
    struct scene *s = ctx;

    assert_true(s->count < COUNT_OF(s->recs));
    assert_null(memmem(r, sizeof *r, "PLANTED", 7));
    s->recs[s->count++] = *r;
}

static void open_scene(struct scene *s)
{
    const struct witness_ops ops = {may_watch, on_request, on_record, s, NULL};

    *s = (struct scene){.client_port = 40000, .up = 1000, .down = 5000};
    s->w = witness_new(PORT, &ops);
    assert_non_null(s->w);
}

static void close_scene(struct scene *s)
{
    witness_free(s->w);
}
DEFINE_AUTO_HELD(struct scene, close_scene)

static struct segment segment_from(struct scene *s, bool client, const char *data, size_t n)
{
    struct segment_end c = {.address = {1}, .port = s->client_port, .family = 4};
    struct segment_end v = {.address = {2}, .port = PORT, .family = 4};

    s->now_ns += 1000;
    return (struct segment){.time_ns = s->now_ns,
                            .from = client ? c : v,
                            .to = client ? v : c,
                            .seq = client ? s->up : s->down,
                            .ack = client ? s->down : s->up,
                            .flags = SEGMENT_ACK,
                            .data = data,
                            .len = n};
}

static void client(struct scene *s, const char *text)
{
    struct segment g = segment_from(s, true, text, strlen(text));

    s->up += (uint32_t)g.len;
    witness_segment(s->w, &g);
}

static void server(struct scene *s, const char *text)
{
    struct segment g = segment_from(s, false, text, strlen(text));

    s->down += (uint32_t)g.len;
    witness_segment(s->w, &g);
}

static void flags(struct scene *s, bool from_client, uint8_t bits)
{
    struct segment g = segment_from(s, from_client, "", 0);

    g.flags = bits;
    if (bits & (SEGMENT_SYN | SEGMENT_FIN))
        *(from_client ? &s->up : &s->down) += 1;
    witness_segment(s->w, &g);
}

static void handshake(struct scene *s)
{
    flags(s, true, SEGMENT_SYN);
    flags(s, false, SEGMENT_SYN | SEGMENT_ACK);
    flags(s, true, SEGMENT_ACK);
}

static const struct rec *find(const struct scene *s, uint8_t type, uint8_t kind, int nth)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->recs[i].type == type && (type == REC_EVENT || s->recs[i].kind == kind) && nth-- == 0)
            return &s->recs[i];
    return NULL;
}

static int64_t point(const struct scene *s, enum rec_point p)
{
    const struct rec *r = find(s, REC_POINT, (uint8_t)p, 0);

    return r ? r->time_ns : TIME_NONE;
}

static int outcome(const struct scene *s, int nth)
{
    const struct rec *last = NULL;

    for (size_t i = 0; i < s->count; i++)
        if (s->recs[i].type == REC_END && nth-- == 0)
            last = &s->recs[i];
    return last ? last->kind : -1;
}

static void a_stream_becomes_a_sample_with_the_times_of_its_segments(void **state)
{
    AUTO(close_scene) struct scene s;
    struct witness_counts c;

    (void)state;
    open_scene(&s);
    handshake(&s);       /* 1, 2, 3 us */
    client(&s, request); /* 4 */
    server(&s, head);    /* 5 */
    server(&s, token);
    server(&s, token);
    server(&s, done); /* 8 */
    assert_string_equal(s.id, "the-id");
    assert_int_equal(point(&s, POINT_CONNECT_START), 1000);
    assert_int_equal(point(&s, POINT_CONNECT_END), 2000);
    assert_int_equal(point(&s, POINT_SENT), 4000);
    assert_int_equal(point(&s, POINT_SENT_LAST), 4000);
    assert_int_equal(find(&s, REC_POINT, POINT_SENT_LAST, 0)->value, strlen(request));
    assert_int_equal(point(&s, POINT_FIRST_BYTE), 5000);
    assert_int_equal(find(&s, REC_EVENT, 0, 0)->time_ns, 6000);
    assert_int_equal(find(&s, REC_EVENT, 0, 1)->time_ns, 7000);
    assert_int_equal(find(&s, REC_EVENT, 0, 0)->kind, EVENT_CONTENT | EVENT_CHOICES);
    assert_int_equal(find(&s, REC_EVENT, 0, 0)->flags, REC_KERNEL);
    assert_int_equal(point(&s, POINT_END), 8000);
    assert_int_equal(point(&s, POINT_DUE), TIME_NONE);
    assert_int_equal(outcome(&s, 0), OUTCOME_OK);
    c = witness_counts(s.w);
    assert_int_equal(c.requests, 1);
    assert_int_equal(c.connections, 1);
    assert_int_equal(c.events, 3);
    assert_int_equal(c.lost, 0);
}

static void an_event_is_complete_with_the_segment_that_completes_it(void **state)
{
    AUTO(close_scene) struct scene s;
    char first[21] = "";

    (void)state;
    open_scene(&s);
    handshake(&s);
    client(&s, request);
    server(&s, head);
    memcpy(first, token, 20);
    server(&s, first);      /* 6 us */
    server(&s, token + 20); /* 7 */
    assert_null(find(&s, REC_EVENT, 0, 1));
    assert_int_equal(find(&s, REC_EVENT, 0, 0)->time_ns, 7000);
}

static void events_that_share_a_segment_say_so(void **state)
{
    AUTO(close_scene) struct scene s;
    char both[300];

    (void)state;
    open_scene(&s);
    handshake(&s);
    client(&s, request);
    server(&s, head);
    (void)snprintf(both, sizeof both, "%s%s", token, token);
    server(&s, both);
    assert_int_equal(find(&s, REC_EVENT, 0, 0)->flags, REC_KERNEL | REC_NOT_LAST);
    assert_int_equal(find(&s, REC_EVENT, 0, 1)->flags, REC_KERNEL);
}

static void segments_out_of_order_and_twice_make_the_same_events(void **state)
{
    AUTO(close_scene) struct scene s;
    struct segment early, late;

    (void)state;
    open_scene(&s);
    handshake(&s);
    client(&s, request);
    server(&s, head);
    late = segment_from(&s, false, token, strlen(token));
    s.down += (uint32_t)late.len;
    early = segment_from(&s, false, token, strlen(token));
    s.down += (uint32_t)early.len;
    witness_segment(s.w, &early);
    assert_null(find(&s, REC_EVENT, 0, 0));
    late.time_ns = s.now_ns += 1000; /* sent again */
    witness_segment(s.w, &late);
    witness_segment(s.w, &late);
    assert_int_equal(find(&s, REC_EVENT, 0, 0)->time_ns, late.time_ns);
    assert_int_equal(find(&s, REC_EVENT, 0, 1)->time_ns, late.time_ns); /* readable only then */
    assert_null(find(&s, REC_EVENT, 0, 2));
    server(&s, done);
    assert_int_equal(outcome(&s, 0), OUTCOME_OK);
    assert_int_equal(witness_counts(s.w).early, 1);
    assert_int_equal(witness_counts(s.w).repeated, 1);
}

static void a_kept_connection_gives_the_next_request_its_own_sample(void **state)
{
    AUTO(close_scene) struct scene s;

    (void)state;
    open_scene(&s);
    handshake(&s);
    client(&s, "GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n");
    server(&s, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    for (int i = 0; i < 2; i++) {
        client(&s, request);
        server(&s, head);
        server(&s, token);
        server(&s, done);
    }
    assert_int_equal(s.samples, 2);
    assert_int_equal(outcome(&s, 0), OUTCOME_OK);
    assert_int_equal(outcome(&s, 1), OUTCOME_OK);
    assert_int_equal(find(&s, REC_POINT, POINT_SENT, 1)->flags, REC_KERNEL | REC_REUSED);
    assert_int_equal(point(&s, POINT_CONNECT_START), TIME_NONE); /* the GET's, not theirs */
    assert_int_equal(witness_counts(s.w).other_requests, 1);
}

static void missed_bytes_end_the_sample_and_the_next_request_is_followed_again(void **state)
{
    AUTO(close_scene) struct scene s;

    (void)state;
    open_scene(&s);
    handshake(&s);
    client(&s, request);
    server(&s, head);
    s.down += 90; /* a segment that the capture dropped */
    server(&s, token);
    assert_int_equal(outcome(&s, 0), -1);
    flags(&s, true, SEGMENT_ACK); /* the client has it all */
    assert_int_equal(outcome(&s, 0), OUTCOME_INTERRUPTED);
    assert_int_equal(witness_counts(s.w).missed_bytes, 90);
    assert_int_equal(witness_counts(s.w).lost, 1);
    server(&s, done);
    client(&s, request);
    server(&s, head);
    server(&s, done);
    assert_int_equal(outcome(&s, 1), OUTCOME_OK);
}

static void a_connection_that_was_open_before_is_followed_from_its_next_request(void **state)
{
    AUTO(close_scene) struct scene s;

    (void)state;
    open_scene(&s);
    server(&s, token);
    client(&s, request);
    server(&s, head);
    server(&s, done);
    assert_int_equal(outcome(&s, 0), OUTCOME_OK);
    assert_int_equal(point(&s, POINT_CONNECT_START), TIME_NONE);
    assert_int_equal(find(&s, REC_POINT, POINT_SENT, 0)->flags, REC_KERNEL | REC_REUSED);
}

static void who_hangs_up_decides_the_outcome(void **state)
{
    static const struct {
        bool client, reset;
        int outcome;
    } cases[] = {
        {true, true, OUTCOME_CANCELLED},
        {false, true, OUTCOME_RESET},
        {false, false, OUTCOME_EARLY_END},
        {true, false, OUTCOME_CANCELLED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(close_scene) struct scene s;

        open_scene(&s);
        handshake(&s);
        client(&s, request);
        server(&s, head);
        server(&s, token);
        flags(&s, cases[i].client, SEGMENT_ACK | (cases[i].reset ? SEGMENT_RST : SEGMENT_FIN));
        if (cases[i].client && !cases[i].reset)
            flags(&s, false, SEGMENT_ACK | SEGMENT_FIN);
        assert_int_equal(outcome(&s, 0), cases[i].outcome);
    }
}

static void the_words_of_a_server_are_not_kept(void **state)
{
    AUTO(close_scene) struct scene s;

    (void)state;
    open_scene(&s);
    handshake(&s);
    client(&s, request);
    server(&s, "HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nContent-Length: 31\r\n\r\n"
               "{\"error\":{\"message\":\"PLANTED\"}}");
    assert_int_equal(outcome(&s, 0), OUTCOME_HTTP_4XX);
    assert_null(find(&s, REC_TEXT, 0, 0));
}

static void what_speaks_no_http1_is_counted_and_left_alone(void **state)
{
    AUTO(close_scene) struct scene s;

    (void)state;
    open_scene(&s);
    handshake(&s);
    client(&s, "\x16\x03\x01\x02\x05\x01");
    server(&s, "\x16\x03\x03");
    s.client_port++;
    handshake(&s);
    client(&s, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    client(&s, request);
    assert_int_equal(witness_counts(s.w).tls, 1);
    assert_int_equal(witness_counts(s.w).not_http1, 1);
    assert_int_equal(s.samples, 0);
    assert_int_equal(s.count, 0);
}

static void a_connection_that_may_not_be_watched_leaves_no_record(void **state)
{
    AUTO(close_scene) struct scene s;

    (void)state;
    open_scene(&s);
    s.forbid = true;
    handshake(&s);
    client(&s, request);
    server(&s, head);
    flags(&s, true, SEGMENT_RST);
    assert_int_equal(s.count, 0);
    assert_int_equal(s.samples, 0);
    assert_int_equal(witness_counts(s.w).not_watched, 1);
}

static void the_end_interrupts_what_is_in_flight(void **state)
{
    AUTO(close_scene) struct scene s;

    (void)state;
    open_scene(&s);
    handshake(&s);
    client(&s, request);
    server(&s, head);
    witness_end(s.w, 99000);
    assert_int_equal(outcome(&s, 0), OUTCOME_INTERRUPTED);
    assert_int_equal(point(&s, POINT_END), 99000);
    witness_end(s.w, 99000);
    assert_int_equal(outcome(&s, 1), -1);
}

static void connections_without_end_are_bounded(void **state)
{
    AUTO(close_scene) struct scene s;

    (void)state;
    open_scene(&s);
    for (int i = 0; i < WITNESS_FLOWS_MAX + 5; i++) {
        s.client_port = (uint16_t)(10000 + i);
        flags(&s, true, SEGMENT_SYN);
    }
    assert_int_equal(witness_counts(s.w).too_many, 5);
    s.now_ns += 120 * NS_PER_S; /* the idle ones make room */
    s.client_port = 9999;
    handshake(&s);
    client(&s, request);
    assert_int_equal(witness_counts(s.w).requests, 1);
}

static void survives_every_failed_allocation(void **state)
{
    const struct witness_ops ops = {0};
    int nth = 0;

    (void)state;
    for (; nth < 10; nth++) {
        AUTO(witness_free) struct witness *w = NULL;

        fault_alloc(nth);
        w = witness_new(PORT, &ops);
        fault_alloc(-1);
        if (w)
            break;
    }
    assert_int_equal(nth, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_becomes_a_sample_with_the_times_of_its_segments),
        cmocka_unit_test(an_event_is_complete_with_the_segment_that_completes_it),
        cmocka_unit_test(events_that_share_a_segment_say_so),
        cmocka_unit_test(segments_out_of_order_and_twice_make_the_same_events),
        cmocka_unit_test(a_kept_connection_gives_the_next_request_its_own_sample),
        cmocka_unit_test(missed_bytes_end_the_sample_and_the_next_request_is_followed_again),
        cmocka_unit_test(a_connection_that_was_open_before_is_followed_from_its_next_request),
        cmocka_unit_test(who_hangs_up_decides_the_outcome),
        cmocka_unit_test(the_words_of_a_server_are_not_kept),
        cmocka_unit_test(what_speaks_no_http1_is_counted_and_left_alone),
        cmocka_unit_test(a_connection_that_may_not_be_watched_leaves_no_record),
        cmocka_unit_test(the_end_interrupts_what_is_in_flight),
        cmocka_unit_test(connections_without_end_are_bounded),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
