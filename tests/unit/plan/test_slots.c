/* SPDX-License-Identifier: Apache-2.0 */
/* Stages of a closed loop, its opening, and stages that repeat. */
#include "built.h"

#define S NS_PER_S

static void assert_steps(const struct schedule *s, const struct slot_step *want, size_t n)
{
    assert_int_equal(s->slot_step_count, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(s->slot_steps[i].at_ns, want[i].at_ns);
        assert_int_equal(s->slot_steps[i].slots, want[i].slots);
    }
}

static void stages_are_steps_and_ramps(void **state)
{
    static const struct slot_step want[] = {{0, 8},      {10 * S, 2}, {21 * S, 3}, {23 * S, 4},
                                            {25 * S, 5}, {27 * S, 6}, {29 * S, 7}, {30 * S, 0}};
    AUTO(schedule_free)
    struct schedule *s =
        schedule_loading("arrivals: closed, stages: [{concurrency: 8, for: 10s}, "
                         "{concurrency: 2, for: 10s}, {concurrency: 2..7, for: 10s}, "
                         "{concurrency: 0, for: 5s}]");

    (void)state;
    assert_steps(s, want, COUNT_OF(want));
}

static void what_a_stage_adds_opens_over_the_time_that_is_said(void **state)
{
    static const struct slot_step want[] = {{0, 1},      {1 * S, 2},
                                            {10 * S, 3}, {10 * S + 500000000, 4},
                                            {11 * S, 5}, {11 * S + 500000000, 6}};
    static const struct slot_step whole[] = {{0, 1}, {S / 4, 2}, {S / 2, 3}, {3 * S / 4, 4}};
    AUTO(schedule_free)
    struct schedule *s =
        schedule_loading("arrivals: closed, opening: 2s, stages: [{concurrency: 2, for: 10s},"
                         " {concurrency: 6, for: 10s}]");
    AUTO(schedule_free)
    struct schedule *t =
        schedule_loading("arrivals: closed, opening: 1s, concurrency: 4, requests: 10");

    (void)state;
    assert_steps(s, want, COUNT_OF(want));
    assert_steps(t, whole, COUNT_OF(whole));
}

static void stages_repeat(void **state)
{
    static const struct slot_step want[] = {{0, 4}, {S, 0}, {3 * S, 4}, {4 * S, 0}};
    AUTO(schedule_free)
    struct schedule *s =
        schedule_loading("arrivals: closed, repeat: 2, stages: [{concurrency: 4, for: 1s}, "
                         "{concurrency: 0, for: 2s}]");
    AUTO(schedule_free)
    struct schedule *bursts =
        schedule_loading("arrivals: constant, repeat: 3, stages: [{rate: 50/s, for: "
                         "1s}, {rate: 0/s, for: 4s}]");

    (void)state;
    assert_steps(s, want, COUNT_OF(want));
    assert_in_range(bursts->count, 148, 150);
    for (size_t i = 0; i < bursts->count; i++)
        assert_true(bursts->items[i].at_ns % (5 * S) < S);
}

/* Without any of it there are no steps, and the digest is that of before. */
static void a_plain_closed_loop_has_no_steps(void **state)
{
    AUTO(schedule_free)
    struct schedule *s = schedule_loading("arrivals: closed, concurrency: 4, requests: 10");
    AUTO(schedule_free)
    struct schedule *t =
        schedule_loading("arrivals: closed, concurrency: 4, requests: 10, opening: 1s");

    (void)state;
    assert_int_equal(s->slot_step_count, 0);
    assert_string_not_equal(digest_hex(&s->digest).text, digest_hex(&t->digest).text);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(s->items[i].trigger, TRIGGER_SLOT_FREE);
}

static void what_cannot_be_meant_is_refused(void **state)
{
    static const struct {
        const char *load, *words;
    } wrong[] = {
        {"arrivals: closed, stages: [{rate: 2/s, for: 1s}]", "have rates; a closed loop has"},
        {"arrivals: poisson, stages: [{concurrency: 2, for: 1s}]", "are for arrivals: closed"},
        {"arrivals: closed, stages: [{concurrency: 0, for: 1s}]", "have no slots"},
        {"arrivals: closed, stages: [{concurrency: 2/s, for: 1s}]", "is no concurrency"},
        {"arrivals: closed, stages: [{concurrency: 2..}]", "must be a map"},
        {"arrivals: closed, stages: [{concurrency: 2, rate: 1/s, for: 1s}]", "must be a map"},
        {"arrivals: closed, stages: [{concurrency: 2, for: 1s, x: 1}]", "is not a key here"},
        {"arrivals: closed, concurrency: 3, stages: [{concurrency: 2, for: 1s}]",
         "load.concurrency: and load.stages exclude each other"},
        {"arrivals: closed, opening: 2s, stages: [{concurrency: 2, for: 1s}]",
         "load.opening: is longer than a stage"},
        {"arrivals: poisson, rate: 1/s, requests: 5, opening: 2s",
         "load.opening: is for arrivals: closed only"},
        {"arrivals: poisson, rate: 1/s, requests: 5, repeat: 2", "load.repeat: is of load.stages"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct err err = {0};
        AUTO(plan_free) struct plan *p = plan_loading(wrong[i].load, &err);

        if (p || !strstr(err.text, wrong[i].words))
            fail_msg("%s: %s", wrong[i].load, err.text);
    }
}

static void the_effective_plan_reads_back(void **state)
{
    struct err err = {0};
    AUTO(plan_free)
    struct plan *p =
        plan_loading("arrivals: closed, opening: 1s, repeat: 3, stages: [{concurrency: 8, "
                     "for: 10s}, {concurrency: 8..32, for: 10s}]",
                     &err);
    AUTO(plan_free) struct plan *again = NULL;

    (void)state;
    assert_non_null(p);
    assert_int_equal(plan_parse(&again, p->effective, "effective", NULL, 0, &err), 0);
    assert_string_equal(again->effective, p->effective);
    assert_int_equal(again->load.concurrency, 32);
    assert_int_equal(again->load.duration_ns, 60 * S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stages_are_steps_and_ramps),
        cmocka_unit_test(what_a_stage_adds_opens_over_the_time_that_is_said),
        cmocka_unit_test(stages_repeat),
        cmocka_unit_test(a_plain_closed_loop_has_no_steps),
        cmocka_unit_test(what_cannot_be_meant_is_refused),
        cmocka_unit_test(the_effective_plan_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
