/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/schedule.h"
#include "plan/prefix.h"
#include "harness/fault.h"
#include "harness/unit.h"

static struct schedule *built(const char *workload, const char *load, const char *more)
{
    AUTO(plan_free) struct plan *p = NULL;
    struct schedule *s = NULL;
    struct err err = {0};
    char text[1024];

    (void)snprintf(text, sizeof text,
                   "asrun: 1\nworkload: {%s}\nload: {%s}\nexclude: {warm_up: none}\n"
                   "target: {url: \"http://127.0.0.1:8080/v1\", model: default}\n%s\n",
                   workload, load, more);
    if (plan_parse(&p, text, "plan.yaml", NULL, 0, &err) < 0 || schedule_build(&s, p, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}

static struct schedule *rows(const char *more_workload, const char *load, const char *more)
{
    const char *source = getenv("SOURCE");
    char workload[700];

    if (!source)
        skip();
    (void)snprintf(workload, sizeof workload, "profile: \"%s/tests/vectors/plans/rows.jsonl\"%s",
                   source, more_workload);
    return built(workload, load, more);
}

#define FIXED "fixed: {input_tokens: 32, output_tokens: 100}"

static void constant_arrivals_are_where_arithmetic_says(void **state)
{
    AUTO(schedule_free)
    struct schedule *s =
        built(FIXED, "arrivals: constant, rate: 4/s, duration: 10s", "trials: {count: 2}");

    (void)state;
    assert_int_equal(s->trials, 2);
    assert_int_equal(s->count, 80);
    assert_int_equal(s->trial_first[1], 40);
    assert_int_equal(s->trial_first[2], 80);
    for (size_t i = 0; i < s->count; i++) {
        assert_int_equal(s->items[i].at_ns, (int64_t)(i % 40) * 250 * NS_PER_MS);
        assert_int_equal(s->items[i].trial, i / 40);
        assert_int_equal(s->items[i].input_tokens, 32);
        assert_int_equal(s->items[i].output_tokens, 100);
        assert_int_equal(s->items[i].trigger, TRIGGER_AT);
    }
    assert_close(s->offered_per_s, 4, 1e-9);
}

static void a_longer_schedule_begins_with_the_shorter(void **state)
{
    static const char *const kinds[] = {"poisson", "gamma", "constant"};

    (void)state;
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        char small[80], large[80];
        AUTO(schedule_free) struct schedule *a = NULL, *b = NULL;

        (void)snprintf(small, sizeof small, "arrivals: %s, rate: 4/s, requests: 10", kinds[k]);
        (void)snprintf(large, sizeof large, "arrivals: %s, rate: 4/s, requests: 100", kinds[k]);
        a = built("profile: mooncake-conversation", small, "");
        b = built("profile: mooncake-conversation", large, "");
        assert_int_equal(a->count, 10);
        assert_int_equal(b->count, 100);
        assert_int_equal(a->prompt_seed, b->prompt_seed);
        for (size_t i = 0; i < a->count; i++) {
            assert_int_equal(a->items[i].at_ns, b->items[i].at_ns);
            assert_int_equal(a->items[i].input_tokens, b->items[i].input_tokens);
            assert_int_equal(a->items[i].output_tokens, b->items[i].output_tokens);
        }
        assert_false(digest_equal(&a->digest, &b->digest));
    }
}

static void only_the_workload_the_load_and_the_seed_matter(void **state)
{
    static const char load[] = "arrivals: poisson, rate: 50/s, duration: 4s";
    AUTO(schedule_free) struct schedule *a = built(FIXED, load, "");
    AUTO(schedule_free)
    struct schedule *b =
        built(FIXED, "arrivals: poisson, rate: 50/s, duration: 4s, threads: 4, max_in_flight: 2",
              "question: why\nregime: cost");
    AUTO(schedule_free) struct schedule *c = built(FIXED, load, "seed: 2");

    (void)state;
    assert_true(digest_equal(&a->digest, &b->digest));
    assert_false(digest_equal(&a->digest, &c->digest));
    assert_int_not_equal(a->prompt_seed, c->prompt_seed);
}

static void drawn_arrivals_have_the_rate_that_was_asked(void **state)
{
    AUTO(schedule_free)
    struct schedule *s =
        built(FIXED, "arrivals: gamma, burstiness: 0.5, rate: 100/s, duration: 100s", "");

    (void)state;
    /* 10,000 gaps with cv 1.41: the count's standard deviation is 141 */
    assert_true(s->count > 10000 - 700 && s->count < 10000 + 700);
    for (size_t i = 1; i < s->count; i++)
        assert_true(s->items[i].at_ns >= s->items[i - 1].at_ns);
    assert_true(s->items[s->count - 1].at_ns < 100 * NS_PER_S);
}

static void trials_of_a_drawn_schedule_differ(void **state)
{
    AUTO(schedule_free)
    struct schedule *s = built("profile: azure-2023-conversation",
                               "arrivals: poisson, requests: 50", "trials: {count: 2}");
    size_t same = 0;

    (void)state;
    assert_int_equal(s->count, 100);
    for (size_t i = 0; i < 50; i++)
        same += s->items[i].at_ns == s->items[50 + i].at_ns;
    assert_int_equal(same, 0);
    assert_close(s->production_rate_per_s, 5.530136, 1e-6);
}

static void a_closed_loop_waits_for_slots(void **state)
{
    AUTO(schedule_free)
    struct schedule *s = built(FIXED, "arrivals: closed, concurrency: 4, requests: 20", "");
    AUTO(schedule_free)
    struct schedule *t = built(FIXED, "arrivals: closed, concurrency: 4, duration: 2s", "");

    (void)state;
    assert_int_equal(s->count, 20);
    assert_int_equal(s->items[3].trigger, TRIGGER_SLOT_FREE);
    assert_int_equal(s->items[3].at_ns, TIME_NONE);
    assert_close(s->offered_per_s, 0, 0);
    assert_int_equal(t->count, SCHEDULE_CLOSED_ITEMS);
}

static void a_shared_prefix_is_reused_from_the_second_item_of_a_trial(void **state)
{
    AUTO(schedule_free)
    struct schedule *s =
        built("fixed: {input_tokens: 32, output_tokens: 8, shared_prefix_tokens: 12}",
              "arrivals: constant, rate: 1/s, requests: 3", "trials: {count: 2}");

    (void)state;
    assert_int_equal(s->block_tokens, 12);
    for (size_t i = 0; i < s->count; i++) {
        assert_int_equal(s->items[i].block_count, 1);
        assert_int_equal(s->blocks[s->items[i].block_first], 0);
        assert_int_equal(s->items[i].reuse_tokens, i % 3 == 0 ? 0 : 12);
    }
}

static void a_replay_repeats_the_rows_in_each_trial(void **state)
{
    static const int64_t at_ms[] = {0, 1000, 1500, 4000, 9000, 60000};
    static const int reuse[] = {0, 32, 16, 64, 0, 64}; /* blocks of 16 that earlier rows had */
    AUTO(schedule_free) struct schedule *s = rows("", "arrivals: replay", "trials: {count: 2}");

    (void)state;
    assert_int_equal(s->count, 12);
    assert_int_equal(s->block_tokens, 16);
    for (size_t i = 0; i < s->count; i++) {
        const struct item *item = &s->items[i];

        assert_int_equal(item->at_ns, at_ms[i % 6] * NS_PER_MS);
        assert_int_equal(item->reuse_tokens, reuse[i % 6]);
        assert_true((int64_t)item->block_count * s->block_tokens <= item->input_tokens);
    }
    assert_int_equal(s->items[5].input_tokens, 100);
    assert_int_equal(s->items[5].output_tokens, 30);
    assert_close(s->production_span_s, 60, 1e-9);
}

static void a_scaled_slice_is_shorter_and_slower(void **state)
{
    AUTO(schedule_free)
    struct schedule *s = rows(", slice: {from: 1s, for: 8s}, scale: {lengths: 1/4, rate: 1/8}",
                              "arrivals: replay, speedup: 2", "");
    const int64_t at_ms[] = {0, 2000, 12000}; /* (0, 500, 3000) * 8 / 2 */
    const int32_t input[] = {18, 8, 16}, output[] = {5, 1, 2};

    (void)state;
    assert_int_equal(s->count, 3);
    assert_int_equal(s->block_tokens, 4);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(s->items[i].at_ns, at_ms[i] * NS_PER_MS);
        assert_int_equal(s->items[i].input_tokens, input[i]);
        assert_int_equal(s->items[i].output_tokens, output[i]);
    }
}

static void a_replay_may_end_early(void **state)
{
    AUTO(schedule_free) struct schedule *a = rows("", "arrivals: replay, requests: 2", "");
    AUTO(schedule_free) struct schedule *b = rows("", "arrivals: replay, duration: 4s", "");

    (void)state;
    assert_int_equal(a->count, 2);
    assert_int_equal(b->count, 3);
}

static void too_many_items_are_refused_before_they_are_built(void **state)
{
    AUTO(plan_free) struct plan *p = NULL;
    struct schedule *s = NULL;
    struct err err = {0};
    const char *text = "asrun: 1\nworkload: {" FIXED "}\n"
                       "target: {url: \"http://127.0.0.1:8080/v1\", model: default}\n"
                       "load: {arrivals: poisson, rate: 1000000/s, duration: 2h}\n";

    (void)state;
    assert_int_equal(plan_parse(&p, text, "plan.yaml", NULL, 0, &err), 0);
    assert_int_equal(schedule_build(&s, p, &err), -EINVAL);
    assert_non_null(strstr(err.text, "more than 50000000 items"));
    assert_null(s);
}

static void the_digest_is_the_documented_one(void **state)
{
    AUTO(schedule_free)
    struct schedule *s =
        built("fixed: {input_tokens: 32, output_tokens: 8, shared_prefix_tokens: 12}",
              "arrivals: constant, rate: 1/s, requests: 2", "");
    AUTO(hasher_free) struct hasher *h = hasher_new();
    const int64_t fields[] = {12, 1, 2, 0, 0, 0, 32, 8, 1, 0, 0, 0, NS_PER_S, 32, 8, 1, 0};
    struct digest d;

    (void)state;
    hasher_add_i64(h, (int64_t)s->prompt_seed);
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        hasher_add_i64(h, fields[i]);
    d = hasher_end(h);
    assert_true(digest_equal(&d, &s->digest));
}

static void the_prefix_set_knows_only_leading_runs(void **state)
{
    AUTO(prefix_release) struct prefix_set set = {0};
    const uint32_t a[] = {1, 2, 3}, b[] = {2, 3}, c[] = {1, 2, 4, 3};
    uint32_t known = 9;

    (void)state;
    assert_int_equal(prefix_add(&set, &known, a, 3), 0);
    assert_int_equal(known, 0);
    assert_int_equal(prefix_add(&set, &known, b, 2), 0);
    assert_int_equal(known, 0);
    assert_int_equal(prefix_add(&set, &known, c, 4), 0);
    assert_int_equal(known, 2);
    for (uint32_t i = 0; i < 5000; i++) { /* grows */
        const uint32_t chain[] = {7, i};

        assert_int_equal(prefix_add(&set, &known, chain, 2), 0);
        assert_int_equal(known, i > 0);
    }
    assert_int_equal(prefix_add(&set, &known, a, 3), 0);
    assert_int_equal(known, 3);
    prefix_clear(&set);
    assert_int_equal(prefix_add(&set, &known, a, 3), 0);
    assert_int_equal(known, 0);
}

static void survives_every_failed_allocation(void **state)
{
    AUTO(plan_free) struct plan *p = NULL;
    struct err err = {0};
    const char *text =
        "asrun: 1\ntarget: {url: \"http://127.0.0.1:8080/v1\", model: default}\n"
        "workload: {fixed: {input_tokens: 32, output_tokens: 8, shared_prefix_tokens: 12}}\n"
        "load: {arrivals: poisson, rate: 9/s, requests: 50}\nexclude: {warm_up: none}\n";
    int r = -ENOMEM;

    (void)state;
    assert_int_equal(plan_parse(&p, text, "plan.yaml", NULL, 0, &err), 0);
    for (int nth = 0; r == -ENOMEM && nth < 200; nth++) {
        AUTO(schedule_free) struct schedule *s = NULL;

        fault_alloc(nth);
        r = schedule_build(&s, p, &err);
        fault_alloc(-1);
        assert_int_equal(r == 0, s != NULL);
    }
    assert_int_equal(r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constant_arrivals_are_where_arithmetic_says),
        cmocka_unit_test(a_longer_schedule_begins_with_the_shorter),
        cmocka_unit_test(only_the_workload_the_load_and_the_seed_matter),
        cmocka_unit_test(drawn_arrivals_have_the_rate_that_was_asked),
        cmocka_unit_test(trials_of_a_drawn_schedule_differ),
        cmocka_unit_test(a_closed_loop_waits_for_slots),
        cmocka_unit_test(a_shared_prefix_is_reused_from_the_second_item_of_a_trial),
        cmocka_unit_test(a_replay_repeats_the_rows_in_each_trial),
        cmocka_unit_test(a_scaled_slice_is_shorter_and_slower),
        cmocka_unit_test(a_replay_may_end_early),
        cmocka_unit_test(too_many_items_are_refused_before_they_are_built),
        cmocka_unit_test(the_digest_is_the_documented_one),
        cmocka_unit_test(the_prefix_set_knows_only_leading_runs),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
