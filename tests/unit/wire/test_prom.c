/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/prom.h"
#include "harness/unit.h"
#include <math.h>

static void same_span(struct span s, const char *want)
{
    assert_int_equal(s.len, strlen(want));
    assert_memory_equal(s.data, want, s.len);
}

static struct prom_sample only(const char *text)
{
    struct prom_sample m = {0}, more;
    struct prom_scan s;

    prom_init(&s, text, strlen(text));
    if (prom_next(&s, &m) != PROM_SAMPLE)
        fail_msg("%s: %s", text, s.why ? s.why : "no sample");
    assert_int_equal(prom_next(&s, &more), PROM_END);
    return m;
}

static void reads_names_values_and_labels(void **state)
{
    char value[PROM_VALUE];
    struct prom_sample m;

    (void)state;
    m = only("vllm:num_requests_waiting{engine=\"0\",model_name=\"a/b, {c}\"} 7.0\n");
    same_span(m.name, "vllm:num_requests_waiting");
    assert_true(m.value == 7);
    assert_true(prom_label(value, &m, "model_name"));
    assert_string_equal(value, "a/b, {c}");
    assert_false(prom_label(value, &m, "model"));
    m = only("  x{ a = \"\\\\ \\\" \\n\" , b=\"\", }\t1.5e3 1395066363000\r\n");
    assert_true(m.value == 1500);
    assert_true(prom_label(value, &m, "a"));
    assert_string_equal(value, "\\ \" \n");
    assert_true(prom_label(value, &m, "b"));
    assert_string_equal(value, "");
    assert_true(isnan(only("x NaN").value));
    assert_true(isinf(only("x{} -Inf\n").value));
    m = only("x_bucket{le=\"0.1\"} 4 # {trace=\"}\"} 0.05 1520879607.789\n");
    assert_true(m.value == 4);
}

/* A name is compared whole. */
static void a_family_that_begins_alike_is_another(void **state)
{
    const struct prom_sample m = only("num_requests_waiting_by_reason{reason=\"capacity\"} 3");

    (void)state;
    assert_false(prom_named(&m, "num_requests_waiting"));
    assert_false(prom_named(&m, "num_requests_waiting_by_reason_x"));
    assert_true(prom_named(&m, "num_requests_waiting_by_reason"));
}

static void comments_are_passed_over(void **state)
{
    static const char text[] =
        "# TYPE a counter\n#\na_total 1\n # TYPE\n# HELP b {\"\nb 2\n# EOF\n";
    struct prom_scan s;
    struct prom_sample m;

    (void)state;
    prom_init(&s, text, sizeof text - 1);
    assert_int_equal(prom_next(&s, &m), PROM_SAMPLE);
    same_span(m.name, "a_total");
    assert_int_equal(prom_next(&s, &m), PROM_SAMPLE);
    same_span(m.name, "b");
    assert_int_equal(prom_next(&s, &m), PROM_END);
}

static void a_bad_line_is_told_and_hides_no_other(void **state)
{
    static const char *const bad[] = {
        "1a 1",        "a",
        "a x",         "a{b=c} 1",
        "a{b=\"c} 1",  "a{b=\"\\q\"} 1",
        "a{=\"c\"} 1", "a{b=\"c\"d=\"e\"} 1",
        "a 1 x",       "a 1 2 3",
        "a 0x10",      "a 1_0",
        "a .",         "{\"a.b\"} 1",
        "a 1 # x",     "a 1 # {} x",
        "a{",          "a{b=\"c\"",
        "a nan(1)",    "a ----------1",
    };
    char text[128];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct prom_sample m;
        struct prom_scan s;

        (void)snprintf(text, sizeof text, "# x\n%s\ngood 1\n", bad[i]);
        prom_init(&s, text, strlen(text));
        if (prom_next(&s, &m) != PROM_BAD)
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(s.line, 2);
        assert_non_null(s.why);
        assert_int_equal(prom_next(&s, &m), PROM_SAMPLE);
        assert_true(prom_named(&m, "good"));
        assert_null(s.why);
    }
}

static void has_bounds(void **state)
{
    static char text[PROM_LINE + 64];
    struct prom_sample m;
    struct prom_scan s;
    char value[PROM_VALUE];
    size_t n;

    (void)state;
    memset(text, 'a', PROM_LINE);
    memcpy(text + PROM_LINE, " 1\nb 2\n", 8);
    prom_init(&s, text, strlen(text));
    assert_int_equal(prom_next(&s, &m), PROM_BAD);
    assert_int_equal(prom_next(&s, &m), PROM_SAMPLE);
    n = (size_t)snprintf(text, sizeof text, "a{");
    for (int i = 0; i <= PROM_LABELS; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "l%d=\"\",", i);
    (void)snprintf(text + n, sizeof text - n, "} 1\n");
    prom_init(&s, text, strlen(text));
    assert_int_equal(prom_next(&s, &m), PROM_BAD);
    n = (size_t)snprintf(text, sizeof text, "a{b=\"");
    memset(text + n, 'x', PROM_VALUE);
    (void)snprintf(text + n + PROM_VALUE, 32, "\"} 1\n");
    prom_init(&s, text, strlen(text));
    assert_int_equal(prom_next(&s, &m), PROM_SAMPLE);
    assert_false(prom_label(value, &m, "b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_names_values_and_labels),
        cmocka_unit_test(a_family_that_begins_alike_is_another),
        cmocka_unit_test(comments_are_passed_over),
        cmocka_unit_test(a_bad_line_is_told_and_hides_no_other),
        cmocka_unit_test(has_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
