/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/unit.h"
#include "metric/metric.h"

static struct sample good(void)
{
    return (struct sample){
        .due_ns = 1000 * NS_PER_MS,
        .released_ns = 1001 * NS_PER_MS,
        .connect_start_ns = 1001 * NS_PER_MS,
        .connect_end_ns = 1003 * NS_PER_MS,
        .sent_ns = 1005 * NS_PER_MS,
        .sent_last_ns = 1006 * NS_PER_MS,
        .first_byte_ns = 1050 * NS_PER_MS,
        .first_choice_ns = 1055 * NS_PER_MS,
        .first_content_ns = 1105 * NS_PER_MS,
        .last_content_ns = 2005 * NS_PER_MS,
        .end_ns = 2010 * NS_PER_MS,
        .output_reported = 10,
        .content_events = 10,
    };
}

static double value(const char *id, const struct sample *s)
{
    double v = -1;

    assert_int_equal(metric_sample(&v, metric_find(id), s), 1);
    return v;
}

static void each_definition_reads_its_own_times(void **state)
{
    struct sample s = good();

    (void)state;
    assert_close(value("ttft.content.due@1", &s), 0.105, 1e-12);
    assert_close(value("ttft.content.sent@1", &s), 0.100, 1e-12);
    assert_close(value("ttft.choice.sent@1", &s), 0.050, 1e-12);
    assert_close(value("latency.due@1", &s), 1.010, 1e-12);
    assert_close(value("latency.sent@1", &s), 1.005, 1e-12);
    assert_close(value("wait.client@1", &s), 0.005, 1e-12);
    assert_close(value("tpot.after_first@1", &s), 0.100, 1e-12);
}

static void absent_is_not_zero(void **state)
{
    struct sample s = good();
    double v = 7;

    (void)state;
    s.first_content_ns = TIME_NONE;
    assert_int_equal(metric_sample(&v, metric_find("ttft.content.due@1"), &s), 0);
    assert_int_equal(metric_sample(&v, metric_find("tpot.after_first@1"), &s), 0);
    s = good();
    s.output_reported = 1;
    assert_int_equal(metric_sample(&v, metric_find("tpot.after_first@1"), &s), 0);
    s.outcome = OUTCOME_RESET; /* its end is the moment it failed */
    assert_int_equal(metric_sample(&v, metric_find("latency.due@1"), &s), 0);
    assert_int_equal(metric_sample(&v, metric_find("goodput@1"), &s), 0);
    assert_close(v, 7, 0);
}

static void tokens_are_counted_where_none_are_reported(void **state)
{
    struct sample s = good();

    (void)state;
    s.output_reported = COUNT_NONE;
    assert_int_equal(metric_output_tokens(&s), 10);
    assert_close(value("tpot.after_first@1", &s), 0.1, 1e-12);
}

static void the_table_is_whole(void **state)
{
    size_t n = 0;

    (void)state;
    for (const struct metric *m; (m = metric_at(n)); n++) {
        assert_ptr_equal(metric_find(m->id), m);
        assert_true((m->kind == METRIC_PER_SAMPLE) == (n < METRIC_SAMPLE_COUNT));
        assert_true(strchr(m->id, '@') && m->name[0] && m->unit[0] && m->definition[0]);
    }
    assert_int_equal(n, 16);
    assert_null(metric_find("ttft"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_definition_reads_its_own_times),
        cmocka_unit_test(absent_is_not_zero),
        cmocka_unit_test(tokens_are_counted_where_none_are_reported),
        cmocka_unit_test(the_table_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
