/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/fault.h"
#include "plan/metric_names.h"
#include "story.h"

static void planned_names_and_definitions_agree(void **state)
{
    size_t n = 0;

    (void)state;
    for (const struct metric_name *name; (name = metric_name_at(n)); n++) {
        const struct metric *m = metric_find(name->id);

        assert_non_null(m);
        assert_int_equal(name->has_percentiles,
                         m->kind == METRIC_PER_SAMPLE || m->kind == METRIC_PER_EVENT);
        assert_int_equal(name->is_slo, m->kind == METRIC_PER_SAMPLE);
        assert_int_equal(name->unit == METRIC_UNIT_SECONDS, strcmp(m->unit, "s") == 0);
        assert_int_equal(name->unit == METRIC_UNIT_RATIO, strcmp(m->unit, "ratio") == 0);
    }
    assert_null(metric_at(n));
}

static void percentiles_come_with_intervals_or_not_at_all(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){.extra_percentile = 75});
    const struct summary *s = summary_of(&t, "ttft.content.due@1");

    (void)state;
    assert_int_equal(s->n, 240);
    assert_int_equal(s->percentile_count, 5);
    assert_int_equal(s->percentile[0].state, ESTIMATE_OK);
    assert_close(s->percentile[0].value, 0.201, 0.02);
    assert_true(s->percentile[0].lo < 0.201 && 0.201 < s->percentile[0].hi);
    assert_close(s->percentile[1].value, 0.001 + 0.2 * exp(0.4 * 1.2816), 0.04);
    assert_int_equal(s->percentile[3].state, ESTIMATE_NEEDS); /* p99 of 240: 368 are the least */
    assert_in_range(s->percentile[3].needs, 420 - 240, 3000);
    assert_int_equal(s->percentile[4].state, ESTIMATE_OK);
    assert_int_equal(s->mean.trials, 3);
    assert_true(s->mean.lo < s->mean.value && s->mean.value < s->mean.hi);
}

static void a_short_run_is_told_how_much_is_missing(void **state)
{
    AUTO(told_release)
    struct told t = tell((struct story){.yaml = STORY_UNASKED, .trials = 1, .each = 50});
    const struct summary *s = summary_of(&t, "ttft.content.due@1");

    (void)state;
    assert_int_equal(s->n, 30);
    assert_int_equal(s->percentile[0].state, ESTIMATE_OK);
    assert_int_equal(s->percentile[1].needs, 36 - 30);
    assert_int_equal(s->percentile[2].needs, 72 - 30);
    assert_int_equal(s->percentile[3].needs, 420 - 30); /* ceil(368 x 1.1403) */
}

static void failures_lie_beyond_every_percentile(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){.fail_every = 10});
    const struct summary *s = summary_of(&t, "ttft.content.due@1");

    (void)state;
    assert_int_equal(s->censored, 24);
    assert_int_equal(s->percentile[0].state, ESTIMATE_OK);
    assert_int_equal(s->percentile[2].state, ESTIMATE_REFUSED); /* p95, and 10 % failed */
    assert_close(summary_of(&t, "errors.share@1")->mean.value, 0.1, 1e-9);
    assert_true(summary_of(&t, "errors.share@1")->mean.lo < 0.1);
    assert_int_equal(summary_of(&t, "wait.client@1")->censored, 0); /* that time is known */
    assert_true(isfinite(s->max));
}

static void rates_are_by_event_time_over_the_window(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){0});
    const struct summary *s = summary_of(&t, "throughput.output_tokens@1");

    (void)state;
    /* 4 requests/s of 10 tokens; the window ends with the last arrival, 19.75 s after its begin */
    assert_close(s->mean.value, 40, 1);
    assert_close(summary_of(&t, "throughput.requests@1")->mean.value, 4, 0.15);
    assert_close(summary_of(&t, "throughput.total_tokens@1")->mean.value, 40 + 4 * 33, 6);
    assert_true(s->mean.lo < s->mean.hi && s->mean.trials == 3);
    assert_close(summary_of(&t, "goodput@1")->mean.value,
                 4 * summary_of(&t, "slo_attainment@1")->mean.value, 0.2);
    assert_close(summary_of(&t, "cost.per_million_output@1")->mean.value, 2e6 / (38 * 3600.0), 1.5);
    assert_int_equal(summary_of(&t, "energy.per_output_token@1")->mean.state, ESTIMATE_ABSENT);
}

static void gaps_are_withheld_where_tokens_travel_together(void **state)
{
    AUTO(told_release) struct told apart = tell((struct story){0});
    AUTO(told_release) struct told together = tell((struct story){.together = 2});

    (void)state;
    assert_close(summary_of(&apart, "itl.gap@1")->percentile[0].value, 0.02, 1e-9);
    assert_int_equal(summary_of(&apart, "itl.gap@1")->n, 240 * 9);
    assert_int_equal(summary_of(&together, "itl.gap@1")->mean.state, ESTIMATE_REFUSED);
    assert_true(isnan(summary_of(&together, "itl.gap@1")->mean.value));
    assert_int_equal(summary_of(&together, "tpot.after_first@1")->mean.state, ESTIMATE_OK);
}

static void answers_follow_the_intervals(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){0});

    (void)state;
    assert_int_equal(t.analysis->answers[0].answer, ANSWER_MET); /* p90 about 335 ms, limit 500 */
    assert_int_equal(t.analysis->answers[1].answer, ANSWER_MET); /* 95 % inside 400 ms, asked 80 */
    assert_int_equal(t.analysis->answer, ANSWER_MET);
    assert_int_equal(t.analysis->verdict, VERDICT_SNAPSHOT);
    assert_int_equal(t.analysis->expected[0].state, ESTIMATE_OK);
}

/* One more limit, in place of 500 ms. */
static struct told with_limit(const char *limit)
{
    AUTO(free) char *yaml = strdup(STORY_ASKED);
    char *at;

    assert_non_null(yaml);
    at = strstr(yaml, "500ms");
    memcpy(at, limit, 5);
    return tell((struct story){.yaml = yaml});
}

static void a_straddled_limit_is_no_answer(void **state)
{
    AUTO(told_release) struct told far = with_limit("250ms");
    AUTO(told_release) struct told near = with_limit("345ms");

    (void)state;
    assert_int_equal(far.analysis->answers[0].answer, ANSWER_NOT_MET);
    assert_int_equal(far.analysis->answer, ANSWER_NOT_MET);
    assert_int_equal(near.analysis->answers[0].answer, ANSWER_CANNOT_TELL);
    assert_true(near.analysis->answers[0].why[0] != '\0');
}

/* The first half of the requests is slow, the second fast: no batch is like the next half's. */
static void long_memory_takes_the_interval_and_not_a_plain_answer(void **state)
{
    AUTO(told_release)
    struct told t = tell((struct story){.trials = 1, .each = 220, .shift_s = 0.2});
    const struct estimate *p50 = &summary_of(&t, "ttft.content.due@1")->percentile[0];

    (void)state;
    assert_int_equal(p50->state, ESTIMATE_OK);
    assert_true(isfinite(p50->value) && isnan(p50->lo) && isnan(p50->hi));
    assert_non_null(strstr(p50->why, "depend on each other"));
}

static void trials_give_the_interval_that_the_order_can_not(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){.each = 220, .shift_s = 0.2});
    const struct estimate *p50 = &summary_of(&t, "ttft.content.due@1")->percentile[0];

    (void)state;
    assert_int_equal(p50->trials, 3);
    assert_true(p50->lo < p50->value && p50->value < p50->hi);
    assert_non_null(strstr(p50->method, "over the trials' percentiles"));
}

static void where_no_request_is_beyond_the_limit_it_is_met(void **state)
{
    AUTO(free) char *yaml = strdup(STORY_ASKED);
    struct told t;

    (void)state;
    assert_non_null(yaml);
    memcpy(strstr(yaml, "500ms"), "9.99s", 5);
    memcpy(strstr(yaml, "percentile: 90"), "percentile: 50", 14);
    t = tell((struct story){.yaml = yaml, .trials = 1, .each = 220, .shift_s = 0.2});
    assert_true(isnan(t.analysis->answers[0].estimate.hi));
    assert_int_equal(t.analysis->answers[0].answer, ANSWER_MET);
    assert_non_null(strstr(t.analysis->answers[0].why, "0 % of the requests lie beyond"));
    told_release(&t);
}

static void a_target_that_fails_has_not_met_the_limit(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){.fail_every = 3});

    (void)state; /* the 90th percentile of a service that fails a third is beyond any limit */
    assert_int_equal(t.analysis->answers[0].estimate.state, ESTIMATE_REFUSED);
    assert_int_equal(t.analysis->answers[0].answer, ANSWER_NOT_MET);
}

/* Of each pair the first is known to lie between two reads, 40 ms apart; of an answer's first pair
 * nothing is known but the stamp. */
static void events_that_share_a_read_are_counted_with_their_widths(void **state)
{
    struct told t = tell((struct story){.yaml = STORY_ASKED, .paired = true});

    (void)state;
    assert_close(t.analysis->instrument.batched_share, 0.5, 1e-12);
    assert_close(t.analysis->instrument.batched_width.p50, 0.04, 1e-12);
    assert_close(t.analysis->instrument.batched_width.max, 0.04, 1e-12);
    told_release(&t);
}

static void what_is_not_asked_is_not_answered(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){.yaml = STORY_UNASKED, .trials = 1});

    (void)state;
    assert_int_equal(t.analysis->answer, ANSWER_NOT_ASKED);
    assert_int_equal(t.analysis->verdict, VERDICT_REFUSED);
    assert_true(has_reason(&t, "add good"));
    assert_true(has_reason(&t, "add regime"));
    assert_false(t.analysis->reasons[0].instrument);
}

static void an_instrument_at_fault_refuses(void **state)
{
    AUTO(told_release) struct told late = tell((struct story){.late_s = 0.06});
    AUTO(told_release) struct told punctual = tell((struct story){.late_s = 0.04});
    AUTO(told_release) struct told capped = tell((struct story){.cap_waits = 1});

    (void)state;
    assert_int_equal(late.analysis->verdict, VERDICT_REFUSED);
    assert_true(has_reason(&late, "sending after the due time"));
    assert_int_equal(punctual.analysis->verdict, VERDICT_SNAPSHOT);
    assert_true(has_reason(&capped, "max_in_flight"));
    assert_int_equal(capped.analysis->verdict, VERDICT_REFUSED);
}

static void nothing_counted_is_nothing_claimed(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){.each = 10});

    (void)state;
    assert_int_equal(t.result, 0);
    assert_int_equal(t.analysis->ledger.total.counted, 0);
    assert_int_equal(t.analysis->verdict, VERDICT_REFUSED);
    assert_int_equal(t.analysis->answer, ANSWER_CANNOT_TELL);
}

static void tokens_are_compared(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){0});

    (void)state;
    assert_int_equal(t.analysis->tokens.input_compared, 240);
    assert_int_equal(t.analysis->tokens.input_within, 240); /* 33 for 32 */
    assert_int_equal(t.analysis->tokens.cached_differ, 0);
    assert_int_equal(t.analysis->tokens.output_differ, 0);
    assert_close(t.analysis->instrument.kernel_share, 1, 0);
    assert_close(t.analysis->instrument.lag.p50, 30e-6, 1e-12);
    assert_close(t.analysis->instrument.due_to_send.p99, 1e-3, 1e-9);
}

static void survives_every_failed_allocation(void **state)
{
    int r = -ENOMEM;

    (void)state;
    for (int nth = 0; r == -ENOMEM && nth < 400; nth++) {
        AUTO(told_release) struct told t = tell((struct story){.each = 24, .trials = 2});
        AUTO(analysis_free) struct analysis *a = NULL;
        struct analysis_input in = t.analysis->in;
        struct err err = {0};

        assert_int_equal(t.result, 0);
        in.trials = t.trials;
        fault_alloc(nth);
        r = analysis_new(&a, &in, &err);
        for (uint32_t i = 0; i < 48 && r == 0; i++)
            r = analysis_add_sample(
                a, &(struct sample){.id = i, .trial = i / 24, .due_ns = 6 * NS_PER_S, .sent_ns = 1},
                &err);
        if (r == 0)
            r = analysis_finish(a, &err);
        fault_alloc(-1);
    }
    assert_int_equal(r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planned_names_and_definitions_agree),
        cmocka_unit_test(percentiles_come_with_intervals_or_not_at_all),
        cmocka_unit_test(a_short_run_is_told_how_much_is_missing),
        cmocka_unit_test(failures_lie_beyond_every_percentile),
        cmocka_unit_test(rates_are_by_event_time_over_the_window),
        cmocka_unit_test(gaps_are_withheld_where_tokens_travel_together),
        cmocka_unit_test(answers_follow_the_intervals),
        cmocka_unit_test(a_straddled_limit_is_no_answer),
        cmocka_unit_test(long_memory_takes_the_interval_and_not_a_plain_answer),
        cmocka_unit_test(trials_give_the_interval_that_the_order_can_not),
        cmocka_unit_test(where_no_request_is_beyond_the_limit_it_is_met),
        cmocka_unit_test(a_target_that_fails_has_not_met_the_limit),
        cmocka_unit_test(events_that_share_a_read_are_counted_with_their_widths),
        cmocka_unit_test(what_is_not_asked_is_not_answered),
        cmocka_unit_test(an_instrument_at_fault_refuses),
        cmocka_unit_test(nothing_counted_is_nothing_claimed),
        cmocka_unit_test(tokens_are_compared),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
