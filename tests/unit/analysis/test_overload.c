/* SPDX-License-Identifier: Apache-2.0 */
#include "story.h"

static void growing_without_end_is_not_met(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){.growth_s = 0.05});
    const struct good_answer *r = &t.analysis->answers[0];

    (void)state;
    assert_int_equal(r->answer, ANSWER_NOT_MET);
    if (r->estimate.state != ESTIMATE_OK || isnan(r->estimate.lo))
        assert_non_null(strstr(r->why, "more was offered than the target can serve"));
}

/* Slow all along, within a limit that no interval tells. */
static void a_steady_queue_is_no_overload(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){.trials = 1, .each = 100});

    (void)state;
    assert_int_not_equal(t.analysis->answers[0].answer, ANSWER_NOT_MET);
    assert_null(strstr(t.analysis->answers[0].why, "more was offered"));
}

/* Ten requests hang together: no interval; the growth alone tells, and only where it is. */
#define LONG_MEMORY                                                                                \
    "asrun: 1\nregime: latency\n"                                                                  \
    "good: [{metric: ttft.content.due@1, percentile: 99, at_most: 500ms}]\n"                       \
    "workload: {fixed: {input_tokens: 32, output_tokens: 10}}\n"                                   \
    "target: {url: \"http://127.0.0.1:1/v1\", model: m}\n"                                         \
    "exclude: {warm_up: none}\n"

static enum answer answer_of(const char *load, double growth_s)
{
    char yaml[700];
    struct told t;
    enum answer a;

    (void)snprintf(yaml, sizeof yaml, "%sload: %s\n", LONG_MEMORY, load);
    t = tell((struct story){.yaml = yaml, .trials = 1, .each = 100, .growth_s = growth_s});
    a = t.analysis->answers[0].answer;
    told_release(&t);
    return a;
}

static void tells_where_the_percentile_cant(void **state)
{
    (void)state;
    assert_int_equal(answer_of("{arrivals: constant, rate: 4/s, requests: 100}", 0),
                     ANSWER_CANNOT_TELL);
    assert_int_equal(answer_of("{arrivals: constant, rate: 4/s, requests: 100}", 0.05),
                     ANSWER_NOT_MET);
}

/* The load itself grew: no wonder. */
static void a_ramp_is_no_overload(void **state)
{
    (void)state;
    assert_int_equal(answer_of("{arrivals: constant, stages: [{rate: 1/s..7/s, for: 25s}]}", 0.05),
                     ANSWER_CANNOT_TELL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(growing_without_end_is_not_met),
        cmocka_unit_test(a_steady_queue_is_no_overload),
        cmocka_unit_test(tells_where_the_percentile_cant),
        cmocka_unit_test(a_ramp_is_no_overload),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
