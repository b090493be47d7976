/* SPDX-License-Identifier: Apache-2.0 */
/* load.hang_up: what it takes, what it draws, and what it leaves alone. */
#include "built.h"
#include <math.h>

#define POISSON "arrivals: poisson, rate: 10/s, "

static bool hangs_up(const struct item *i)
{
    return i->hang_up_ns || i->hang_up_events;
}

static void as_many_hang_up_as_the_plan_says_and_when_it_says(void **state)
{
    enum { N = 4000 };
    AUTO(schedule_free)
    struct schedule *tokens =
        schedule_loading(POISSON "requests: 4000, hang_up: {share: 10%, after: uniform 3..7 "
                                 "tokens}");
    AUTO(schedule_free)
    struct schedule *time =
        schedule_loading(POISSON "requests: 4000, hang_up: {share: 1, after: uniform 1s..3s}");
    int n = 0, seen[8] = {0};
    double mean_s = 0;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        n += hangs_up(&tokens->items[i]);
        assert_int_equal(tokens->items[i].hang_up_ns, 0);
        assert_in_range(tokens->items[i].hang_up_events, 0, 7);
        seen[tokens->items[i].hang_up_events]++;
        assert_in_range(time->items[i].hang_up_ns, NS_PER_S, 3 * NS_PER_S);
        mean_s += (double)time->items[i].hang_up_ns / 1e9 / N;
    }
    assert_true(fabs(n - 0.1 * N) < 3.3 * sqrt(0.1 * 0.9 * N));
    for (int i = 3; i <= 7; i++)
        assert_in_range(seen[i], n / 5 - 35, n / 5 + 35);
    assert_int_equal(seen[1] + seen[2], 0);
    assert_true(fabs(mean_s - 2) < 3.3 * 2 / sqrt(12.0 * N));
}

static void a_longer_schedule_begins_with_the_shorter_one(void **state)
{
    static const char hang_up[] = "hang_up: {share: 25%, after: uniform 1..9 tokens}";
    char load[200];
    AUTO(schedule_free) struct schedule *whole = NULL;
    AUTO(schedule_free) struct schedule *part = NULL;

    (void)state;
    (void)snprintf(load, sizeof load, POISSON "requests: 500, %s", hang_up);
    whole = schedule_loading(load);
    (void)snprintf(load, sizeof load, POISSON "requests: 50, %s", hang_up);
    part = schedule_loading(load);
    for (size_t i = 0; i < 50; i++) {
        assert_int_equal(part->items[i].hang_up_events, whole->items[i].hang_up_events);
        assert_int_equal(part->items[i].at_ns, whole->items[i].at_ns);
    }
}

/* Nothing else of the schedule changes, and without hang-ups not even its digest. */
static void hang_ups_draw_from_a_stream_of_their_own(void **state)
{
    AUTO(schedule_free) struct schedule *without = schedule_loading(POISSON "requests: 200");
    AUTO(schedule_free)
    struct schedule *with =
        schedule_loading(POISSON "requests: 200, hang_up: {share: 50%, after: 2 tokens}");
    AUTO(schedule_free)
    struct schedule *other =
        schedule_loading(POISSON "requests: 200, hang_up: {share: 50%, after: 3 tokens}");

    (void)state;
    for (size_t i = 0; i < 200; i++) {
        assert_int_equal(with->items[i].at_ns, without->items[i].at_ns);
        assert_int_equal(hangs_up(&with->items[i]), hangs_up(&other->items[i]));
    }
    assert_string_equal(digest_hex(&without->digest).text,
                        "1fd7d49304fc72d4f1ed71876be4b257634fa1224838e5ebf828700cadccc4a2");
    assert_string_not_equal(digest_hex(&with->digest).text, digest_hex(&without->digest).text);
    assert_string_not_equal(digest_hex(&with->digest).text, digest_hex(&other->digest).text);
}

static void a_capacity_pilot_waits_for_its_answers(void **state)
{
    AUTO(schedule_free)
    struct schedule *s =
        schedule_loading(POISSON "requests: 20, capacity: {requests: 30, concurrency: 4}, "
                                 "hang_up: {share: 100%, after: 5s}");

    (void)state;
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(hangs_up(&s->items[i]), i < 20);
}

static void what_cannot_be_meant_is_refused(void **state)
{
    static const struct {
        const char *load, *words;
    } wrong[] = {
        {"hang_up: {share: 10%}", "load.hang_up.after: is missing"},
        {"hang_up: {after: 2s}", "load.hang_up.share: is missing"},
        {"hang_up: {share: 0, after: 2s}", "load.hang_up.share: "},
        {"hang_up: {share: 110%, after: 2s}", "out of range"},
        {"hang_up: {share: 10%, after: 0 tokens}", "does not fit"},
        {"hang_up: {share: 10%, after: 0s}", "does not fit"},
        {"hang_up: {share: 10%, after: 5}", "does not fit"},
        {"hang_up: {share: 10%, after: uniform 5..5 tokens}", "does not fit"},
        {"hang_up: {share: 10%, after: uniform 1 tokens..5 tokens}", "does not fit"},
        {"hang_up: {share: 10%, after: uniform 2s}", "does not fit"},
        {"hang_up: {share: 10%, after: 3h}", "does not fit"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        char load[200];
        struct err err = {0};
        AUTO(plan_free) struct plan *p = NULL;

        (void)snprintf(load, sizeof load, POISSON "requests: 5, %s", wrong[i].load);
        p = plan_loading(load, &err);
        if (p || !strstr(err.text, wrong[i].words))
            fail_msg("%s: %s", wrong[i].load, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_hang_up_as_the_plan_says_and_when_it_says),
        cmocka_unit_test(a_longer_schedule_begins_with_the_shorter_one),
        cmocka_unit_test(hang_ups_draw_from_a_stream_of_their_own),
        cmocka_unit_test(a_capacity_pilot_waits_for_its_answers),
        cmocka_unit_test(what_cannot_be_meant_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
