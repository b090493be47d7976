/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 in the engine, in memory: streams, stamps, limits, every way a server can end it. */
#include "harness/fault.h"
#include "harness/unit.h"
#include "sim/h2_peer.h"

#define TOKEN "data: {\"choices\":[{\"delta\":{\"content\":\"abc\"}}]}\n\n"
#define FINISH "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n"
#define STREAM TOKEN TOKEN TOKEN FINISH "data: [DONE]\n\n"

enum { TOKENS = 3 };

struct rig {
    struct peer peer;
    int allocs;
};

static struct rig *rig_new(size_t items, int32_t connections,
                           void (*request)(struct peer *p, int fd, struct peer_stream *s))
{
    struct rig *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    peer_init(&rig->peer, items, connections);
    rig->peer.request = request;
    return rig;
}

static void rig_free(struct rig *rig)
{
    peer_release(&rig->peer);
    free(rig);
}
DEFINE_AUTO(struct rig *, rig_free)

static void rig_run(struct rig *rig)
{
    assert_true(peer_run(&rig->peer));
    assert_int_equal(rig->peer.open, 0); /* every socket is closed */
    assert_int_equal(rig->peer.report.started, rig->peer.report.ended);
    assert_int_equal(rig->peer.report.h2_refused, 0);
    assert_int_equal(ring_lost(&rig->peer.ring), 0);
}

static int count(const struct rig *rig, int type, int kind, uint16_t flags, uint16_t mask)
{
    int n = 0;

    for (uint64_t i = 0; i < ring_head(&rig->peer.ring); i++) {
        const struct rec *r = ring_at(&rig->peer.ring, i);

        n += r->type == type && (kind < 0 || r->kind == kind) && (r->flags & mask) == flags;
    }
    return n;
}

static int ended(const struct rig *rig, enum outcome outcome)
{
    return count(rig, REC_END, outcome, 0, 0);
}

static const struct rec *rec_of(const struct rig *rig, uint32_t sample, int type, int kind)
{
    for (uint64_t i = 0; i < ring_head(&rig->peer.ring); i++) {
        const struct rec *r = ring_at(&rig->peer.ring, i);

        if (r->sample == sample && r->type == type && (kind < 0 || r->kind == kind))
            return r;
    }
    return NULL;
}

static void answer(struct peer *p, int fd, struct peer_stream *s)
{
    (void)fd;
    peer_answer(p, s, "200", "text/event-stream", STREAM);
}

static void streams_share_a_connection(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(20, 1, answer);

    (void)state;
    rig_run(rig);
    assert_int_equal(ended(rig, OUTCOME_OK), 20);
    assert_int_equal(count(rig, REC_EVENT, EVENT_CONTENT | EVENT_CHOICES, 0, 0), 20 * TOKENS);
    assert_int_equal(count(rig, REC_POINT, POINT_SENT, 0, 0), 20);
    assert_int_equal(count(rig, REC_POINT, POINT_SENT_LAST, 0, 0), 20);
    assert_int_equal(count(rig, REC_POINT, POINT_CONNECT_START, 0, 0), 0); /* before the zero */
    assert_int_equal(rig->peer.report.connections, 1);
    assert_int_equal(rig->peer.report.reused, 19);
    assert_int_equal(rig->peer.report.stream_waits, 0);
    assert_int_equal(rig->peer.body_bytes, 20 * 300);
    assert_int_equal(rig->peer.goaways, 1); /* and it says goodbye */
    assert_int_equal(rig->peer.resets, 0);
}

/* Answers all once @hold have asked: their frames are in one read. */
static void answer_three_together(struct peer *p, int fd, struct peer_stream *s)
{
    (void)fd;
    (void)s;
    if (p->concurrent < 3)
        return;
    for (int i = 0; i < PEER_STREAMS; i++)
        if (p->streams[i].id > 0)
            peer_answer(p, &p->streams[i], "200", "text/event-stream", STREAM);
}

static void of_one_read_only_the_last_event_has_its_own_stamp(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(3, 1, answer_three_together);
    const struct rec *last = NULL;

    (void)state;
    rig_run(rig);
    assert_int_equal(ended(rig, OUTCOME_OK), 3);
    assert_int_equal(count(rig, REC_EVENT, -1, 0, 0), 3 * 5);
    assert_int_equal(count(rig, REC_EVENT, -1, 0, REC_NOT_LAST), 1);
    for (uint64_t i = 0; i < ring_head(&rig->peer.ring); i++)
        if (ring_at(&rig->peer.ring, i)->type == REC_EVENT)
            last = ring_at(&rig->peer.ring, i);
    assert_non_null(last);
    assert_int_equal(last->flags & REC_NOT_LAST, 0);
    assert_int_equal(count(rig, REC_EVENT, -1, REC_KERNEL, REC_KERNEL), 3 * 5);
}

/* What was seen, times and reads left out. */
static size_t seen(const struct rig *rig, char *buf, size_t size)
{
    size_t len = 0;

    for (uint64_t i = 0; i < ring_head(&rig->peer.ring); i++) {
        const struct rec *r = ring_at(&rig->peer.ring, i);

        if (r->type == REC_EVENT || r->type == REC_END || r->type == REC_COUNT)
            len += (size_t)snprintf(buf + len, size - len, "%u:%d.%d=%lld ", r->sample, r->type,
                                    r->kind, (long long)r->value);
        assert_true(len < size);
    }
    return len;
}

static void any_split_of_the_bytes_says_the_same(void **state)
{
    static char whole[8192], cut[8192];
    size_t total = 0, len = 0;

    (void)state;
    for (size_t at = 0; at <= total; at++) {
        AUTO(rig_free) struct rig *rig = rig_new(3, 1, answer_three_together);

        rig->peer.split = at;
        rig_run(rig);
        if (at == 0) {
            len = seen(rig, whole, sizeof whole);
            total = rig->peer.sockets[0].delivered;
            assert_true(total > 500);
            continue;
        }
        assert_int_equal(seen(rig, cut, sizeof cut), len);
        assert_memory_equal(whole, cut, len);
        /* at most one more event is the last of a read */
        assert_in_range(count(rig, REC_EVENT, -1, 0, REC_NOT_LAST), 1, 2);
    }
}

static void beyond_the_servers_limit_a_request_waits_and_stays_due(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(12, 1, answer_three_together);

    (void)state;
    rig->peer.max_streams = 3;
    for (int i = 0; i < 12; i++)
        rig->peer.items[i].at_ns = 0;
    rig_run(rig);
    assert_int_equal(ended(rig, OUTCOME_OK), 12);
    assert_int_equal(rig->peer.most_concurrent, 3);
    assert_int_equal(rig->peer.report.stream_waits, 9);
    assert_int_equal(rig->peer.report.cap_waits, 0);
    for (uint32_t i = 0; i < 12; i++)
        assert_int_equal(rec_of(rig, i, REC_POINT, POINT_DUE)->time_ns, rig->peer.config.start_ns);
    assert_true(rec_of(rig, 11, REC_POINT, POINT_RELEASED)->time_ns >
                rec_of(rig, 0, REC_END, -1)->time_ns);
}

static void hold(struct peer *p, int fd, struct peer_stream *s)
{
    (void)p;
    (void)fd;
    (void)s;
}

static void requests_are_spread_over_the_connections(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(8, 4, hold);
    int64_t carried[5] = {0};

    (void)state;
    rig->peer.config.timeout_ns = NS_PER_S;
    rig_run(rig);
    assert_int_equal(rig->peer.report.connections, 4);
    for (uint32_t i = 0; i < 8; i++) {
        int64_t number = rec_of(rig, i, REC_POINT, POINT_SENT)->value;

        assert_in_range(number, 1, 4);
        carried[number]++;
    }
    for (int i = 1; i <= 4; i++)
        assert_int_equal(carried[i], 2);
    assert_int_equal(ended(rig, OUTCOME_TIMEOUT), 8);
    assert_int_equal(rig->peer.resets, 8); /* the server is told */
}

static void a_silent_stream_stalls_and_the_connection_serves_others(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(2, 1, hold);

    (void)state;
    rig->peer.items[1].at_ns = 10 * NS_PER_S;
    rig_run(rig);
    assert_int_equal(ended(rig, OUTCOME_STALL), 2);
    assert_int_equal(rig->peer.report.connections, 1);
}

static void leave_after_two(struct peer *p, int fd, struct peer_stream *s)
{
    nghttp2_session *session = p->sockets[fd].session;

    if (s->id == 1 || fd > 0)
        peer_answer(p, s, "200", "text/event-stream", STREAM);
    if (s->id == 3 && fd == 0)
        (void)nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE, 1, NGHTTP2_NO_ERROR, NULL, 0);
}

static void what_a_leaving_server_did_not_take_is_sent_elsewhere(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(6, 1, leave_after_two);

    (void)state;
    rig_run(rig);
    assert_int_equal(ended(rig, OUTCOME_OK), 6);
    assert_int_equal(rig->peer.report.resent_stale, 1);
    assert_int_equal(rig->peer.report.connections, 2);
    assert_non_null(rec_of(rig, 1, REC_POINT, POINT_RESENT));
    assert_non_null(rec_of(rig, 1, REC_POINT, POINT_CONNECT_START));
}

static void without_resending_what_was_not_taken_is_reset(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(6, 1, leave_after_two);

    (void)state;
    rig->peer.config.resend_stale = false;
    rig_run(rig);
    assert_int_equal(ended(rig, OUTCOME_RESET), 1);
    assert_int_equal(ended(rig, OUTCOME_OK), 5);
}

static void refuse_every_second(struct peer *p, int fd, struct peer_stream *s)
{
    nghttp2_session *session = p->sockets[fd].session;

    if (s->id % 4 == 1)
        peer_answer(p, s, "200", "text/event-stream", STREAM);
    else
        (void)nghttp2_submit_rst_stream(session, 0, s->id, NGHTTP2_INTERNAL_ERROR);
}

static void a_reset_ends_its_stream_only(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(6, 1, refuse_every_second);

    (void)state;
    rig_run(rig);
    assert_int_equal(ended(rig, OUTCOME_OK), 3);
    assert_int_equal(ended(rig, OUTCOME_RESET), 3);
    assert_int_equal(rig->peer.report.connections, 1);
}

static void break_after_three(struct peer *p, int fd, struct peer_stream *s)
{
    if (fd > 0) {
        peer_answer(p, s, "200", "text/event-stream", STREAM);
        return;
    }
    if (p->concurrent < 3)
        return;
    for (int i = 0; i < PEER_STREAMS; i++) /* begun, and cut off */
        if (p->streams[i].id > 0)
            peer_answer(p, &p->streams[i], "200", "text/event-stream", TOKEN TOKEN);
    peer_pump(&p->sockets[fd]);
    p->sockets[fd].out_len -= 20; /* into the last frames */
    p->sockets[fd].code = -ECONNRESET;
    nghttp2_session_del(p->sockets[fd].session);
    p->sockets[fd].session = NULL;
}

static void a_lost_connection_ends_all_its_streams(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(6, 1, break_after_three);

    (void)state;
    rig_run(rig);
    assert_true(ended(rig, OUTCOME_RESET) > 0);
    assert_int_equal(ended(rig, OUTCOME_RESET) + ended(rig, OUTCOME_EARLY_END), 3);
    assert_int_equal(ended(rig, OUTCOME_OK), 3);
    assert_int_equal(rig->peer.report.connections, 2);
}

static void answer_badly(struct peer *p, int fd, struct peer_stream *s)
{
    static const struct {
        const char *status, *type, *text;
    } bad[] = {
        {"404", "application/json", "{\"error\":{\"message\":\"no such model\"}}"},
        {"500", "text/plain", "oops"},
        {"302", "text/plain", "elsewhere"},
        {"200", "text/event-stream", TOKEN "data: {\"error\":{\"message\":\"gone\"}}\n\n"},
        {"200", "text/event-stream", TOKEN "data: nothing\n\n"},
        {"200", "text/event-stream", TOKEN},
        {"200", "application/json",
         "{\"choices\":[{\"message\":{\"content\":\"abc\"},\"finish_reason\":\"stop\"}]}"},
    };

    (void)fd;
    assert_true(s->id / 2 < (int32_t)COUNT_OF(bad));
    peer_answer(p, s, bad[s->id / 2].status, bad[s->id / 2].type, bad[s->id / 2].text);
}

static void answers_are_judged_as_over_any_other_framing(void **state)
{
    const enum outcome want[] = {OUTCOME_HTTP_4XX,    OUTCOME_HTTP_5XX,  OUTCOME_HTTP_OTHER,
                                 OUTCOME_ERROR_EVENT, OUTCOME_BAD_EVENT, OUTCOME_EARLY_END,
                                 OUTCOME_OK};
    AUTO(rig_free) struct rig *rig = rig_new(COUNT_OF(want), 1, answer_badly);

    (void)state;
    rig_run(rig);
    for (uint32_t i = 0; i < COUNT_OF(want); i++)
        assert_int_equal(rec_of(rig, i, REC_END, -1)->kind, want[i]);
    assert_int_equal(rec_of(rig, 0, REC_END, -1)->value, 404);
    assert_int_equal(rig->peer.report.connections, 1);
}

static void a_large_request_waits_for_the_servers_window(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(3, 1, answer);

    (void)state;
    rig->peer.request_body = 400000;
    rig->peer.config.render.max_bytes = 401000;
    rig->peer.send_most = 5000;
    rig_run(rig);
    assert_int_equal(ended(rig, OUTCOME_OK), 3);
    assert_int_equal(rig->peer.body_bytes, 3 * 400000);
    for (uint32_t i = 0; i < 3; i++) {
        assert_in_range(rec_of(rig, i, REC_POINT, POINT_SENT_LAST)->value, 400000, 401000);
        assert_true(rec_of(rig, i, REC_POINT, POINT_SENT)->time_ns <
                    rec_of(rig, i, REC_POINT, POINT_SENT_LAST)->time_ns);
    }
}

static void a_client_that_hangs_up_resets_its_stream(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(4, 1, answer);

    (void)state;
    for (int i = 0; i < 4; i += 2)
        rig->peer.items[i].hang_up_events = 2;
    rig_run(rig);
    assert_int_equal(ended(rig, OUTCOME_HUNG_UP), 2);
    assert_int_equal(ended(rig, OUTCOME_OK), 2);
    assert_int_equal(rig->peer.report.connections, 1);
}

static void what_is_in_flight_when_stopped_is_cancelled(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(8, 2, hold);

    (void)state;
    rig->peer.stop_after = 5;
    rig_run(rig);
    assert_true(ended(rig, OUTCOME_CANCELLED) >= 5);
}

static void a_target_that_cannot_be_reached_fails_each_request(void **state)
{
    const struct {
        int code;
        enum outcome outcome;
    } cases[] = {{-ECONNREFUSED, OUTCOME_REFUSED},
                 {-ENETUNREACH, OUTCOME_CONNECT_FAILED},
                 {-EINPROGRESS, OUTCOME_CONNECT_FAILED}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(rig_free) struct rig *rig = rig_new(3, 1, answer);

        rig->peer.connect_code = cases[i].code;
        rig_run(rig);
        assert_int_equal(ended(rig, cases[i].outcome), 3);
        assert_int_equal(count(rig, REC_POINT, POINT_SENT, 0, 0), 0);
    }
}

static void nothing_of_ours_is_allocated_once_requests_are_made(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(30, 2, leave_after_two);
    struct engine_setup setup = {.config = &rig->peer.config,
                                 .threads = 1,
                                 .cap = 8,
                                 .ops = &peer_ops,
                                 .loop = &rig->peer,
                                 .ring = &rig->peer.ring};
    struct engine *e = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(engine_new(&e, &setup, &err), 0);
    fault_alloc(-1);
    while (engine_step(e, 0))
        ;
    assert_int_equal(fault_allocs(), 0);
    assert_int_equal(engine_report(e)->ended, 30);
    engine_free(e);
}

static void making_an_engine_survives_every_failed_allocation(void **state)
{
    bool made = false;
    int nth = 0;

    (void)state;
    for (; !made && nth < 100; nth++) {
        AUTO(rig_free) struct rig *rig = rig_new(2, 1, answer);

        fault_alloc(nth);
        made = peer_run(&rig->peer);
        fault_alloc(-1);
        assert_int_equal(rig->peer.open, 0);
    }
    assert_true(made);
    assert_true(nth > 8);
}

/* Frames by hand. */
#define SETTINGS "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
#define FRAME(len, type, flags, id) "\x00\x00" len type flags "\x00\x00\x00" id

static void a_hostile_server_is_survived(void **state)
{
#define BYTES(s) s, sizeof(s) - 1
    const struct {
        const char *bytes;
        size_t len, times;
        const char *words; /* in the outcome's; NULL: any */
    } cases[] = {
        {BYTES("HTTP/1.1 400 Bad Request\r\n\r\n"), 1, NULL},
        {BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), 1, NULL},
        {BYTES(SETTINGS "\xff\xff\xff\x00\x00\x00\x00\x00\x01"), 1, NULL}, /* a frame of 16 MiB */
        {BYTES(SETTINGS FRAME("\x05", "\x04", "\x00", "\x00") "abcde"), 1, NULL},
        {BYTES(SETTINGS), 20000, NULL}, /* a flood */
        {BYTES(SETTINGS FRAME("\x08", "\x06", "\x00", "\x00") "pingping"), 20000, NULL},
        {BYTES(SETTINGS FRAME("\x01", "\x01", "\x00", "\x01") "\x88"), 2, NULL},
        {BYTES(SETTINGS FRAME("\x04", "\x08", "\x00", "\x00") "\x7f\xff\xff\xff"), 3, NULL},
        {BYTES(SETTINGS FRAME("\x04", "\x03", "\x00", "\x01") "\x00\x00\x00\x02"), 1, NULL},
        {BYTES(SETTINGS FRAME("\x04", "\x00", "\x00", "\x63") "data"), 1, NULL},
        {BYTES(SETTINGS FRAME("\x06", "\x05", "\x04", "\x01") "\x00\x00\x00\x02\x88\x88"), 1, NULL},
        {BYTES(SETTINGS FRAME("\x03", "\x01", "\x04", "\x01") "\xff\xff\xff"), 1, NULL}, /* HPACK */
        {BYTES(SETTINGS FRAME("\x01", "\x01", "\x05", "\x01") "\x88" FRAME("\x04", "\x00", "\x00",
                                                                           "\x01") "more"),
         1, NULL}, /* after its end */
        {BYTES(SETTINGS FRAME("\x08", "\x07", "\x00", "\x00") "\x00\x00\x00\x00\x00\x00\x00\x0b"),
         1, NULL},
        {BYTES(SETTINGS FRAME("\x01", "\x01", "\x04", "\x01") "\x88" FRAME("\x04", "\x00", "\x08",
                                                                           "\x01") "\x50"
                                                                                   "abc"),
         1, NULL}, /* padding */
        {BYTES(""), 1, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(rig_free) struct rig *rig = rig_new(4, 1, answer);

        rig->peer.raw = cases[i].bytes;
        rig->peer.raw_len = cases[i].len;
        rig->peer.raw_times = cases[i].times;
        rig->peer.config.stall_timeout_ns = 100 * NS_PER_MS;
        rig_run(rig);
        assert_int_equal(rig->peer.report.ended, 4);
        assert_int_equal(ended(rig, OUTCOME_OK), 0);
    }
}

static void endless_continuation_is_cut_off(void **state)
{
    static char bytes[9 + 9 + 8000 * (9 + 100)];
    AUTO(rig_free) struct rig *rig = rig_new(2, 1, answer);
    size_t at = 0;

    (void)state;
    memcpy(bytes, SETTINGS, 9);
    memcpy(bytes + 9, "\x00\x00\x00\x01\x00\x00\x00\x00\x01", 9); /* HEADERS, not their end */
    at = 18;
    for (int i = 0; i < 1000; i++, at += 109) {
        memcpy(bytes + at, "\x00\x00\x64\x09\x00\x00\x00\x00\x01", 9);
        memset(bytes + at + 9, 0x88, 100);
    }
    rig->peer.raw = bytes;
    rig->peer.raw_len = at;
    rig->peer.raw_times = 1;
    rig_run(rig);
    assert_int_equal(ended(rig, OUTCOME_OK), 0);
    assert_int_equal(rig->peer.report.ended, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_share_a_connection),
        cmocka_unit_test(of_one_read_only_the_last_event_has_its_own_stamp),
        cmocka_unit_test(any_split_of_the_bytes_says_the_same),
        cmocka_unit_test(beyond_the_servers_limit_a_request_waits_and_stays_due),
        cmocka_unit_test(requests_are_spread_over_the_connections),
        cmocka_unit_test(a_silent_stream_stalls_and_the_connection_serves_others),
        cmocka_unit_test(what_a_leaving_server_did_not_take_is_sent_elsewhere),
        cmocka_unit_test(without_resending_what_was_not_taken_is_reset),
        cmocka_unit_test(a_reset_ends_its_stream_only),
        cmocka_unit_test(a_lost_connection_ends_all_its_streams),
        cmocka_unit_test(answers_are_judged_as_over_any_other_framing),
        cmocka_unit_test(a_large_request_waits_for_the_servers_window),
        cmocka_unit_test(a_client_that_hangs_up_resets_its_stream),
        cmocka_unit_test(what_is_in_flight_when_stopped_is_cancelled),
        cmocka_unit_test(a_target_that_cannot_be_reached_fails_each_request),
        cmocka_unit_test(nothing_of_ours_is_allocated_once_requests_are_made),
        cmocka_unit_test(making_an_engine_survives_every_failed_allocation),
        cmocka_unit_test(a_hostile_server_is_survived),
        cmocka_unit_test(endless_continuation_is_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
