/* SPDX-License-Identifier: Apache-2.0 */
#include "asrun/stats.h"
#include "base/rng.h"
#include "harness/unit.h"
#include "stats/distance.h"
#include "stats/kinds.h"
#include "stats/stats.h"
#include <math.h>

static void one_slow_value_stands_out(void **state)
{
    double v[500], score[500];
    struct rng rng;

    (void)state;
    rng_init(&rng, 12, 0);
    for (size_t i = 0; i < 500; i++)
        v[i] = (i < 250 ? 1 : 4) *
               exp(0.05 * rng_normal(&rng)); /* a step is not an outlier for long */
    v[3] *= 2;
    v[400] *= 2;
    assert_int_equal(stats_outlier_scores(score, v, 500), 0);
    assert_true(score[3] > STATS_OUTLIER_SCORE && score[400] > STATS_OUTLIER_SCORE);
    for (size_t i = 0; i < 100; i++)
        assert_true(i == 3 || score[i] < STATS_OUTLIER_SCORE);
    for (size_t i = 0; i < 500; i++)
        v[i] = 7;
    v[9] = 7.1;
    assert_int_equal(stats_outlier_scores(score, v, 500), 0);
    assert_true(score[9] > STATS_OUTLIER_SCORE && score[10] == 0);
}

static void first(struct asrun_first *f, double factor, size_t kinds)
{
    double v[400];
    uint32_t key[400];
    struct rng rng;

    rng_init(&rng, 13, kinds);
    for (size_t i = 0; i < 400; i++) {
        key[i] = (uint32_t)(i % kinds);
        v[i] = (1 + (double)key[i]) * (i < kinds ? factor : 1) * exp(0.05 * rng_normal(&rng));
    }
    assert_int_equal(asrun_first_of_kind(f, v, key, 400, kinds), 0);
}

static void first_occurrences_that_cost_more_are_told(void **state)
{
    struct asrun_first f, again;
    const double one = 1;
    uint32_t key = 5;

    (void)state;
    first(&f, 3, 10);
    assert_true(f.kinds == 10 && f.p < 0.001);
    assert_close(f.excess, log(3), 0.1);
    first(&again, 3, 10);
    assert_true(f.p == again.p); /* the same data, the same p */
    first(&f, 1, 10);
    assert_true(f.p > 0.05);
    first(&f, 3, 4);
    assert_close(f.p, 1, 0); /* too few kinds to tell */
    assert_int_equal(asrun_first_of_kind(&f, &one, &key, 1, 5), -EINVAL);
}

static void wasserstein_meets_closed_forms(void **state)
{
    const double a[] = {0, 1, 2, 3}, b[] = {3.5, 0.5, 2.5, 1.5}, c[] = {0, 2}, d[] = {1};
    double w = 7;

    (void)state;
    assert_int_equal(asrun_wasserstein(&w, a, 4, b, 4), 0);
    assert_close(w, 0.5, 1e-12); /* a shift */
    assert_int_equal(asrun_wasserstein(&w, c, 2, d, 1), 0);
    assert_close(w, 1, 1e-12);
    assert_int_equal(asrun_wasserstein(&w, a, 4, a, 4), 0);
    assert_close(w, 0, 0);
    assert_int_equal(asrun_wasserstein(&w, a, 4, d, 1), 0);
    assert_close(w, 1, 1e-12); /* mean |x - 1| */
    assert_int_equal(asrun_wasserstein(&w, a, 0, d, 1), -EINVAL);
}

/* Points 0 and 3, 4 in the plane: 2 * 5 across, nothing within: 1. {0, 2} and {1}: 2 across, 1
 * within. */
static void energy_meets_closed_forms(void **state)
{
    const double a[] = {0, 0}, b[] = {3, 4}, c[] = {0, 2}, d[] = {1};
    double h = 7;

    (void)state;
    assert_int_equal(asrun_energy(&h, a, 1, b, 1, 2), 0);
    assert_close(h, 1, 1e-12);
    assert_int_equal(asrun_energy(&h, c, 2, d, 1, 1), 0);
    assert_close(h, 0.5, 1e-12);
    assert_int_equal(asrun_energy(&h, c, 2, c, 2, 1), 0);
    assert_close(h, 0, 1e-12);
    assert_int_equal(asrun_energy(&h, a, 1, a, 1, 2), 0);
    assert_close(h, 0, 0);
    assert_int_equal(asrun_energy(&h, a, 1, b, 1, 0), -EINVAL);
}

static void the_beta_function_is_public(void **state)
{
    (void)state;
    assert_close(asrun_incomplete_beta(5, 1, 0.5), 0.03125, 1e-13);
    assert_close(asrun_incomplete_beta(262742 * 0.99, 262742 * 0.01, 0.99), 0.5,
                 0.01); /* no series of 200,000 terms */
    assert_true(isnan(asrun_incomplete_beta(0, 1, 0.5)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_slow_value_stands_out),
        cmocka_unit_test(first_occurrences_that_cost_more_are_told),
        cmocka_unit_test(wasserstein_meets_closed_forms),
        cmocka_unit_test(energy_meets_closed_forms),
        cmocka_unit_test(the_beta_function_is_public),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
