/* SPDX-License-Identifier: Apache-2.0 */
#include "asrun/stats.h"
#include "base/rng.h"
#include "harness/fault.h"
#include "harness/unit.h"
#include "stats/levels.h"
#include "stats/robust.h"
#include "stats/stats.h"
#include <math.h>

enum { SMALL = 24 };

static double cost_of(const double *v, size_t from, size_t to)
{
    return stats_variance(v + from, to - from) * (double)(to - from - 1);
}

/* The least cost of all segmentations, by dynamic programming without any pruning. */
static double least_cost(const double *v, size_t n, double penalty, size_t shortest)
{
    double best[SMALL + 1] = {-penalty};

    for (size_t t = 1; t <= n; t++) {
        best[t] = INFINITY;
        for (size_t s = 0; s + shortest <= t; s++)
            best[t] = fmin(best[t], best[s] + cost_of(v, s, t) + penalty);
    }
    return best[n];
}

static double cost_with(const double *v, size_t n, const size_t *at, size_t count, double penalty)
{
    double sum = penalty * (double)count;

    for (size_t k = 0, from = 0; k <= count; k++) {
        size_t to = k < count ? at[k] : n;

        sum += cost_of(v, from, to);
        from = to;
    }
    return sum;
}

static void pelt_is_optimal(void **state)
{
    struct rng rng;

    (void)state;
    rng_init(&rng, 7, 0);
    for (int i = 0; i < 400; i++) {
        size_t n = 6 + (size_t)rng_below(&rng, SMALL - 5), at[SMALL], count = 99,
               shortest = 2 + (size_t)rng_below(&rng, 3);
        double v[SMALL], penalty = 1 + 6 * rng_unit(&rng), level = 1e6;

        for (size_t k = 0; k < n; k++) {
            level += rng_unit(&rng) < 0.2 ? 6 * rng_normal(&rng) : 0;
            v[k] = level + rng_normal(&rng);
        }
        assert_int_equal(stats_pelt(at, &count, v, n, penalty, shortest), 0);
        assert_true(count <= n / shortest);
        for (size_t k = 0; k <= count; k++)
            assert_true((k < count ? at[k] : n) - (k > 0 ? at[k - 1] : 0) >= shortest);
        assert_close(cost_with(v, n, at, count, penalty), least_cost(v, n, penalty, shortest),
                     1e-4);
    }
}

static void a_step_is_found_where_it_is(void **state)
{
    double v[200];
    size_t at[40], count = 0;
    struct rng rng;

    (void)state;
    rng_init(&rng, 1, 0);
    for (size_t i = 0; i < 200; i++)
        v[i] = 50 + (i >= 80 ? 4 : 0) + rng_normal(&rng);
    assert_int_equal(asrun_change_points(at, &count, v, 200), 0);
    assert_int_equal(count, 1);
    assert_in_range(at[0], 78, 82);
    for (size_t i = 0; i < 200; i++) /* the unit changes nothing */
        v[i] *= 1e9;
    assert_int_equal(asrun_change_points(at, &count, v, 200), 0);
    assert_int_equal(count, 1);
    assert_in_range(at[0], 78, 82);
}

static void short_and_constant_series_have_no_change(void **state)
{
    double v[300] = {0};
    size_t at[60], count = 7;

    (void)state;
    for (size_t n = 1; n <= 300; n += 13) {
        assert_int_equal(asrun_change_points(at, &count, v, n), 0);
        assert_int_equal(count, 0);
    }
    assert_int_equal(asrun_change_points(at, &count, v, 0), -EINVAL);
    v[3] = NAN;
    assert_int_equal(asrun_change_points(at, &count, v, 10), -EINVAL);
}

static void a_quantised_step_is_one_change(void **state)
{
    double v[300];
    size_t at[60], count = 7;

    (void)state;
    for (size_t i = 0; i < 300; i++)
        v[i] = i < 100 ? 12 : 13;
    assert_int_equal(asrun_change_points(at, &count, v, 300), 0);
    assert_int_equal(count, 1);
    assert_int_equal(at[0], 100);
}

static void long_series_are_seen_through_blocks(void **state)
{
    enum { N = 50000 };
    AUTO(free) double *v = malloc(N * sizeof *v);
    AUTO(stats_levels_release) struct stats_levels l = {0};
    struct rng rng;

    (void)state;
    assert_non_null(v);
    rng_init(&rng, 2, 0);
    for (size_t i = 0; i < N; i++)
        v[i] = 10 + (i >= 20000 ? 1 : 0) + rng_normal(&rng);
    assert_int_equal(stats_levels(&l, v, N), 0);
    assert_int_equal(l.count, 1);
    assert_in_range(l.at[0], 19900, 20100);
    assert_in_range((int)(100 * l.lrv), 70, 140);
}

static void outliers_are_drawn_in_and_steps_kept(void **state)
{
    double v[100], clean[100];
    size_t cut = 0;
    struct rng rng;

    (void)state;
    rng_init(&rng, 3, 0);
    for (size_t i = 0; i < 100; i++)
        v[i] = (i < 50 ? 10 : 30) + 0.1 * rng_normal(&rng);
    v[20] = 500;
    v[70] = -500;
    assert_int_equal(stats_winsorise(clean, v, 100, &cut), 0);
    assert_true(cut >= 2 && cut < 8);
    assert_true(clean[20] > 10 && clean[20] < 11 && clean[70] > 29 && clean[70] < 30);
    assert_close(clean[49], v[49], 0.3);
    assert_close(clean[50], v[50], 0.3);
}

static void the_running_median_is_that_of_each_window(void **state)
{
    double v[60], ret[60], window[60];
    struct rng rng;

    (void)state;
    rng_init(&rng, 4, 0);
    for (size_t i = 0; i < 60; i++)
        v[i] = (double)rng_below(&rng, 9);
    for (size_t width = 1; width <= 121; width += 6) {
        assert_int_equal(stats_running_median(ret, v, 60, width), 0);
        for (size_t i = 0; i < 60; i++) {
            size_t from = i > width / 2 ? i - width / 2 : 0, to = i + width / 2 + 1, n;

            n = (to < 60 ? to : 60) - from;
            memcpy(window, v + from, n * sizeof *window);
            assert_close(ret[i], stats_median(window, n), 0);
        }
    }
}

static void the_long_run_variance_is_that_of_the_process(void **state)
{
    enum { N = 20000 };
    AUTO(free) double *v = malloc(N * sizeof *v);
    double lrv, x;
    struct rng rng;

    (void)state;
    assert_non_null(v);
    rng_init(&rng, 5, 0);
    for (int phi = 0; phi <= 4; phi += 2) { /* AR(phi), innovations of 1: 1 / (1 - phi)^2 */
        double f = phi / 10.0, state_ = 0, want = 1 / ((1 - f) * (1 - f));

        for (size_t i = 0; i < N; i++) {
            state_ = f * state_ + rng_normal(&rng);
            v[i] = state_ + (i > N / 2 ? 100 : 0); /* the step is not seen */
        }
        assert_int_equal(asrun_long_run_variance(&lrv, v, N), 0);
        assert_close(lrv / want, 1, 0.25);
    }
    x = 0;
    assert_int_equal(asrun_long_run_variance(&lrv, &x, 1), 0);
    assert_close(lrv, 0, 0);
}

static size_t mser_by_definition(const double *v, size_t n)
{
    double batch[200], least = INFINITY;
    size_t b = n / 5, best = 0;

    for (size_t i = 0; i < b; i++)
        batch[i] = stats_mean(v + 5 * i, 5);
    for (size_t k = 0; k + 5 < b; k++) {
        double m = (double)(b - k), of = stats_variance(batch + k, b - k) * (m - 1) / (m * m);

        if (of < least * (1 - 1e-12)) {
            least = of;
            best = k;
        }
    }
    return 5 * best;
}

static void mser_is_its_definition(void **state)
{
    double v[600];
    struct rng rng;
    size_t cut = 99;

    (void)state;
    rng_init(&rng, 6, 0);
    for (int i = 0; i < 100; i++) {
        size_t n = 30 + (size_t)rng_below(&rng, 570);

        for (size_t k = 0; k < n; k++)
            v[k] = rng_normal(&rng) + 10 * exp(-(double)k / 20);
        assert_int_equal(stats_mser5(v, n), mser_by_definition(v, n));
    }
    for (size_t n = 0; n < 600; n++)
        v[n] = 3;
    assert_int_equal(asrun_mser5(&cut, v, 600), 0);
    assert_int_equal(cut, 0);
    assert_int_equal(stats_mser5(v, 4), 0);
}

static struct asrun_steady judge(double *v, size_t n, int better)
{
    struct asrun_steady s = {0};

    assert_int_equal(asrun_steady_state(&s, v, n, 0.05, better), 0);
    return s;
}

/* @first for the share @until of it, then 100; CV 2 %. */
static void two_levels(double *v, size_t n, double first, double until)
{
    struct rng rng;

    rng_init(&rng, 8, 0);
    for (size_t i = 0; i < n; i++)
        v[i] = ((double)i < until * (double)n ? first : 100) * (1 + 0.02 * rng_normal(&rng));
}

static void labels_say_what_was_left_out(void **state)
{
    double v[600];
    struct asrun_steady s;

    (void)state;
    two_levels(v, 600, 100, 0);
    assert_string_equal(judge(v, 600, -1).label, "flat");
    two_levels(v, 600, 160, 0.2);
    s = judge(v, 600, -1);
    assert_string_equal(s.label, "warm-up");
    assert_in_range(s.start, 119, 140);
    assert_string_equal(judge(v, 600, +1).label, "slowdown"); /* of a throughput */
    two_levels(v, 600, 60, 0.2);
    assert_string_equal(judge(v, 600, -1).label, "slowdown");
    two_levels(v, 600, 160, 0.9);
    assert_string_equal(judge(v, 600, -1).label, "no steady state");
    two_levels(v, 600, 100, 0);
    assert_string_equal(judge(v, 59, -1).label, "too short");
}

static void reversal_swaps_warm_up_and_late_slowdown(void **state)
{
    double v[600], back[600];

    (void)state;
    two_levels(v, 600, 160, 0.2);
    for (size_t i = 0; i < 600; i++)
        back[i] = v[599 - i];
    assert_string_equal(judge(v, 600, -1).label, "warm-up");
    assert_string_equal(judge(back, 600, -1).label, "slowdown"); /* late */
}

static void a_short_transient_is_no_level(void **state)
{
    double v[1200];

    (void)state;
    two_levels(v, 1200, 100, 0);
    for (size_t i = 700; i < 710; i++)
        v[i] = 300; /* under 1 % */
    assert_string_equal(judge(v, 1200, -1).label, "flat");
    assert_true(judge(v, 1200, -1).start < 300);
}

static void a_regime_is_told_from_the_rest(void **state)
{
    AUTO(stats_levels_release) struct stats_levels l = {0}, flat = {0};
    double v[600];

    (void)state;
    two_levels(v, 600, 140, 0.4);
    assert_int_equal(stats_levels(&l, v, 600), 0);
    assert_int_equal(stats_regime(&l, 0, 0.05), 0);
    assert_true(stats_regime(&l, 300, 0.05) == SIZE_MAX);
    two_levels(v, 600, 100, 0);
    assert_int_equal(stats_levels(&flat, v, 600), 0);
    assert_true(stats_regime(&flat, 0, 0.05) == SIZE_MAX);
}

static void running_out_of_memory_is_told(void **state)
{
    double v[100] = {1, 2, 3};
    int r = -ENOMEM;

    (void)state;
    for (int nth = 0; r == -ENOMEM && nth < 100; nth++) {
        AUTO(stats_levels_release) struct stats_levels l = {0};

        fault_alloc(nth);
        r = stats_levels(&l, v, 100);
        assert_int_equal(r == 0, l.clean != NULL);
    }
    fault_alloc(-1);
    assert_int_equal(r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pelt_is_optimal),
        cmocka_unit_test(a_step_is_found_where_it_is),
        cmocka_unit_test(short_and_constant_series_have_no_change),
        cmocka_unit_test(a_quantised_step_is_one_change),
        cmocka_unit_test(long_series_are_seen_through_blocks),
        cmocka_unit_test(outliers_are_drawn_in_and_steps_kept),
        cmocka_unit_test(the_running_median_is_that_of_each_window),
        cmocka_unit_test(the_long_run_variance_is_that_of_the_process),
        cmocka_unit_test(mser_is_its_definition),
        cmocka_unit_test(labels_say_what_was_left_out),
        cmocka_unit_test(reversal_swaps_warm_up_and_late_slowdown),
        cmocka_unit_test(a_short_transient_is_no_level),
        cmocka_unit_test(a_regime_is_told_from_the_rest),
        cmocka_unit_test(running_out_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
