/* SPDX-License-Identifier: Apache-2.0 */
#include "asrun/stats.h"
#include "base/rng.h"
#include "harness/unit.h"
#include "stats/compare.h"
#include "stats/stats.h"
#include <math.h>

/* ln a = 0, 2 (mean 1, variance 2); ln b = 3, 4, 5 (mean 4, variance 1): log ratio 3, error^2 = 1 +
 * 1/3, df = (4/3)^2 / (1 + 1/18). */
static void welch_meets_its_formula(void **state)
{
    const double a[] = {1, exp(2)}, b[] = {exp(3), exp(4), exp(5)};
    double df = 16.0 / 9 / (19.0 / 18), error = sqrt(4.0 / 3),
           half = stats_t_quantile(0.975, df) * error;
    struct stats_ratio r;

    (void)state;
    assert_int_equal(stats_ratio_welch(&r, a, 2, b, 3, 0.02), 0);
    assert_close(r.df, df, 1e-9);
    assert_close(log(r.ratio), 3, 1e-12);
    assert_close(log(r.lo), 3 - half, 1e-9);
    assert_close(log(r.hi), 3 + half, 1e-9);
    assert_close(r.p, 2 * stats_t_cdf(-3 / error, df), 1e-12);
    assert_int_equal(r.answer, STATS_CANT_TELL);
}

static void answers_need_the_whole_interval(void **state)
{
    const double base[] = {100, 100.1, 99.9, 100, 100.05}, up[] = {110, 110.1, 109.9, 110, 110.05},
                 wild[] = {80, 120, 100, 130, 75};
    struct asrun_ratio r;

    (void)state;
    assert_int_equal(asrun_compare(&r, base, 5, up, 5, 0.02), 0);
    assert_string_equal(r.answer, "higher");
    assert_true(r.lo > 1.09 && r.hi < 1.11 && r.mde < 0.01);
    assert_int_equal(asrun_compare(&r, up, 5, base, 5, 0.02), 0);
    assert_string_equal(r.answer, "lower");
    assert_int_equal(asrun_compare(&r, base, 5, base, 5, 0.02), 0);
    assert_string_equal(r.answer, "equivalent");
    assert_int_equal(asrun_compare(&r, base, 5, wild, 5, 0.02), 0);
    assert_string_equal(r.answer, "cannot tell");
    assert_true(r.mde > 0.2);
}

static void one_run_a_side_has_no_interval(void **state)
{
    const double a[] = {100}, b[] = {110}, bad[] = {0};
    struct asrun_ratio r;

    (void)state;
    assert_int_equal(asrun_compare(&r, a, 1, b, 1, 0.02), 0);
    assert_close(r.ratio, 1.1, 1e-12);
    assert_true(isnan(r.lo) && isnan(r.hi) && isnan(r.mde));
    assert_string_equal(r.answer, "cannot tell");
    assert_int_equal(asrun_compare(&r, a, 1, bad, 1, 0.02), -EINVAL);
    assert_int_equal(asrun_compare(&r, a, 0, b, 1, 0.02), -EINVAL);
    assert_int_equal(asrun_compare_paired(&r, a, b, 1, 0.02), 0);
    assert_string_equal(r.answer, "cannot tell");
}

static void pairs_see_through_common_drift(void **state)
{
    double a[10], b[10];
    struct asrun_ratio pairs, welch;

    (void)state;
    for (int i = 0; i < 10; i++) {
        a[i] = 100 * exp(0.1 * i);
        b[i] = a[i] * (1.05 + 0.001 * (i % 3));
    }
    assert_int_equal(asrun_compare_paired(&pairs, a, b, 10, 0.02), 0);
    assert_int_equal(asrun_compare(&welch, a, 10, b, 10, 0.02), 0);
    assert_string_equal(pairs.answer, "higher");
    assert_string_equal(welch.answer, "cannot tell");
}

static void permuting_runs_changes_nothing(void **state)
{
    const double a[] = {1, 2, 3}, b[] = {2, 4, 3}, c[] = {3, 1, 2};
    struct asrun_ratio x, y;

    (void)state;
    assert_int_equal(asrun_compare(&x, a, 3, b, 3, 0.02), 0);
    assert_int_equal(asrun_compare(&y, c, 3, b, 3, 0.02), 0);
    assert_close(x.lo, y.lo, 1e-12);
    assert_close(x.hi, y.hi, 1e-12);
}

/* Holm 1979: 0.01 0.02 0.03 0.005 -> 0.03 0.04 0.04 0.02. */
static void holm_steps_down(void **state)
{
    double p[] = {0.01, 0.02, 0.03, 0.005}, zero[] = {0, 0.9, 0.8};

    (void)state;
    stats_holm(p, 4);
    assert_close(p[0], 0.03, 1e-12);
    assert_close(p[1], 0.04, 1e-12);
    assert_close(p[2], 0.04, 1e-12);
    assert_close(p[3], 0.02, 1e-12);
    stats_holm(zero, 3);
    assert_close(zero[0], 0, 0);
    assert_close(zero[1], 1, 0);
}

/* Two runs of two: means 2 and 6; S_1^2 = (2 + 2) / 2, S_2^2 = 8; T_2^2 = 8 - 2 / 2. */
static void variation_is_split_by_level(void **state)
{
    const double v[] = {1, 3, 5, 7};
    const size_t repeats[] = {2, 2};
    struct stats_variation s;

    (void)state;
    stats_variation(&s, v, repeats, 2);
    assert_close(s.mean, 4, 0);
    assert_close(s.s2[0], 2, 1e-12);
    assert_close(s.s2[1], 8, 1e-12);
    assert_close(s.t2[0], 2, 1e-12);
    assert_close(s.t2[1], 7, 1e-12);
}

static void repeats_go_where_the_variation_is(void **state)
{
    struct stats_variation s = {.mean = 100, .t2 = {400, 4, 1}};
    const double cost[] = {1, 10, 1000};
    size_t r[2];

    (void)state;
    stats_repeats(r, &s, cost, 3, 1000);
    assert_int_equal(r[0], 32); /* sqrt(10 * 100) = 31.6 */
    assert_int_equal(r[1], 20); /* sqrt(100 * 4) */
    s.t2[1] = 0;
    stats_repeats(r, &s, cost, 3, 1000);
    assert_int_equal(r[0], 1000); /* the level above adds nothing: as many as allowed */
    assert_int_equal(r[1], 1);
}

static void the_promised_precision_comes_true(void **state)
{
    double pilot[3 * 30];
    struct rng rng;
    int64_t runs;

    (void)state;
    rng_init(&rng, 11, 0);
    for (size_t i = 0; i < 3; i++) {
        double run = 100 + 2 * rng_normal(&rng);

        for (size_t k = 0; k < 30; k++)
            pilot[30 * i + k] = run + 5 * rng_normal(&rng);
    }
    runs = asrun_runs_needed(pilot, 3, 30, 0.02);
    assert_in_range(runs, 2, 30);
    assert_true(asrun_runs_needed(pilot, 3, 30, 0.002) > runs);
    assert_int_equal(asrun_runs_needed(pilot, 3, 30, 1e-9), 0);
    assert_int_equal(asrun_runs_needed(pilot, 1, 30, 0.02), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(welch_meets_its_formula),
        cmocka_unit_test(answers_need_the_whole_interval),
        cmocka_unit_test(one_run_a_side_has_no_interval),
        cmocka_unit_test(pairs_see_through_common_drift),
        cmocka_unit_test(permuting_runs_changes_nothing),
        cmocka_unit_test(holm_steps_down),
        cmocka_unit_test(variation_is_split_by_level),
        cmocka_unit_test(repeats_go_where_the_variation_is),
        cmocka_unit_test(the_promised_precision_comes_true),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
