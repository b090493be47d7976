/* SPDX-License-Identifier: Apache-2.0 */
/* A TLS connection as the witness sees it: records, whole or in any pieces. */
#include "load/witness.h"
#include "harness/unit.h"

enum { PORT = 8443, HANDSHAKE = 22, DATA = 23, ALERT_13 = 19 };

struct scene {
    struct witness *w;
    uint32_t up, down;
    int64_t now_ns, samples;
    size_t piece; /* bytes a segment at most */
    int events, ends;
    int64_t event_ns[16], event_bytes[16], sent_ns, sent_last_ns, first_byte_ns;
    uint8_t outcome[8];
};

static bool may_watch(void *ctx, const struct segment_end *client, const struct segment_end *server)
{
    (void)ctx;
    return client->port == 40000 && server->port == PORT;
}

static int64_t on_request(void *ctx, const char *id, int64_t time_ns)
{
    struct scene *s = ctx;

    (void)time_ns;
    assert_string_equal(id, "");
    return s->samples++;
}

static void on_record(void *ctx, const struct rec *r)
{
    struct scene *s = ctx;

    if (r->type == REC_EVENT) {
        assert_int_equal(r->kind, 0); /* nobody can know */
        assert_in_range(s->events, 0, COUNT_OF(s->event_ns) - 1);
        s->event_ns[s->events] = r->time_ns;
        s->event_bytes[s->events++] = r->value;
    } else if (r->type == REC_END) {
        s->outcome[s->ends++] = r->kind;
    } else if (r->type == REC_POINT && r->kind == POINT_SENT) {
        s->sent_ns = r->time_ns;
    } else if (r->type == REC_POINT && r->kind == POINT_SENT_LAST) {
        s->sent_last_ns = r->time_ns;
    } else if (r->type == REC_POINT && r->kind == POINT_FIRST_BYTE) {
        s->first_byte_ns = r->time_ns;
    }
    assert_int_not_equal(r->type, REC_COUNT); /* no count is known */
}

static void send_bytes(struct scene *s, bool client, uint8_t flags, const char *data, size_t n)
{
    struct segment_end c = {.address = {1}, .port = 40000, .family = 4};
    struct segment_end v = {.address = {2}, .port = PORT, .family = 4};
    struct segment g = {.time_ns = s->now_ns,
                        .from = client ? c : v,
                        .to = client ? v : c,
                        .seq = client ? s->up : s->down,
                        .ack = client ? s->down : s->up,
                        .flags = flags,
                        .data = data,
                        .len = n};

    *(client ? &s->up : &s->down) += (uint32_t)n + !!(flags & (SEGMENT_SYN | SEGMENT_FIN));
    witness_segment(s->w, &g);
}

/* A record whose last byte comes a microsecond after what was before. */
static void record(struct scene *s, bool client, uint8_t type, uint16_t length)
{
    char bytes[5 + 2048] = {(char)type, 3, 3, (char)(length >> 8), (char)length};
    size_t n = 5 + (size_t)length;

    for (size_t at = 0; at < n; at += s->piece) {
        s->now_ns += at + s->piece >= n ? 1000 : 0;
        send_bytes(s, client, SEGMENT_ACK, bytes + at, n - at < s->piece ? n - at : s->piece);
    }
}

static void open_scene(struct scene *s, size_t piece)
{
    const struct witness_ops ops = {may_watch, on_request, on_record, s, NULL};

    *s = (struct scene){.up = 1000, .down = 9000, .piece = piece};
    s->w = witness_new(PORT, &ops);
    assert_non_null(s->w);
    send_bytes(s, true, SEGMENT_SYN, "", 0);
    send_bytes(s, false, SEGMENT_SYN | SEGMENT_ACK, "", 0);
    record(s, true, HANDSHAKE, 200);
    record(s, false, HANDSHAKE, 100);
}

static void close_scene(struct scene *s)
{
    witness_free(s->w);
}
DEFINE_AUTO_HELD(struct scene, close_scene)

static const size_t pieces[] = {4096, 7, 5, 1};

static void tls_1_2_is_told_by_exchanges_of_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        AUTO(close_scene) struct scene s;

        open_scene(&s, pieces[i]);
        record(&s, true, HANDSHAKE, 40);
        record(&s, false, HANDSHAKE, 40);
        record(&s, true, DATA, 300);
        record(&s, true, DATA, 500);
        assert_int_equal(s.samples, 1);
        record(&s, false, DATA, 400);
        assert_int_equal(s.sent_last_ns, s.sent_ns + 1000);
        record(&s, false, DATA, 0); /* empty, and a record all the same */
        record(&s, false, DATA, 19);
        assert_int_equal(s.events, 3);
        assert_int_equal(s.event_bytes[0], 400);
        assert_int_equal(s.first_byte_ns, s.event_ns[0]);
        assert_int_equal(s.event_ns[2], s.event_ns[0] + 2000);
        record(&s, true, DATA, 300); /* the next request ends the one before */
        assert_int_equal(s.ends, 1);
        record(&s, false, DATA, 50);
        record(&s, false, 21, 2);
        send_bytes(&s, false, SEGMENT_FIN | SEGMENT_ACK, "", 0);
        assert_int_equal(s.samples, 2);
        assert_int_equal(s.events, 4);
        assert_int_equal(s.ends, 2);
        assert_int_equal(s.outcome[0], OUTCOME_OK);
        assert_int_equal(s.outcome[1], OUTCOME_OK);
        assert_int_equal(witness_counts(s.w).tls, 1);
        assert_int_equal(witness_counts(s.w).lost, 0);
    }
}

static void the_handshake_and_the_alerts_of_tls_1_3_are_no_exchange(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        AUTO(close_scene) struct scene s;

        open_scene(&s, pieces[i]);
        record(&s, false, 20, 1);
        record(&s, false, DATA, 900); /* EncryptedExtensions ... Finished */
        record(&s, true, 20, 1);
        record(&s, true, DATA, 53); /* Finished */
        assert_int_equal(s.samples, 0);
        record(&s, true, DATA, 300);
        record(&s, false, DATA, 400);
        record(&s, false, DATA, ALERT_13);
        record(&s, true, DATA, ALERT_13);
        send_bytes(&s, true, SEGMENT_FIN | SEGMENT_ACK, "", 0);
        send_bytes(&s, false, SEGMENT_FIN | SEGMENT_ACK, "", 0);
        assert_int_equal(s.samples, 1);
        assert_int_equal(s.events, 1);
        assert_int_equal(s.ends, 1);
        assert_int_equal(s.outcome[0], OUTCOME_OK);
    }
}

static void a_hole_ends_what_can_be_told(void **state)
{
    AUTO(close_scene) struct scene s;

    (void)state;
    open_scene(&s, 4096);
    record(&s, true, DATA, 300);
    record(&s, false, DATA, 400);
    s.down += 100; /* not seen, and acknowledged */
    send_bytes(&s, true, SEGMENT_ACK, "", 0);
    record(&s, false, DATA, 400);
    record(&s, true, DATA, 300);
    assert_int_equal(s.samples, 1);
    assert_int_equal(s.events, 1);
    assert_int_equal(s.ends, 1);
    assert_int_equal(s.outcome[0], OUTCOME_INTERRUPTED);
    assert_int_equal(witness_counts(s.w).lost, 1);
}

static void a_request_without_an_answer_is_none(void **state)
{
    (void)state;
    for (int by_client = 0; by_client < 2; by_client++) {
        AUTO(close_scene) struct scene s;

        open_scene(&s, 4096);
        record(&s, true, DATA, 300);
        send_bytes(&s, by_client, SEGMENT_RST | SEGMENT_ACK, "", 0);
        assert_int_equal(s.ends, 1);
        assert_int_equal(s.outcome[0], by_client ? OUTCOME_CANCELLED : OUTCOME_EARLY_END);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_1_2_is_told_by_exchanges_of_records),
        cmocka_unit_test(the_handshake_and_the_alerts_of_tls_1_3_are_no_exchange),
        cmocka_unit_test(a_hole_ends_what_can_be_told),
        cmocka_unit_test(a_request_without_an_answer_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
