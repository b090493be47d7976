/* SPDX-License-Identifier: Apache-2.0 */
#include "asrun/stats.h"
#include "base/rng.h"
#include "harness/unit.h"
#include "stats/stats.h"
#include "stats/trend.h"
#include <math.h>

/* By hand: 1 2 3 4 5: S = 10, variance 5 4 15 / 18 = 16.667, z = 9 / 4.0825. */
static void mann_kendall_meets_its_textbook(void **state)
{
    const double up[] = {1, 2, 3, 4, 5}, down[] = {5, 4, 3, 2, 1}, flat[] = {2, 2, 2, 2},
                 tied[] = {1, 1, 2, 3}; /* S = 5, variance (4 3 13 - 2 1 9) / 18 = 7.667 */

    (void)state;
    assert_close(stats_mann_kendall(up, 5), 9 / sqrt(300 / 18.0), 1e-12);
    assert_close(stats_mann_kendall(down, 5), -9 / sqrt(300 / 18.0), 1e-12);
    assert_close(stats_mann_kendall(flat, 4), 0, 0);
    assert_close(stats_mann_kendall(tied, 4), 4 / sqrt(138 / 18.0), 1e-12);
    assert_close(stats_trend(up, 5), 0, 0);
}

static void theil_sen_ignores_one_wild_value(void **state)
{
    const double v[] = {1, 3, 5, 700, 9, 11, 13};
    double slope = 0;

    (void)state;
    assert_int_equal(asrun_theil_sen(&slope, v, 7), 0);
    assert_close(slope, 2, 1e-12);
    assert_int_equal(asrun_theil_sen(&slope, v, 1), -EINVAL);
}

static void a_line_is_found_with_its_error(void **state)
{
    const double v[] = {1, 2, 4, 5, 8}; /* slope 1.7, residuals .4 -.3 0 -.7 .6 */
    struct stats_line l = stats_line(v, 5);

    (void)state;
    assert_close(l.slope, 1.7, 1e-12);
    assert_close(l.error, sqrt(1.1 / 3 / 10), 1e-12);
    assert_close(l.mean, 4, 0);
}

static void drift_is_bounded_by_the_whole_length(void **state)
{
    double v[400];
    struct stats_drift whole, half;

    (void)state;
    for (size_t i = 0; i < 400; i++)
        v[i] = 1000 + 100 * ((double)i + 0.5) / 400 - 50; /* 10 % from end to end */
    whole = stats_drift(v, 0, 400);
    half = stats_drift(v, 200, 400);
    assert_close(whole.change, 0.1, 1e-9);
    assert_close(whole.bound, 0.1, 1e-9);
    assert_close(half.change, 0.1, 1e-9); /* what was cut is on the line: it counts again */
    for (size_t i = 0; i < 200; i++)
        v[i] += 500;
    half = stats_drift(v, 200, 400);
    assert_close(half.change, 0.1 * 1000 / 1025, 1e-9); /* the rate, not what is left of it */
    assert_true(isinf(stats_drift(v, 0, 39).bound) && isnan(stats_drift(v, 380, 400).change));
    memset(v, 0, sizeof v);
    assert_true(isinf(stats_drift(v, 0, 400).bound));
}

static void growth_needs_slope_and_size(void **state)
{
    double mean[STATS_TREND_BATCHES];

    (void)state;
    for (int i = 0; i < STATS_TREND_BATCHES; i++)
        mean[i] = 10 + i;
    assert_true(stats_grows(mean));
    for (int i = 0; i < STATS_TREND_BATCHES; i++)
        mean[i] = 1000 + i; /* sure, and nothing to speak of */
    assert_false(stats_grows(mean));
    for (int i = 0; i < STATS_TREND_BATCHES; i++)
        mean[i] = i % 2 ? 40 : 2;
    assert_false(stats_grows(mean));
}

static void cusum_notices_a_shift_soon_and_little_else(void **state)
{
    struct asrun_cusum c = {.mean = 100, .sd = 5};
    struct rng rng;
    int alarms = 0, after = 0;

    (void)state;
    rng_init(&rng, 9, 0);
    for (int i = 0; i < 20000; i++)
        alarms += asrun_cusum(&c, 100 + 5 * rng_normal(&rng)) != 0;
    assert_in_range(alarms, 20, 80); /* 20,000 / 465 = 43 */
    for (int i = 0; i < 500; i++) {
        c.up = c.down = 0;
        while (asrun_cusum(&c, 105 + 5 * rng_normal(&rng)) != 1)
            after++;
    }
    assert_in_range(after / 500, 7, 12);
    c.up = c.down = 0;
    for (int i = 0; i < 3; i++)
        assert_int_equal(asrun_cusum(&c, 90), 0); /* -2 each, less 0.5: 1.5, 3, 4.5 */
    assert_int_equal(asrun_cusum(&c, 90), 2);
    c.sd = 0;
    assert_int_equal(asrun_cusum(&c, 90), -EINVAL);
}

static void what_a_covariate_explains_is_taken_off(void **state)
{
    double x[200], y[200], rest[200], b;
    enum stats_cause cause;
    struct rng rng;

    (void)state;
    rng_init(&rng, 10, 0);
    for (size_t i = 0; i < 200; i++) {
        x[i] = rng_normal(&rng) + (i >= 100 ? 4 : 0);
        y[i] = 7 + 3 * x[i] + 0.1 * rng_normal(&rng);
    }
    b = stats_adjust(rest, y, x, 200);
    assert_close(b, 3, 0.02);
    assert_true(stats_variance(rest, 200) < 0.02);
    assert_int_equal(stats_cause(&cause, y, x, 200), 0);
    assert_int_equal(cause, STATS_WORKLOAD);
    for (size_t i = 0; i < 200; i++)
        x[i] = 4;
    assert_close(stats_adjust(rest, y, x, 200), 0, 0);
    assert_int_equal(stats_cause(&cause, y, x, 200), 0);
    assert_int_equal(cause, STATS_SERVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mann_kendall_meets_its_textbook),
        cmocka_unit_test(theil_sen_ignores_one_wild_value),
        cmocka_unit_test(a_line_is_found_with_its_error),
        cmocka_unit_test(drift_is_bounded_by_the_whole_length),
        cmocka_unit_test(growth_needs_slope_and_size),
        cmocka_unit_test(cusum_notices_a_shift_soon_and_little_else),
        cmocka_unit_test(what_a_covariate_explains_is_taken_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
