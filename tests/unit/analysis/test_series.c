/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/series_judge.h"
#include "base/rng.h"
#include "base/str.h"
#include "harness/fault.h"
#include "harness/unit.h"
#include <math.h>

static const struct series_rules rules = {.delta = 0.05, .margin = 0.02, .better = -1};

static int read_text(struct series_set *set, const char *text, const char *column, struct err *err)
{
    AUTO(source_release) struct source s = {.fd = -1};
    int r = source_open_memory(&s, text, strlen(text), "F", err);

    return r < 0 ? r : series_read(set, &s, column, err);
}

static void reads_headers_runs_and_bare_numbers(void **state)
{
    AUTO(series_set_release) struct series_set set = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(read_text(&set, "run,step,s\na,1, 1.5\nb,1,2e3\na,2,-3\n\n", NULL, &err), 0);
    assert_int_equal(set.count, 2);
    assert_string_equal(set.runs[0].name, "F: a");
    assert_int_equal(set.runs[0].count, 2);
    assert_close(set.runs[0].value[1], -3, 0);
    assert_close(set.runs[1].value[0], 2000, 0);
    assert_int_equal(read_text(&set,
                               "\xef\xbb\xbf"
                               "1\r\n.5\r\n",
                               NULL, &err),
                     0);
    assert_int_equal(set.count, 3);
    assert_close(set.runs[2].value[1], 0.5, 0);
    assert_int_equal(read_text(&set, "1,7\n2,8", "2", &err), 0);
    assert_close(set.runs[3].value[1], 8, 0);
}

static void a_column_run_splits_in_any_case(void **state)
{
    AUTO(series_set_release) struct series_set set = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(read_text(&set, "Run,STEP,s\na,1,1.5\nb,1,2\n", NULL, &err), 0);
    assert_int_equal(set.count, 2);
    assert_string_equal(set.runs[1].name, "F: b");
}

static void errors_name_file_line_and_column(void **state)
{
    static const struct {
        const char *text, *column, *words;
    } bad[] = {
        {"", NULL, "F: empty"},
        {"s\n", NULL, "F: a header without rows"},
        {"s\n1\nx\n", NULL, "F:3: column 1 (s): 'x' is no number within +-1e100"},
        {"s,t\n1,\n", "t", "F:2: column 2 (t): empty"},
        {"s\nnan\n", NULL, "F:2: column 1 (s): 'nan'"},
        {"s\n0x10\n", NULL, "F:2: column 1 (s): '0x10'"},
        {"s\n1e999\n", NULL, "F:2: column 1 (s): '1e999'"},
        {"s\n1\n\n2\n", NULL, "F:3: blank line"},
        {"s,t\n1,2\n3\n", "s", "F:3: 1 fields; the first line has 2"},
        {"s,t\n1,2\n", NULL, "F:1: several columns (s, t)"},
        {"run,step\n1,2\n", NULL, "F:1: only counting columns (run, step); name one with --column"},
        {"s,t\n1,2\n", "u", "F:1: no column 'u'; there are: s, t"},
        {"1,2\n1,2\n", "3", "F:1: no column '3'"},
        {"1,2\n1,2\n", NULL, "F:1: several columns without names"},
        {"s\n\"1\n", NULL, "F:2: quote not closed"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        AUTO(series_set_release) struct series_set set = {0};
        struct err err = {0};

        assert_int_equal(read_text(&set, bad[i].text, bad[i].column, &err), -EINVAL);
        assert_int_equal(set.count, 0);
        if (strncmp(err.text, bad[i].words, strlen(bad[i].words)) != 0)
            fail_msg("'%s' instead of '%s'", err.text, bad[i].words);
    }
}

/* @runs of @n values around @level, CV 2 %, @first times that for the first fifth. */
static void fill(struct series_set *set, size_t runs, size_t n, double level, double first)
{
    AUTO(str_release) struct str text = {0};
    struct err err = {0};
    struct rng rng;

    rng_init(&rng, 14, (uint64_t)(level * 100));
    str_add(&text, "run,s\n");
    for (size_t r = 0; r < runs; r++)
        for (size_t i = 0; i < n; i++)
            str_addf(&text, "%zu,%.17g\n", r,
                     level * (5 * i < n ? first : 1) * (1 + 0.02 * rng_normal(&rng)));
    assert_true(str_ok(&text));
    assert_int_equal(read_text(set, text.data, NULL, &err), 0);
}

static struct series_judgement judge(const struct series_set *set)
{
    struct series_judgement j;
    struct err err = {0};

    assert_int_equal(series_judge(&j, set, &rules, &err), 0);
    return j;
}

static bool says(const struct series_judgement *j, const char *words)
{
    for (size_t i = 0; i < j->reason_count; i++)
        if (strstr(j->reasons[i], words))
            return true;
    return false;
}

static void five_steady_runs_are_a_characterization(void **state)
{
    AUTO(series_set_release) struct series_set set = {0};
    AUTO(series_judgement_release) struct series_judgement j = {0};

    (void)state;
    fill(&set, 5, 500, 100, 1.5);
    j = judge(&set);
    assert_int_equal(j.verdict, SERIES_CHARACTERIZATION);
    assert_int_equal(j.reason_count, 0);
    assert_string_equal(j.label, "warm-up");
    assert_true(j.mean.lo < 100 && j.mean.hi > 100 && j.mean.hi - j.mean.lo < 1);
    assert_true(j.drift.bound < 0.02 && j.n_eff > 500);
    for (size_t i = 1; i < 5; i++)
        assert_int_equal(j.runs[i].from, j.runs[0].from); /* the largest start of all */
}

static void what_is_missing_makes_a_snapshot_and_is_named(void **state)
{
    AUTO(series_set_release) struct series_set one = {0}, few = {0}, slow = {0};
    AUTO(series_judgement_release) struct series_judgement a = {0}, b = {0}, c = {0};

    (void)state;
    fill(&one, 1, 500, 100, 1);
    a = judge(&one);
    assert_int_equal(a.verdict, SERIES_SNAPSHOT);
    assert_true(says(&a, "1 independent run; a characterization takes 5") && a.reason_count == 1);
    fill(&few, 5, 30, 100, 1);
    b = judge(&few);
    assert_true(says(&b, "too few to tell") && strcmp(b.label, "too short") == 0);
    fill(&slow, 5, 500, 100, 0.7);
    c = judge(&slow);
    assert_true(says(&c, "got worse at value 100") && c.verdict == SERIES_SNAPSHOT);
    assert_int_equal(c.runs[0].from, 0); /* a slowdown is not cut away */
}

/* A warm-up of 400 values would leave too little of the run that has 600 and none. */
static void one_run_too_short_for_the_start_of_all_is_named(void **state)
{
    AUTO(series_set_release) struct series_set set = {0};
    AUTO(series_judgement_release) struct series_judgement j = {0};

    (void)state;
    fill(&set, 4, 2000, 100, 1.5);
    fill(&set, 1, 600, 100.01, 1);
    j = judge(&set);
    assert_int_equal(j.verdict, SERIES_SNAPSHOT);
    assert_int_equal(j.reason_count, 1);
    assert_true(says(&j, "runs differ too much in length for one start"));
    assert_int_equal(j.runs[0].from, 400); /* each its own */
    assert_int_equal(j.runs[4].from, 0);
}

static void no_reason_is_dropped(void **state)
{
    AUTO(series_set_release) struct series_set set = {0};
    AUTO(series_judgement_release) struct series_judgement j = {0};

    (void)state;
    fill(&set, 100, 30, 100, 1);
    j = judge(&set);
    assert_true(j.reason_count >= 100 && says(&j, "F: 99: 30 values are too few"));
}

static void a_constant_series_is_refused(void **state)
{
    AUTO(series_set_release) struct series_set set = {0};
    AUTO(series_judgement_release) struct series_judgement j = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(read_text(&set, "s\n1\n1\n1\n", NULL, &err), 0);
    j = judge(&set);
    assert_int_equal(j.verdict, SERIES_REFUSED);
}

static void a_coarse_clock_is_named(void **state)
{
    AUTO(series_set_release) struct series_set set = {0};
    AUTO(series_judgement_release) struct series_judgement j = {0};
    AUTO(str_release) struct str text = {0};
    struct err err = {0};

    (void)state;
    for (int i = 0; i < 200; i++)
        str_addf(&text, "%d\n", 12 + i * 7 % 3);
    assert_int_equal(read_text(&set, text.data, NULL, &err), 0);
    j = judge(&set);
    assert_true(says(&j, "values come in steps of 7.7 %"));
}

static void compare(struct series_comparison *c, const struct series_set *a,
                    const struct series_set *b)
{
    AUTO(series_judgement_release) struct series_judgement x = judge(a), y = judge(b);
    struct err err = {0};

    assert_int_equal(series_compare(c, &x, &y, false, &rules, &err), 0);
}

static void comparisons_are_of_runs(void **state)
{
    AUTO(series_set_release) struct series_set a = {0}, b = {0}, one = {0}, slow = {0};
    struct series_comparison c;

    (void)state;
    fill(&a, 5, 400, 90, 1);
    fill(&b, 5, 400, 100, 1);
    compare(&c, &a, &b);
    assert_int_equal(c.answer, SERIES_BETTER);
    assert_close(c.ratio.ratio, 0.9, 0.01);
    compare(&c, &b, &a);
    assert_int_equal(c.answer, SERIES_WORSE);
    compare(&c, &a, &a);
    assert_int_equal(c.answer, SERIES_EQUIVALENT);
    fill(&one, 1, 400, 95, 1);
    compare(&c, &one, &a);
    assert_int_equal(c.answer, SERIES_CANT_TELL);
    assert_non_null(strstr(c.why, "two or more independent runs"));
    fill(&slow, 5, 400, 96, 0.5);
    compare(&c, &slow, &a);
    assert_int_equal(c.answer, SERIES_CANT_TELL);
    assert_non_null(strstr(c.why, "no steady state"));
}

static void pairs_want_partners(void **state)
{
    AUTO(series_set_release) struct series_set a = {0}, b = {0};
    AUTO(series_judgement_release) struct series_judgement x = {0}, y = {0};
    struct series_comparison c;
    struct err err = {0};

    (void)state;
    fill(&a, 3, 100, 90, 1);
    fill(&b, 2, 100, 100, 1);
    x = judge(&a);
    y = judge(&b);
    assert_int_equal(series_compare(&c, &x, &y, true, &rules, &err), -EINVAL);
    assert_non_null(strstr(err.text, "3 and 2"));
}

static void running_out_of_memory_is_told(void **state)
{
    AUTO(series_set_release) struct series_set set = {0};
    int r = -ENOMEM;

    (void)state;
    fill(&set, 2, 80, 100, 1);
    for (int nth = 0; r == -ENOMEM && nth < 200; nth++) {
        AUTO(series_judgement_release) struct series_judgement j = {0};
        struct err err = {0};

        fault_alloc(nth);
        r = series_judge(&j, &set, &rules, &err);
        fault_alloc(-1);
        assert_int_equal(r == 0, j.runs != NULL);
    }
    assert_int_equal(r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_headers_runs_and_bare_numbers),
        cmocka_unit_test(a_column_run_splits_in_any_case),
        cmocka_unit_test(errors_name_file_line_and_column),
        cmocka_unit_test(five_steady_runs_are_a_characterization),
        cmocka_unit_test(what_is_missing_makes_a_snapshot_and_is_named),
        cmocka_unit_test(one_run_too_short_for_the_start_of_all_is_named),
        cmocka_unit_test(no_reason_is_dropped),
        cmocka_unit_test(a_constant_series_is_refused),
        cmocka_unit_test(a_coarse_clock_is_named),
        cmocka_unit_test(comparisons_are_of_runs),
        cmocka_unit_test(pairs_want_partners),
        cmocka_unit_test(running_out_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
