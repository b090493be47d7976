/* SPDX-License-Identifier: Apache-2.0 */
/* What each record does to a sample. */
#include "evidence/flight.h"
#include "harness/unit.h"

static struct flight *make(void)
{
    static struct flight f;

    assert_int_equal(flight_init(&f, 2), 0);
    assert_int_equal(flight_begin(&f, 1000, 100, false), 0);
    assert_int_equal(flight_trial(&f, 0, 0, 50), 0);
    assert_int_equal(flight_trial(&f, 1, 50, 49), 0);
    return &f;
}

static int feed(struct flight *f, struct rec r)
{
    static uint64_t position;

    return flight_apply(f, &r, 0, position++, 0);
}

static struct rec rec(uint32_t sample, enum rec_type type, int kind, int64_t ns, int64_t value)
{
    return (struct rec){.time_ns = 1000 + ns,
                        .sample = sample,
                        .type = (uint8_t)type,
                        .kind = (uint8_t)kind,
                        .value = value};
}

static const struct sample *finish(struct flight *f, uint32_t id, enum outcome o, int64_t ns)
{
    assert_int_equal(feed(f, rec(id, REC_END, o, ns, 0)), 1);
    assert_non_null(f->finished);
    return &f->finished->sample;
}

static void a_resend_starts_the_times_again_but_not_the_due_time(void **state)
{
    struct flight *f = make();
    const struct sample *s;
    struct rec sent = rec(3, REC_POINT, POINT_SENT, 20, 0);

    (void)state;
    sent.flags = REC_REUSED;
    assert_int_equal(feed(f, rec(3, REC_POINT, POINT_DUE, 10, 5 | INT64_C(6) << 32)), 1);
    assert_int_equal(feed(f, sent), 1);
    assert_int_equal(feed(f, rec(3, REC_POINT, POINT_SENT_LAST, 25, 99)), 1);
    assert_int_equal(feed(f, rec(3, REC_POINT, POINT_SENT_KERNEL, 26, 0)), 1);
    assert_int_equal(feed(f, rec(3, REC_POINT, POINT_RESENT, 30, 0)), 1);
    assert_int_equal(feed(f, rec(3, REC_POINT, POINT_CONNECT_START, 31, 0)), 1);
    assert_int_equal(feed(f, rec(3, REC_POINT, POINT_CONNECT_END, 32, 0)), 1);
    assert_int_equal(feed(f, rec(3, REC_POINT, POINT_TLS_END, 33, 0)), 1);
    assert_int_equal(feed(f, rec(3, REC_POINT, POINT_SENT, 33, 0)), 1);
    s = finish(f, 3, OUTCOME_RESET, 40);
    assert_int_equal(s->due_ns, 10);
    assert_int_equal(s->sent_ns, 33);
    assert_int_equal(s->sent_last_ns, TIME_NONE);
    assert_int_equal(s->sent_kernel_ns, TIME_NONE);
    assert_int_equal(s->connect_end_ns, 32);
    assert_int_equal(s->tls_end_ns, 33);
    assert_int_equal(s->reused, 0);
    assert_int_equal(s->resent, 1);
    assert_int_equal(s->end_ns, 40); /* no POINT_END: the moment it failed */
    flight_release(f);
}

static void a_kernel_sample_is_one_whose_every_event_has_a_kernel_stamp(void **state)
{
    struct flight *f = make();
    struct rec event = rec(1, REC_EVENT, EVENT_CONTENT, 5999, 10);

    (void)state;
    assert_int_equal(finish(f, 0, OUTCOME_OK, 10)->kernel, 0); /* no event, no stamp */
    flight_drop_finished(f);
    event.flags = REC_KERNEL;
    event.user_ns = event.time_ns + 2500;
    assert_int_equal(feed(f, event), 1);
    assert_int_equal(finish(f, 1, OUTCOME_OK, 9000)->kernel, 1);
    assert_int_equal(f->finished->tail[0].time_ns, 5000); /* whole microseconds, rounded down */
    assert_int_equal(f->finished->tail[0].lag_us, 3);     /* stamp minus that time, of both whole */
    flight_drop_finished(f);
    event.sample = 2;
    assert_int_equal(feed(f, event), 1);
    event.flags = 0;
    assert_int_equal(feed(f, event), 1);
    assert_int_equal(finish(f, 2, OUTCOME_OK, 9000)->kernel, 0);
    flight_release(f);
}

static void words_are_joined_and_made_printable(void **state)
{
    struct flight *f = make();
    struct rec r = rec(0, REC_TEXT, 0, 0, 0);

    (void)state;
    memcpy(&r.value, "bad \x01\xff\"", 8);
    memcpy(&r.user_ns, "chunk 12", 8);
    for (int i = 0; i < 20; i++) /* more than fits */
        assert_int_equal(feed(f, r), 1);
    (void)finish(f, 0, OUTCOME_BAD_CHUNK, 1);
    assert_int_equal(strlen(f->finished->sample.error), sizeof f->finished->sample.error - 1);
    assert_memory_equal(f->finished->sample.error, "bad ??\"", 7);
    flight_release(f);
}

static void reported_counts_that_cannot_be_are_unknown(void **state)
{
    struct flight *f = make();
    const struct sample *s;

    (void)state;
    assert_int_equal(feed(f, rec(0, REC_COUNT, COUNT_INPUT, 0, 31)), 1);
    assert_int_equal(feed(f, rec(0, REC_COUNT, COUNT_OUTPUT, 0, INT64_MAX)), 1);
    assert_int_equal(feed(f, rec(0, REC_COUNT, COUNT_CACHED, 0, -4)), 1);
    assert_int_equal(feed(f, rec(0, REC_COUNT, COUNT_FINISH, 0, 77)), 1);
    s = finish(f, 0, OUTCOME_OK, 1);
    assert_int_equal(s->input_reported, 31);
    assert_int_equal(s->output_reported, COUNT_NONE);
    assert_int_equal(s->cached_reported, COUNT_NONE);
    assert_int_equal(s->finish, FINISH_OTHER);
    flight_release(f);
}

static void records_that_make_no_sense_change_nothing_but_a_count(void **state)
{
    struct flight *f = make();
    const struct rec nonsense[] = {
        rec(100, REC_READ, 0, 1, 1), /* never scheduled */
        rec(99, REC_READ, 0, 1, 1),  /* in no trial */
        rec(0, REC_NONE, 0, 1, 1),   /* never written */
        rec(0, REC_POINT, POINT_SENT_KERNEL + 1, 1, 1),
        rec(0, REC_END, OUTCOME_COUNT_, 1, 1),
        rec(0, REC_END, OUTCOME_OK, 1, -200),
        rec(0, REC_EVENT, EVENT_CONTENT, -5, 1), /* before the run */
        rec(0, 99, 0, 1, 1),
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(nonsense); i++)
        assert_int_equal(feed(f, nonsense[i]), -EBADMSG);
    assert_int_equal(f->bad, COUNT_OF(nonsense));
    assert_int_equal(f->streams, 0);
    flight_release(f);
}

static void what_the_store_has_is_skipped(void **state)
{
    struct flight *f = make();
    struct sample s = {.id = 7, .kernel = 1};
    struct rec r = rec(7, REC_READ, 0, 1, 10);

    (void)state;
    flight_mark_done(f, 6);
    assert_int_equal(feed(f, rec(6, REC_READ, 0, 1, 1)), 0);
    assert_int_equal(flight_restore(f, &s, 0, 1, 1000), 0);
    assert_int_equal(flight_restore(f, &s, 0, 1, 1000), -EBADMSG); /* there already */
    assert_int_equal(flight_apply(f, &r, 1, 999, 0), 0);
    assert_int_equal(flight_apply(f, &r, 1, 1000, 0), 1);
    assert_int_equal(flight_apply(f, &r, 0, 1001, 0), -EBADMSG); /* of another ring */
    flight_interrupt(f);
    assert_int_equal(f->finished->sample.response_bytes, 10);
    assert_int_equal(f->finished->sample.outcome, OUTCOME_INTERRUPTED);
    flight_release(f);
}

static void thousands_in_flight_are_found_again(void **state)
{
    struct flight f;

    (void)state;
    assert_int_equal(flight_init(&f, 1), 0);
    assert_int_equal(flight_begin(&f, 0, 5000, false), 0);
    assert_int_equal(flight_trial(&f, 0, 0, 5000), 0);
    for (int round = 0; round < 3; round++)
        for (uint32_t i = 0; i < 5000; i++)
            assert_int_equal(feed(&f, rec(i, REC_READ, 0, 1, 10)), 1);
    assert_int_equal(f.streams, 5000);
    assert_int_equal(f.started, 5000);
    for (uint32_t i = 0; i < 5000; i++)
        assert_int_equal(feed(&f, rec(i, REC_END, OUTCOME_OK, 1, 200)), 1);
    assert_int_equal(f.streams, 0);
    assert_int_equal(f.ok, 5000);
    assert_int_equal(f.finished->sample.response_bytes, 30);
    assert_null(f.rings[0].oldest);
    flight_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_resend_starts_the_times_again_but_not_the_due_time),
        cmocka_unit_test(a_kernel_sample_is_one_whose_every_event_has_a_kernel_stamp),
        cmocka_unit_test(words_are_joined_and_made_printable),
        cmocka_unit_test(reported_counts_that_cannot_be_are_unknown),
        cmocka_unit_test(records_that_make_no_sense_change_nothing_but_a_count),
        cmocka_unit_test(what_the_store_has_is_skipped),
        cmocka_unit_test(thousands_in_flight_are_found_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
