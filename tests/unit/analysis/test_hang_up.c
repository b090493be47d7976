/* SPDX-License-Identifier: Apache-2.0 */
/* A fifth of the requests was drawn to hang up: 20 of each trial's 100, 16 of the 80 counted. */
#include "story.h"

enum { COUNTED = 240, DRAWN = 48 };

static void hung_up_after_events_a_request_shows_its_beginning(void **state)
{
    AUTO(told_release)
    struct told t = tell((struct story){.hang_up = HANG_UP_EVENTS, .hang_up_every = 5});

    (void)state;
    assert_int_equal(t.analysis->ledger.total.outcomes[OUTCOME_HUNG_UP], DRAWN);
    assert_true(ledger_balances(&t.analysis->ledger.total));
    assert_int_equal(summary_of(&t, "ttft.content.due@1")->n, COUNTED);
    assert_int_equal(summary_of(&t, "ttft.content.due@1")->censored, 0);
    assert_int_equal(summary_of(&t, "wait.client@1")->n, COUNTED);
    assert_int_equal(summary_of(&t, "itl.gap@1")->n, (COUNTED - DRAWN) * 9 + DRAWN * 3);
    assert_int_equal(summary_of(&t, "latency.due@1")->n, COUNTED - DRAWN);
    assert_int_equal(summary_of(&t, "latency.due@1")->censored, 0);
    assert_int_equal(summary_of(&t, "tpot.after_first@1")->n, COUNTED - DRAWN);
    assert_true(has_reason(&t, "48 of 240 counted requests hung up as planned"));
    assert_false(has_reason(&t, "did not succeed"));
}

static void a_planned_hang_up_is_no_error(void **state)
{
    AUTO(told_release)
    struct told t =
        tell((struct story){.hang_up = HANG_UP_EVENTS, .hang_up_every = 5, .fail_every = 40});
    const struct summary *errors = summary_of(&t, "errors.share@1");
    const struct summary *slo = summary_of(&t, "slo_attainment@1");

    (void)state;
    assert_int_equal(errors->mean.n, COUNTED);
    assert_close(errors->mean.value, 6.0 / COUNTED, 1e-9);
    assert_int_equal(slo->mean.n, COUNTED - DRAWN);
}

/* What was served to them was served: four events each. */
static void tokens_until_the_hang_up_are_throughput(void **state)
{
    AUTO(told_release)
    struct told t = tell((struct story){.hang_up = HANG_UP_EVENTS, .hang_up_every = 5});

    (void)state;
    assert_close(summary_of(&t, "throughput.output_tokens@1")->mean.value, 4 * (8 + 0.8), 1);
    assert_close(summary_of(&t, "throughput.requests@1")->mean.value, 4 * 0.8, 0.15);
}

/* Those drawn to hang up after 200 ms that were served by then are the quick half: counting them
 * would make the target look quick, counting the others as failures slow. */
static void hung_up_after_a_time_a_request_is_left_out_whatever_came_of_it(void **state)
{
    AUTO(told_release) struct told all = tell((struct story){0});
    AUTO(told_release)
    struct told t = tell((struct story){.hang_up = HANG_UP_TIME, .hang_up_every = 2});
    const struct summary *ttft = summary_of(&t, "ttft.content.due@1");

    (void)state;
    assert_in_range(t.analysis->ledger.total.outcomes[OUTCOME_HUNG_UP], 40, 80);
    assert_int_equal(ttft->n, COUNTED / 2);
    assert_int_equal(ttft->censored, 0);
    assert_close(ttft->percentile[0].value,
                 summary_of(&all, "ttft.content.due@1")->percentile[0].value, 0.02);
    assert_int_equal(summary_of(&t, "itl.gap@1")->n, COUNTED / 2 * 9);
    assert_int_equal(summary_of(&t, "latency.sent@1")->n, COUNTED / 2);
    assert_int_equal(summary_of(&t, "wait.client@1")->n, COUNTED);
}

static void if_all_hang_up_there_is_no_latency(void **state)
{
    AUTO(told_release)
    struct told t = tell((struct story){.hang_up = HANG_UP_EVENTS, .hang_up_every = 1});

    (void)state;
    assert_int_equal(summary_of(&t, "latency.due@1")->mean.state, ESTIMATE_ABSENT);
    assert_int_equal(summary_of(&t, "slo_attainment@1")->mean.state, ESTIMATE_ABSENT);
    assert_int_equal(summary_of(&t, "ttft.content.due@1")->n, COUNTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hung_up_after_events_a_request_shows_its_beginning),
        cmocka_unit_test(a_planned_hang_up_is_no_error),
        cmocka_unit_test(tokens_until_the_hang_up_are_throughput),
        cmocka_unit_test(hung_up_after_a_time_a_request_is_left_out_whatever_came_of_it),
        cmocka_unit_test(if_all_hang_up_there_is_no_latency),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
