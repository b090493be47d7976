/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/unit.h"
#include "stats/stats.h"
#include <math.h>

static void the_beta_function_meets_its_closed_forms(void **state)
{
    (void)state;
    for (double x = 0.01; x < 1; x += 0.07) {
        assert_close(stats_ibeta(1, 1, x), x, 1e-14);
        assert_close(stats_ibeta(5, 1, x), pow(x, 5), 1e-13);
        assert_close(stats_ibeta(1, 5, x), 1 - pow(1 - x, 5), 1e-13);
        assert_close(stats_ibeta(0.5, 0.5, x), 2 / M_PI * asin(sqrt(x)), 1e-13);
        assert_close(stats_ibeta(3.5, 7, x), 1 - stats_ibeta(7, 3.5, 1 - x), 1e-13);
        if (x < 0.8) /* beyond, p itself has no digits left */
            assert_close(stats_ibeta_inverse(3.5, 7, stats_ibeta(3.5, 7, x)), x, 1e-9);
    }
    assert_close(stats_ibeta(2, 3, 0), 0, 0);
    assert_close(stats_ibeta(2, 3, 1), 1, 0);
}

static double binomial_by_sum(int k, int n, double p)
{
    double sum = 0, term = pow(1 - p, n);

    for (int i = 0; i <= k; i++) {
        sum += term;
        term *= (double)(n - i) / (i + 1) * p / (1 - p);
    }
    return sum;
}

static void the_binomial_agrees_with_its_sum(void **state)
{
    (void)state;
    for (int k = 0; k < 40; k++) {
        assert_close(stats_binomial_cdf(k, 40, 0.9), binomial_by_sum(k, 40, 0.9), 1e-12);
        assert_close(stats_binomial_cdf(k, 40, 0.3), binomial_by_sum(k, 40, 0.3), 1e-12);
    }
    assert_close(stats_binomial_cdf(-1, 40, 0.3), 0, 0);
    assert_close(stats_binomial_cdf(40, 40, 0.3), 1, 0);
    assert_close(stats_binomial_cdf(500000, 1000000, 0.5), 0.50039894, 1e-7); /* .5 + pmf / 2 */
}

/* Tables of any textbook. */
static void student_t_meets_the_tables(void **state)
{
    static const struct {
        double df, p, t;
    } table[] = {{1, 0.975, 12.7062047},  {2, 0.975, 4.30265273},  {4, 0.95, 2.13184679},
                 {9, 0.995, 3.24983554},  {19, 0.975, 2.09302405}, {30, 0.9, 1.31041503},
                 {120, 0.975, 1.97993041}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        assert_close(stats_t_quantile(table[i].p, table[i].df), table[i].t, 1e-7);
        assert_close(stats_t_quantile(1 - table[i].p, table[i].df), -table[i].t, 1e-7);
        assert_close(stats_t_cdf(table[i].t, table[i].df), table[i].p, 1e-8);
    }
    assert_close(stats_t_cdf(0, 3), 0.5, 1e-15);
    assert_close(stats_t_quantile(0.75, 1), 1, 1e-9); /* Cauchy: tan(pi / 4) */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_beta_function_meets_its_closed_forms),
        cmocka_unit_test(the_binomial_agrees_with_its_sum),
        cmocka_unit_test(student_t_meets_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
