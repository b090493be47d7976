/* SPDX-License-Identifier: Apache-2.0 */
#include "story.h"

/* A second in which nothing is wrong. */
static struct second fine(void)
{
    return (struct second){.v = {[SECOND_LENGTH] = NS_PER_S,
                                 [SECOND_RELEASED] = 100,
                                 [SECOND_READS] = 10000,
                                 [SECOND_EVENTS] = 10000,
                                 [SECOND_TOKEN_EVENTS] = 9000,
                                 [SECOND_LAG_P50] = 20000,
                                 [SECOND_LAG_P99] = 90000,
                                 [SECOND_LAG_MAX] = 300000,
                                 [SECOND_LOOPS] = 9000,
                                 [SECOND_LOOP_P99] = 60000,
                                 [SECOND_LOOP_MAX] = 400000,
                                 [SECOND_LATE_P99] = 30000,
                                 [SECOND_CPU] = 300 * NS_PER_MS,
                                 [SECOND_SPUN] = 100 * NS_PER_MS}};
}

static enum condition condition_of(struct second s)
{
    struct gate_limit limits[GATE_COUNT_];

    gates_default(limits);
    return second_condition(&s, limits);
}

struct fault {
    enum gate gate;
    enum second_field field;
    int64_t just, warns, refuses; /* values of the field; 0: it never does */
};
static const struct fault faults[] = {
    {GATE_STAMPS, SECOND_UNSTAMPED, 10, 11, 101},
    {GATE_COALESCED, SECOND_COALESCED, 9, 10, 91},
    {GATE_UNREAD, SECOND_FULL_READS, 10, 11, 101},
    {GATE_LOOP_5, SECOND_STUCK_5MS, 10 * NS_PER_MS, 11 * NS_PER_MS, 0},
    {GATE_LOOP, SECOND_STUCK_20MS, 10 * NS_PER_MS, 0, 11 * NS_PER_MS},
    {GATE_RUN_DELAY, SECOND_RUN_DELAY, 10 * NS_PER_MS, 11 * NS_PER_MS, 101 * NS_PER_MS},
    {GATE_CPU, SECOND_CPU, 700 * NS_PER_MS, 701 * NS_PER_MS, 951 * NS_PER_MS},
    {GATE_LATENESS, SECOND_LATE_P99, 5 * NS_PER_MS, 5 * NS_PER_MS + 1, 51 * NS_PER_MS},
    {GATE_RING, SECOND_RING, 500000, 500001, 0},
};

/* What each gate says of fine() with one field changed. */
static void expect(const struct fault *f, int64_t value, enum gate_state want)
{
    struct gate_limit limits[GATE_COUNT_];
    struct second s = fine();

    s.v[f->field] = value;
    gates_default(limits);
    for (enum gate g = 0; g < GATE_COUNT_; g++)
        assert_int_equal(gate_state(g, limits, gate_figure(g, &s)),
                         g == f->gate ? want : GATE_PASSES);
    assert_int_equal(second_condition(&s, limits), want == GATE_PASSES  ? CONDITION_CLEAN
                                                   : want == GATE_WARNS ? CONDITION_STRAINED
                                                                        : CONDITION_SATURATED);
}

static void each_gate_fires_on_its_fault_and_on_no_other(void **state)
{
    bool seen[GATE_SECONDS_] = {false};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        expect(&faults[i], faults[i].just, GATE_PASSES);
        if (faults[i].warns)
            expect(&faults[i], faults[i].warns, GATE_WARNS);
        if (faults[i].refuses)
            expect(&faults[i], faults[i].refuses, GATE_REFUSES);
        seen[faults[i].gate] = true;
    }
    for (int g = 0; g < GATE_SECONDS_; g++)
        assert_true(seen[g]);
}

static void what_is_not_known_is_no_fault(void **state)
{
    struct second s = fine();

    (void)state;
    s.v[SECOND_CPU] = s.v[SECOND_RUN_DELAY] = s.v[SECOND_LATE_P99] = SECOND_NONE;
    assert_int_equal(condition_of(s), CONDITION_CLEAN);
    assert_true(isnan(gate_figure(GATE_CPU, &s)));
    assert_int_equal(condition_of((struct second){.v = {[SECOND_LENGTH] = 1}}), CONDITION_CLEAN);
}

static void polling_is_no_load(void **state)
{
    struct second s = fine();

    (void)state;
    s.v[SECOND_CPU] = 950 * NS_PER_MS;
    s.v[SECOND_SPUN] = 800 * NS_PER_MS;
    assert_int_equal(condition_of(s), CONDITION_CLEAN);
}

/* A thread that waits for its CPU while it polls: the wait is no CPU time of the polling. */
static void waiting_is_no_polling(void **state)
{
    struct second s = fine();

    (void)state;
    s.v[SECOND_CPU] = 900 * NS_PER_MS;
    s.v[SECOND_SPUN] = 950 * NS_PER_MS;
    s.v[SECOND_RUN_DELAY] = 100 * NS_PER_MS;
    assert_float_equal(gate_figure(GATE_CPU, &s), 5, 1e-9);
    s.v[SECOND_RUN_DELAY] = SECOND_NONE;
    assert_float_equal(gate_figure(GATE_CPU, &s), 0, 1e-9);
}

static void with_the_users_stamps_a_late_client_is_in_the_times(void **state)
{
    struct second s = fine();

    (void)state;
    assert_int_equal(gate_voids(GATE_LOOP, &s, false), VOIDS_SEND | VOIDS_CLOSED);
    assert_int_equal(gate_voids(GATE_CPU, &s, false), VOIDS_SEND | VOIDS_CLOSED);
    s.v[SECOND_UNSTAMPED] = s.v[SECOND_READS];
    assert_true(isnan(gate_figure(GATE_STAMPS, &s)));
    assert_int_equal(condition_of(s), CONDITION_CLEAN);
    assert_int_equal(gate_voids(GATE_LOOP, &s, false),
                     VOIDS_SEND | VOIDS_CLOSED | VOIDS_ARRIVAL | VOIDS_ORDER);
    assert_int_equal(gate_voids(GATE_CPU, &s, false), VOIDS_SEND | VOIDS_CLOSED);
}

static const struct summary *summary(const struct told *t, const char *id)
{
    return &t->analysis->summaries[metric_find(id) - metric_at(0)];
}

static bool refused(const struct told *t, const char *id)
{
    return summary(t, id)->mean.state == ESTIMATE_REFUSED &&
           summary(t, id)->percentile[0].state ==
               (summary(t, id)->percentile_count ? ESTIMATE_REFUSED : ESTIMATE_OK);
}

static void a_clean_client_leaves_every_number(void **state)
{
    struct second s = fine();
    AUTO(told_release) struct told t = tell((struct story){.second = &s});

    (void)state;
    assert_int_equal(t.result, 0);
    assert_true(t.analysis->instrument.seconds[CONDITION_CLEAN] > 60);
    assert_int_equal(t.analysis->verdict, VERDICT_SNAPSHOT);
    assert_int_equal(summary(&t, "itl.gap@1")->mean.state, ESTIMATE_OK);
}

static void a_busy_client_voids_the_sending_side_alone(void **state)
{
    struct second s = fine();
    bool instrument = false;

    (void)state;
    s.v[SECOND_CPU] = 990 * NS_PER_MS;
    AUTO(told_release) struct told t = tell((struct story){.second = &s});
    assert_int_equal(t.result, 0);
    assert_true(refused(&t, "ttft.content.due@1"));
    assert_true(refused(&t, "latency.due@1"));
    assert_true(refused(&t, "wait.client@1"));
    assert_int_equal(summary(&t, "slo_attainment@1")->mean.state, ESTIMATE_REFUSED);
    assert_int_equal(summary(&t, "itl.gap@1")->mean.state, ESTIMATE_OK);
    assert_int_equal(summary(&t, "ttft.content.sent@1")->mean.state, ESTIMATE_OK);
    assert_int_equal(summary(&t, "throughput.requests@1")->mean.state, ESTIMATE_OK); /* open loop */
    assert_non_null(strstr(summary(&t, "ttft.content.due@1")->mean.why, "cpu"));
    assert_int_equal(t.analysis->verdict, VERDICT_REFUSED);
    assert_int_equal(t.analysis->answer, ANSWER_CANNOT_TELL);
    for (size_t i = 0; i < t.analysis->reason_count; i++)
        instrument |= t.analysis->reasons[i].instrument;
    assert_true(instrument);
}

static void shared_late_reads_void_the_times_within_answers(void **state)
{
    struct second s = fine();

    (void)state;
    s.v[SECOND_COALESCED] = 500;
    AUTO(told_release) struct told t = tell((struct story){.second = &s});
    assert_int_equal(t.result, 0);
    assert_true(refused(&t, "itl.gap@1"));
    assert_true(refused(&t, "tpot.after_first@1"));
    assert_int_equal(summary(&t, "latency.sent@1")->mean.state, ESTIMATE_OK);
    assert_int_equal(summary(&t, "wait.client@1")->mean.state, ESTIMATE_OK);
}

static void a_late_client_voids_what_begins_at_the_due_time(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){.late_s = 0.06});

    (void)state;
    assert_int_equal(t.result, 0);
    assert_true(refused(&t, "ttft.content.due@1"));
    assert_true(refused(&t, "wait.client@1"));
    assert_int_equal(summary(&t, "ttft.content.sent@1")->mean.state, ESTIMATE_OK);
    assert_int_equal(summary(&t, "itl.gap@1")->mean.state, ESTIMATE_OK);
    assert_int_equal(summary(&t, "throughput.requests@1")->mean.state, ESTIMATE_OK);
    assert_true(has_reason(&t, "p99 of sending after the due time 61 ms (limit 50)"));
    assert_int_equal(t.analysis->verdict, VERDICT_REFUSED); /* of an open loop's headline */
}

static void a_cap_that_was_reached_voids_the_rates_too(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){.cap_waits = 3});

    (void)state;
    assert_int_equal(t.result, 0);
    assert_true(refused(&t, "ttft.content.due@1"));
    assert_int_equal(summary(&t, "throughput.requests@1")->mean.state, ESTIMATE_REFUSED);
    assert_int_equal(summary(&t, "itl.gap@1")->mean.state, ESTIMATE_OK);
}

static void a_second_of_lateness_is_no_late_run(void **state)
{
    struct second s = fine();

    (void)state;
    s.v[SECOND_LATE_P99] = 80 * NS_PER_MS;
    AUTO(told_release) struct told t = tell((struct story){.second = &s});
    assert_int_equal(t.result, 0);
    assert_true(t.analysis->instrument.seconds[CONDITION_SATURATED] > 60);
    assert_int_equal(summary(&t, "ttft.content.due@1")->mean.state, ESTIMATE_OK);
}

static void the_plan_changes_a_limit(void **state)
{
    struct second s = fine();

    (void)state;
    s.v[SECOND_CPU] = 990 * NS_PER_MS;
    AUTO(told_release)
    struct told t = tell((struct story){
        .yaml = STORY_ASKED "gates: {cpu.warn: 70%, cpu.refuse: 95%}\n", .second = &s});
    assert_int_equal(t.result, 0);
    assert_int_equal(summary(&t, "ttft.content.due@1")->mean.state, ESTIMATE_OK);
    assert_int_equal(t.analysis->instrument.gates[GATE_CPU].state, GATE_WARNS);
    assert_true(t.analysis->instrument.seconds[CONDITION_STRAINED] > 60);
}

/* Each thread second of fine() has 9,000 events. */
static void little_headroom_voids_the_sending_side_and_strains_the_rest(void **state)
{
    const struct self_test little = {.capacity_per_s = 17000, .planned_per_s = 1000};
    const struct self_test enough = {.capacity_per_s = 46000, .planned_per_s = 1000};
    const struct self_test some = {.capacity_per_s = 46000, .planned_per_s = 20000};
    struct second s = fine();
    AUTO(told_release) struct told t = tell((struct story){.second = &s, .self_test = &little});
    AUTO(told_release) struct told fit = tell((struct story){.second = &s, .self_test = &enough});
    AUTO(told_release) struct told fair = tell((struct story){.second = &s, .self_test = &some});

    (void)state;
    assert_int_equal(t.result, 0);
    assert_true(refused(&t, "ttft.content.due@1"));
    assert_int_equal(summary(&t, "itl.gap@1")->mean.state, ESTIMATE_OK);
    assert_int_equal(summary(&t, "throughput.requests@1")->mean.state, ESTIMATE_OK); /* open loop */
    assert_true(has_reason(&t, "over what was asked of it 1.89 times (limit 2)"));
    assert_int_equal(fit.analysis->instrument.gates[GATE_HEADROOM].state, GATE_PASSES);
    assert_int_equal(summary(&fit, "ttft.content.due@1")->mean.state, ESTIMATE_OK);
    assert_int_equal(fair.analysis->instrument.gates[GATE_HEADROOM].state, GATE_WARNS);
    assert_true(has_reason(&fair, "the client was strained: what the client can do"));
    assert_int_equal(summary(&fair, "ttft.content.due@1")->mean.state, ESTIMATE_OK);
}

static void without_a_test_there_is_no_headroom_to_speak_of(void **state)
{
    struct second s = fine();
    AUTO(told_release) struct told t = tell((struct story){.second = &s});

    (void)state;
    assert_true(isnan(t.analysis->instrument.gates[GATE_HEADROOM].overall));
    assert_int_equal(t.analysis->instrument.gates[GATE_HEADROOM].state, GATE_PASSES);
}

#define CLOSED                                                                                     \
    "asrun: 1\n"                                                                                   \
    "workload: {fixed: {input_tokens: 32, output_tokens: 10}}\n"                                   \
    "target: {url: \"http://127.0.0.1:1/v1\", model: m}\n"                                         \
    "load: {arrivals: closed, concurrency: 4, requests: 100}\n"                                    \
    "exclude: {warm_up: none}\n"

/* What a closed loop asks is what its target let it ask, not what was guessed. */
static void a_closed_loops_headroom_is_over_what_it_did(void **state)
{
    const struct self_test guess = {
        .capacity_per_s = 46000, .planned_per_s = 1e6, .planned_is_a_guess = true};
    const struct self_test little = {
        .capacity_per_s = 17000, .planned_per_s = 1, .planned_is_a_guess = true};
    struct second s = fine();
    AUTO(told_release)
    struct told fit =
        tell((struct story){.yaml = CLOSED, .trials = 1, .second = &s, .self_test = &guess});
    AUTO(told_release)
    struct told t =
        tell((struct story){.yaml = CLOSED, .trials = 1, .second = &s, .self_test = &little});

    (void)state;
    assert_int_equal(fit.analysis->instrument.gates[GATE_HEADROOM].state, GATE_PASSES);
    assert_int_equal(t.analysis->instrument.gates[GATE_HEADROOM].state, GATE_REFUSES);
    assert_int_equal(summary(&t, "throughput.requests@1")->mean.state, ESTIMATE_REFUSED);
    assert_int_equal(summary(&t, "ttft.content.sent@1")->mean.state, ESTIMATE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_gate_fires_on_its_fault_and_on_no_other),
        cmocka_unit_test(what_is_not_known_is_no_fault),
        cmocka_unit_test(polling_is_no_load),
        cmocka_unit_test(waiting_is_no_polling),
        cmocka_unit_test(with_the_users_stamps_a_late_client_is_in_the_times),
        cmocka_unit_test(a_clean_client_leaves_every_number),
        cmocka_unit_test(a_busy_client_voids_the_sending_side_alone),
        cmocka_unit_test(shared_late_reads_void_the_times_within_answers),
        cmocka_unit_test(a_late_client_voids_what_begins_at_the_due_time),
        cmocka_unit_test(a_cap_that_was_reached_voids_the_rates_too),
        cmocka_unit_test(a_second_of_lateness_is_no_late_run),
        cmocka_unit_test(the_plan_changes_a_limit),
        cmocka_unit_test(little_headroom_voids_the_sending_side_and_strains_the_rest),
        cmocka_unit_test(without_a_test_there_is_no_headroom_to_speak_of),
        cmocka_unit_test(a_closed_loops_headroom_is_over_what_it_did),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
