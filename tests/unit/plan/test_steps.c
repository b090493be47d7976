/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/unit.h"
#include "plan/schedule.h"
#include "plan/steps.h"

#define PLAN                                                                                       \
    "asrun: 1\n"                                                                                   \
    "workload: {fixed: {input_tokens: 16, output_tokens: 4}}\n"                                    \
    "target: {url: \"http://127.0.0.1:9/v1\", model: m}\n"                                         \
    "exclude: {warm_up: none}\n"                                                                   \
    "regime: latency\n"                                                                            \
    "good: [{metric: latency.due@1, at_most: 1s}]\n"
#define LOAD "load: {arrivals: poisson, requests: 20}\n"
#define TWO LOAD "sweep: {over: {load.rate: {from: 2/s, to: 8/s, factor: 2}, declare.p: [a, b]}"

static struct plan *parsed(const char *text)
{
    struct plan *p = NULL;
    struct err err = {0};

    if (plan_parse(&p, text, "p", NULL, 0, &err) < 0)
        fail_msg("%s", err.text);
    return p;
}

static void refused(const char *text, const char *words)
{
    struct plan *p = NULL;
    struct err err = {0};

    assert_int_equal(plan_parse(&p, text, "p", NULL, 0, &err), -EINVAL);
    if (!strstr(err.text, words))
        fail_msg("'%s' does not say '%s'", err.text, words);
}

static void words_of(char *buf, size_t size, const struct plan *p, size_t i)
{
    struct plan_step s;

    plan_sweep_step(&s, p, i);
    plan_step_words(buf, size, &s);
}

static void every_combination_the_last_key_fastest(void **state)
{
    AUTO(plan_free) struct plan *p = parsed(PLAN TWO "}");
    static const char *const want[] = {"load.rate 2/s, declare.p a", "load.rate 2/s, declare.p b",
                                       "load.rate 4/s, declare.p a", "load.rate 4/s, declare.p b",
                                       "load.rate 8/s, declare.p a", "load.rate 8/s, declare.p b"};
    char words[120];

    (void)state;
    assert_int_equal(plan_sweep_steps(p), 6);
    for (size_t i = 0; i < 6; i++) {
        words_of(words, sizeof words, p, i);
        assert_string_equal(words, want[i]);
    }
    assert_close(p->load.rate_per_s, 2, 1e-12); /* the whole stands for its first step */
}

static void zip_takes_the_first_values_together(void **state)
{
    AUTO(plan_free)
    struct plan *p =
        parsed(PLAN LOAD "sweep: {over: {load.rate: [2/s, 9/s], declare.p: [a, b]}, combine: zip}");
    char words[120];

    (void)state;
    assert_int_equal(plan_sweep_steps(p), 2);
    words_of(words, sizeof words, p, 1);
    assert_string_equal(words, "load.rate 9/s, declare.p b");
}

static void a_shuffled_sweep_has_the_same_steps(void **state)
{
    AUTO(plan_free) struct plan *a = parsed(PLAN TWO "}");
    AUTO(plan_free) struct plan *b = parsed(PLAN TWO ", order: shuffled}");
    char x[120], y[120];
    int moved = 0;

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        int found = 0;

        words_of(x, sizeof x, a, i);
        for (size_t k = 0; k < 6; k++) {
            words_of(y, sizeof y, b, k);
            found += strcmp(x, y) == 0;
            moved += strcmp(x, y) == 0 && i != k;
        }
        assert_int_equal(found, 1);
    }
    assert_true(moved > 0);
}

/* Its schedule, too: a sweep changes nothing but what it sets. */
static void a_step_is_the_plan_with_its_values(void **state)
{
    AUTO(plan_free) struct plan *p = parsed(PLAN TWO "}");
    AUTO(plan_free)
    struct plan *plain =
        parsed(PLAN "load: {arrivals: poisson, requests: 20, rate: 4/s}\ndeclare: {p: b}");
    AUTO(plan_free) struct plan *step = NULL;
    AUTO(schedule_free) struct schedule *s = NULL, *t = NULL;
    struct plan_step set;
    struct err err = {0};

    (void)state;
    plan_sweep_step(&set, p, 3);
    assert_int_equal(plan_of_step(&step, p, &set, &err), 0);
    assert_string_equal(step->effective, plain->effective);
    assert_int_equal(schedule_build(&s, step, &err), 0);
    assert_int_equal(schedule_build(&t, plain, &err), 0);
    assert_memory_equal(&s->digest, &t->digest, sizeof s->digest);
}

static void the_effective_plan_reads_back_as_itself(void **state)
{
    AUTO(plan_free) struct plan *p = parsed(PLAN TWO ", order: shuffled}");
    AUTO(plan_free) struct plan *again = parsed(p->effective);

    (void)state;
    assert_string_equal(p->effective, again->effective);
}

static void a_repeat_has_twice_the_trials_and_other_draws(void **state)
{
    AUTO(plan_free)
    struct plan *p = parsed(PLAN LOAD "trials: {count: 3}\nseed: 7\n"
                                      "search: {key: load.rate, from: 1/s, to: 64/s}");
    AUTO(plan_free) struct plan *step = NULL;
    struct plan_step set;
    struct err err = {0};

    (void)state;
    plan_search_step(&set, p, 12.5, 2);
    assert_int_equal(plan_of_step(&step, p, &set, &err), 0);
    assert_close(step->load.rate_per_s, 12.5, 1e-12);
    assert_int_equal(step->trials.count, 12);
    assert_int_equal(step->seed, 9);
    assert_int_equal(step->search.key, SEARCH_NOTHING);
}

static void ranges_take_step_factor_or_count(void **state)
{
    AUTO(plan_free)
    struct plan *p =
        parsed(PLAN LOAD
               "sweep: {over: {load.rate: {from: 0.1/s, to: 0.5/s, step: 0.1/s},"
               " workload.fixed.output_tokens: {from: 10, to: 30, count: 3}}, combine: product}");

    (void)state;
    assert_int_equal(p->sweep.over[0].count, 5);
    assert_string_equal(p->sweep.over[0].values[2], "0.3/s");
    assert_int_equal(p->sweep.over[1].count, 3);
    assert_string_equal(p->sweep.over[1].values[1], "20");
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    refused(PLAN LOAD "sweep: {over: {load.rat: [1/s]}}", "is no key that takes one value");
    refused(PLAN LOAD "sweep: {over: {good: [1]}}", "is no key that takes one value");
    refused(PLAN LOAD "sweep: {over: {load.rate: 2/s}}", "is one value");
    refused(PLAN LOAD "sweep: {over: {load.rate: []}}", "has no values");
    refused(PLAN LOAD "sweep: {over: {load.rate: {from: 2/s, to: 4/s}}}", "is no range");
    refused(PLAN LOAD "sweep: {over: {load.rate: {from: 4/s, to: 2/s, count: 2}}}", "goes nowhere");
    refused(PLAN LOAD "sweep: {over: {load.rate: {from: 4/s, to: 8, count: 2}}}", "no number");
    refused(PLAN LOAD "sweep: {over: {load.rate: [2/s], seed: [1, 2]}, combine: zip}",
            "as many values");
    refused(PLAN LOAD "search: {key: load.rate, from: 4/s, to: 2/s}", "is not above");
    refused(PLAN LOAD "search: {key: load.rate, from: 4/s}", "search.to");
    refused(PLAN LOAD "load.rate: 2/s\nsearch: {from: 4/s}", "load.rate");
    refused(PLAN TWO "}\nsearch: {key: load.rate, from: 1/s, to: 2/s}", "exclude each other");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_the_last_key_fastest),
        cmocka_unit_test(zip_takes_the_first_values_together),
        cmocka_unit_test(a_shuffled_sweep_has_the_same_steps),
        cmocka_unit_test(a_step_is_the_plan_with_its_values),
        cmocka_unit_test(the_effective_plan_reads_back_as_itself),
        cmocka_unit_test(a_repeat_has_twice_the_trials_and_other_draws),
        cmocka_unit_test(ranges_take_step_factor_or_count),
        cmocka_unit_test(says_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
