/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait for others, in the schedule: sessions that are drawn, rows of a profile. */
#include "plan/schedule.h"
#include "harness/fault.h"
#include "harness/unit.h"
#include <math.h>
#include <stdio.h>
#include <unistd.h>

static int try_build(struct schedule **ret, const char *workload, const char *load,
                     const char *more, struct err *err)
{
    AUTO(plan_free) struct plan *p = NULL;
    char text[1024];
    int r;

    (void)snprintf(text, sizeof text,
                   "asrun: 1\nworkload: {%s}\nload: {%s}\nexclude: {warm_up: none}\n"
                   "target: {url: \"http://127.0.0.1:8080/v1\", model: default}\n%s\n",
                   workload, load, more);
    r = plan_parse(&p, text, "plan.yaml", NULL, 0, err);
    return r < 0 ? r : schedule_build(ret, p, err);
}

static struct schedule *built(const char *workload, const char *load, const char *more)
{
    struct schedule *s = NULL;
    struct err err = {0};

    if (try_build(&s, workload, load, more, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}

#define FIXED "fixed: {input_tokens: 30, output_tokens: 10, shared_prefix_tokens: 8}"

static void a_turn_waits_for_the_one_before_and_begins_with_it(void **state)
{
    AUTO(schedule_free)
    struct schedule *s = built(FIXED ", sessions: {turns: 4, think_time: 3s}",
                               "arrivals: constant, rate: 2/s, duration: 5s", "trials: {count: 2}");

    (void)state;
    assert_int_equal(s->count, 2 * 10 * 4);
    assert_close(s->offered_per_s, 0, 0);
    for (size_t i = 0; i < s->count; i++) {
        const struct item *item = &s->items[i];
        int32_t turn = (int32_t)(i % 4);

        assert_int_equal(item->turn, turn);
        assert_int_equal(item->group, i % 40 / 4);
        assert_int_equal(item->input_tokens, 30 + turn * 40);
        assert_int_equal(item->reuse_tokens, turn ? 30 + (turn - 1) * 40 : i % 40 > 0 ? 8 : 0);
        assert_int_equal(item->trigger, turn ? TRIGGER_AFTER : TRIGGER_AT);
        assert_int_equal(item->at_ns, turn ? TIME_NONE : (int64_t)(i % 40 / 4) * NS_PER_S / 2);
        assert_int_equal(item->think_ns, turn ? 3 * NS_PER_S : 0);
        assert_int_equal(item->after_count, turn > 0);
        assert_int_equal(item->block_count, turn == 0);
        if (turn)
            assert_int_equal(s->after[item->after_first], i - 1);
    }
    assert_int_equal(schedule_last_at(s, 1), 4500 * NS_PER_MS);
}

static void a_longer_schedule_begins_with_the_shorter(void **state)
{
    static const char workload[] = "profile: mooncake-conversation, sessions: {turns: geometric 3, "
                                   "think_time: exponential 2s}";
    AUTO(schedule_free)
    struct schedule *a = built(workload, "arrivals: poisson, rate: 4/s, requests: 50", "");
    AUTO(schedule_free)
    struct schedule *b = built(workload, "arrivals: poisson, rate: 4/s, requests: 500", "");
    AUTO(schedule_free)
    struct schedule *c =
        built(workload, "arrivals: poisson, rate: 4/s, requests: 50, threads: 7", "");

    (void)state;
    assert_int_equal(a->count, 50);
    assert_int_equal(b->count, 500);
    assert_true(digest_equal(&a->digest, &c->digest)); /* threads do not matter */
    for (size_t i = 0; i < 50; i++) {
        assert_int_equal(a->items[i].at_ns, b->items[i].at_ns);
        assert_int_equal(a->items[i].think_ns, b->items[i].think_ns);
        assert_int_equal(a->items[i].input_tokens, b->items[i].input_tokens);
        assert_int_equal(a->items[i].turn, b->items[i].turn);
        assert_int_equal(a->items[i].group, b->items[i].group);
    }
}

static size_t sessions_of(const struct schedule *s)
{
    return s->items[s->count - 1].group + 1;
}

static void turns_are_as_many_as_asked_for(void **state)
{
    static const char load[] = "arrivals: closed, concurrency: 4, requests: 40000";
    AUTO(schedule_free)
    struct schedule *range = built(FIXED ", sessions: {turns: 2..6}", load, "");
    AUTO(schedule_free)
    struct schedule *geometric = built(FIXED ", sessions: {turns: geometric 4}", load, "");
    AUTO(schedule_free) struct schedule *one = built(FIXED ", sessions: {turns: 1}", load, "");
    AUTO(schedule_free) struct schedule *none = built(FIXED, load, "");
    size_t singles = 0;

    (void)state;
    for (size_t i = 0; i < range->count; i++)
        assert_true(range->items[i].turn < 6);
    assert_close(40000.0 / (double)sessions_of(range), 4, 0.05); /* 3 sd of a mean of 10,000 */
    assert_close(40000.0 / (double)sessions_of(geometric), 4, 0.11);
    for (size_t i = 0; i + 1 < geometric->count; i++)
        singles += geometric->items[i].turn == 0 && geometric->items[i + 1].turn == 0;
    assert_close((double)singles / (double)sessions_of(geometric), 0.25, 0.014);
    assert_true(digest_equal(&one->digest, &none->digest)); /* sessions of one are requests */
}

static void think_times_have_their_distribution_and_move_the_digest(void **state)
{
    static const char load[] = "arrivals: closed, concurrency: 4, requests: 20000";
    AUTO(schedule_free)
    struct schedule *s =
        built(FIXED ", sessions: {turns: 20, think_time: exponential 2s}", load, "");
    AUTO(schedule_free)
    struct schedule *other =
        built(FIXED ", sessions: {turns: 20, think_time: exponential 3s}", load, "");
    double sum = 0, longer = 0, n = 0;

    (void)state;
    for (size_t i = 0; i < s->count; i++)
        if (s->items[i].turn > 0) {
            sum += (double)s->items[i].think_ns / 1e9;
            longer += s->items[i].think_ns > 2 * NS_PER_S;
            n++;
        }
    assert_close(sum / n, 2, 0.05);
    assert_close(longer / n, exp(-1), 0.012);
    assert_false(digest_equal(&s->digest, &other->digest));
}

/* A file with these rows, as the workload's profile. */
static const char *profile(const char *rows)
{
    static char workload[200];
    char path[] = "/tmp/asrun-sessions-XXXXXX";
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");

    assert_non_null(f);
    (void)fprintf(f,
                  "{\"asrun_profile\": {\"version\": 1, \"form\": \"rows\", \"name\": \"w\", "
                  "\"block_tokens\": 4}}\n%s",
                  rows);
    assert_int_equal(fclose(f), 0);
    (void)snprintf(workload, sizeof workload, "profile: \"%s\"", path);
    return workload;
}

static void forget(const char *workload)
{
    char path[100];

    assert_int_equal(sscanf(workload, "profile: \"%99[^\"]", path), 1);
    assert_int_equal(unlink(path), 0);
}

#define ROW(t, in, out, more)                                                                      \
    "{\"timestamp\": " #t ", \"input_length\": " #in ", \"output_length\": " #out more "}\n"

static const char rows[] =
    ROW(0, 10, 5, ", \"session_id\": \"a\", \"hash_ids\": [7, 8]") ROW(1000, 20, 3, ", \"id\": 1")
        ROW(2000, 31, 4, ", \"session_id\": \"a\", \"delay\": 500") ROW(2500, 20, 3, ", \"id\": 2")
            ROW(3000, 12, 3, ", \"after\": [1, 2], \"delay\": 0, \"hash_ids\": [7]")
                ROW(4000, 12, 3, ", \"session_id\": 9")
                    ROW(5000, 60, 3,
                        ", \"session_id\": \"a\", \"delay\": 250.5, \"hash_ids\": [7, 8, 9]");

static void rows_wait_for_those_that_they_name(void **state)
{
    const char *w = profile(rows);
    AUTO(schedule_free)
    struct schedule *s = built(w, "arrivals: replay, speedup: 2", "trials: {count: 2}");
    const struct item *item = s->items + 7;
    static const uint32_t groups[] = {0, 1, 0, 1, 1, 2, 0};

    (void)state;
    forget(w);
    assert_int_equal(s->count, 14);
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(item[i].group, groups[i]); /* 1 and 3 hang together by what joins them */
    assert_int_equal(item[1].at_ns, 500 * NS_PER_MS);
    assert_true(item[2].history);
    assert_int_equal(item[2].think_ns, 250 * NS_PER_MS); /* at twice the speed */
    assert_int_equal(item[2].input_tokens, 31);
    assert_int_equal(item[2].reuse_tokens, 10);
    assert_false(item[4].history);
    assert_int_equal(item[4].after_count, 2);
    assert_int_equal(s->after[item[4].after_first], 8);
    assert_int_equal(s->after[item[4].after_first + 1], 10);
    assert_int_equal(item[4].reuse_tokens, 4);
    assert_int_equal(item[5].trigger, TRIGGER_AT);
    assert_false(item[6].history); /* its blocks say what it begins with */
    assert_int_equal(item[6].turn, 2);
    assert_int_equal(item[6].think_ns, 125250 * NS_PER_US);
}

static void a_slice_begins_sessions_where_it_cuts_them(void **state)
{
    const char *w = profile(rows);
    char cut[300];
    AUTO(schedule_free) struct schedule *s = NULL;

    (void)state;
    (void)snprintf(cut, sizeof cut, "%s, slice: {from: 1500ms}, scale: {lengths: 1/2}", w);
    s = built(cut, "arrivals: replay", "");
    forget(w);
    assert_int_equal(s->count, 5);
    assert_int_equal(s->items[0].trigger, TRIGGER_AT); /* a's second turn, now its first */
    assert_int_equal(s->items[0].at_ns, 500 * NS_PER_MS);
    assert_int_equal(s->items[0].input_tokens, 16);
    assert_int_equal(s->items[2].after_count, 1); /* of the two only the second is left */
    assert_int_equal(s->after[s->items[2].after_first], 1);
    assert_int_equal(s->items[4].after_count, 1);
}

static void refuses(const char *workload, const char *load, const char *more, const char *words)
{
    AUTO(schedule_free) struct schedule *s = NULL;
    struct err err = {0};

    assert_int_equal(try_build(&s, workload, load, more, &err), -EINVAL);
    if (!strstr(err.text, words))
        fail_msg("'%s' is not in '%s'", words, err.text);
}

static void what_sessions_cannot_be_is_refused(void **state)
{
    const char *w = profile(rows);

    (void)state;
    refuses(w, "arrivals: poisson, rate: 1/s, requests: 5", "",
            "load.arrivals: would take the profile's sessions apart");
    refuses(w, "arrivals: replay, capacity: {requests: 5}", "",
            "load.capacity.requests: measures independent requests");
    forget(w);
    refuses(FIXED ", sessions: {turns: 3}", "arrivals: poisson, requests: 5", "",
            "load.rate: is missing");
    refuses(FIXED ", sessions: {think_time: 3s}", "arrivals: poisson, rate: 1/s, requests: 5", "",
            "workload.sessions.think_time: is of no sessions");
    refuses(FIXED ", sessions: {turns: 6..2}", "arrivals: poisson, rate: 1/s, requests: 5", "",
            "workload.sessions.turns: '6..2' does not fit");
    refuses(FIXED ", sessions: {turns: geometric 0.5}", "arrivals: poisson, rate: 1/s, requests: 5",
            "", "geometric 4, from 1 to 1000");
    refuses("profile: \"mooncake-conversation\", scale: {lengths: 1000}, sessions: {turns: 1000}",
            "arrivals: closed, concurrency: 1, requests: 1000", "",
            "prompt grows beyond 100000000 tokens");
}

static void survives_every_failed_allocation(void **state)
{
    int r = -ENOMEM;

    (void)state;
    for (int nth = 0; r == -ENOMEM && nth < 400; nth++) {
        AUTO(schedule_free) struct schedule *s = NULL;
        struct err err = {0};

        fault_alloc(nth);
        r = try_build(&s, FIXED ", sessions: {turns: 3}",
                      "arrivals: poisson, rate: 9/s, requests: 30", "", &err);
        fault_alloc(-1);
        assert_int_equal(r == 0, s != NULL);
    }
    assert_int_equal(r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_waits_for_the_one_before_and_begins_with_it),
        cmocka_unit_test(a_longer_schedule_begins_with_the_shorter),
        cmocka_unit_test(turns_are_as_many_as_asked_for),
        cmocka_unit_test(think_times_have_their_distribution_and_move_the_digest),
        cmocka_unit_test(rows_wait_for_those_that_they_name),
        cmocka_unit_test(a_slice_begins_sessions_where_it_cuts_them),
        cmocka_unit_test(what_sessions_cannot_be_is_refused),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
