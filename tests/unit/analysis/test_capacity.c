/* SPDX-License-Identifier: Apache-2.0 */
#include "story.h"

/* One trial by the plan; the story's second is its pilot: 100 starts, 250 ms apart. */
static const struct story piloted = {.yaml = STORY_UNASKED "seed: 1\n", .trials = 2};

static void the_pilot_is_excluded_and_tells_capacity(void **state)
{
    AUTO(told_release) struct told t = tell(piloted);
    const struct capacity *c = &t.analysis->capacity;
    const struct ledger *l = &t.analysis->ledger;

    (void)state;
    assert_int_equal(t.result, 0);
    assert_int_equal(l->total.scheduled, 200);
    assert_int_equal(l->total.pilot, 100);
    assert_int_equal(l->total.counted, 80);
    assert_int_equal(l->pilot.pilot, 100);
    assert_int_equal(l->trial_count, 1);
    assert_true(ledger_balances(&l->total));
    assert_int_equal(c->requests, 100);
    assert_close(c->per_s, (100 - 16) / (99 * 0.25), 1e-9);
    assert_close(c->offered_per_s, 4, 1e-9);
    assert_close(c->share, 4 / c->per_s, 1e-9);
    assert_true(has_reason(&t, "more was offered than the target can serve"));
}

static void a_pilot_with_failures_tells_nothing(void **state)
{
    struct story s = piloted;
    struct told t;

    (void)state;
    s.fail_every = 50;
    t = tell(s);
    assert_int_equal(t.analysis->capacity.failed, 2);
    assert_true(isnan(t.analysis->capacity.per_s));
    assert_true(has_reason(&t, "the capacity pilot tells nothing"));
    told_release(&t);
}

static void without_a_pilot_there_is_no_capacity(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){0});

    (void)state;
    assert_int_equal(t.analysis->pilot.count, 0);
    assert_true(isnan(t.analysis->capacity.share));
    assert_int_equal(t.analysis->ledger.total.pilot, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pilot_is_excluded_and_tells_capacity),
        cmocka_unit_test(a_pilot_with_failures_tells_nothing),
        cmocka_unit_test(without_a_pilot_there_is_no_capacity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
