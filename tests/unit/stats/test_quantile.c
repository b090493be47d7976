/* SPDX-License-Identifier: Apache-2.0 */
#include "asrun/stats.h"
#include "base/rng.h"
#include "harness/fault.h"
#include "harness/unit.h"
#include "stats/stats.h"
#include <math.h>

/* The published count table: two-sided 95 % interval exists from here on; p50 p90 p95 p99 p99.9. */
static void the_count_table_is_the_published_one(void **state)
{
    static const double p[] = {0.5, 0.9, 0.95, 0.99, 0.999};
    static const int64_t need[] = {6, 36, 72, 368, 3688};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(p); i++) {
        struct stats_ranks r = stats_quantile_ranks(need[i] - 1, p[i], 0.95);

        assert_int_equal(stats_quantile_need(p[i], 0.95), need[i]);
        assert_int_equal(r.hi, 0);
    }
    assert_int_equal(asrun_quantile_need(0.99), 368);
    assert_int_equal(asrun_quantile_need(1), -EINVAL);
}

/* The floor of one-sided bounds, and MLPerf's early stopping (c = .99, t = 1): both are beta tails.
 */
static void one_sided_floors_and_early_stopping_are_the_published_ones(void **state)
{
    static const double p[] = {0.5, 0.9, 0.95, 0.99, 0.999};
    static const int64_t one_sided[] = {5, 29, 59, 299, 2995};
    static const int64_t early[] = {11, 64, 130, 662, 6636};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(p); i++) {
        double n = (double)one_sided[i], h = (double)early[i] - 1;

        assert_true(stats_ibeta(n, 1, p[i]) <= 0.05 && stats_ibeta(n - 1, 1, p[i]) > 0.05);
        assert_true(stats_ibeta(h, 2, p[i]) <= 0.01 && stats_ibeta(h - 1, 2, p[i]) > 0.01);
    }
}

/* Ranks from the binomial, by hand: n = 10, median: P(B <= 1) = 11/1024, P(B <= 2) = 56/1024. */
static void ranks_of_a_small_sample_are_exact(void **state)
{
    struct stats_ranks r = stats_quantile_ranks(10, 0.5, 0.95);

    (void)state;
    assert_int_equal(r.lo, 2);
    assert_int_equal(r.hi, 9);
    r = stats_quantile_ranks(5, 0.5, 0.95);
    assert_int_equal(r.lo, 0);
    assert_int_equal(r.hi, 0);
}

static void a_quantile_is_an_observed_value(void **state)
{
    const double v[] = {5, 1, 4, 2, 3, 6, 10, 9, 8, 7};
    struct stats_quantile q;

    (void)state;
    assert_int_equal(stats_quantile(&q, v, 10, 0.5), 0);
    assert_close(q.value, 5, 0);
    assert_close(q.lo, 2, 0);
    assert_close(q.hi, 9, 0);
    assert_true(isnan(q.vif) && q.n_eff == 10);
    assert_int_equal(stats_quantile(&q, v, 10, 0.9), 0);
    assert_close(q.value, 9, 0);
    assert_true(isnan(q.hi)); /* 10 values say nothing about the far side of p90 */
    assert_int_equal(q.need, 36);
}

static void censored_values_leave_the_bound_open(void **state)
{
    double v[100];
    struct stats_quantile q;

    (void)state;
    for (size_t i = 0; i < 100; i++)
        v[i] = i % 20 == 7 ? (double)INFINITY : (double)(i * 37 % 100);
    assert_int_equal(stats_quantile(&q, v, 99, 0.9), 0);
    assert_true(isfinite(q.value) && isinf(q.hi));
}

static double lognormal(double z)
{
    return exp(0.5 * z);
}

/* Share of @reps series of @n, with an AR(1) factor carrying @share of the variance, whose interval
 * holds the true @p quantile (or was refused for long memory, counted in *refused). */
static double coverage(size_t n, double share, double phi, double p, double z, int *refused)
{
    struct rng r;
    int hit = 0, told = 0;
    AUTO(free) double *v = malloc(n * sizeof *v);

    assert_non_null(v);
    rng_init(&r, 20261124, (uint64_t)n);
    for (int rep = 0; rep < 400; rep++) {
        double factor = rng_normal(&r);
        struct stats_quantile q;

        for (size_t i = 0; i < n; i++) {
            factor = phi * factor + sqrt(1 - phi * phi) * rng_normal(&r);
            v[i] = lognormal(sqrt(share) * factor + sqrt(1 - share) * rng_normal(&r));
        }
        assert_int_equal(stats_quantile(&q, v, n, p), 0);
        *refused += q.long_memory;
        if (q.long_memory)
            continue;
        told++;
        hit += q.lo <= lognormal(z) && lognormal(z) <= q.hi;
    }
    return (double)hit / told;
}

static void intervals_hold_what_they_promise(void **state)
{
    int refused = 0;

    (void)state;
    assert_in_range((int)(1000 * coverage(1000, 0, 0, 0.9, 1.2815516, &refused)), 945, 1000);
    assert_true(refused <= 400 * 8 / 100); /* needless refusals on independent data */
    refused = 0;
    assert_in_range((int)(1000 * coverage(1000, 0.5, 0.9, 0.9, 1.2815516, &refused)), 900, 990);
    refused = 0; /* memory longer than a batch: it must be seen, most of the time */
    (void)coverage(1000, 0.5, 0.99, 0.5, 0, &refused);
    assert_true(refused > 400 / 2);
}

static void a_share_of_nothing_is_not_certain(void **state)
{
    double v[60] = {0};
    struct stats_share s = stats_share(v, 60);

    (void)state;
    assert_close(s.share, 0, 0);
    assert_close(s.lo, 0, 0);
    assert_close(s.hi, 1 - pow(0.025, 1.0 / 60), 1e-9); /* Clopper and Pearson, k = 0 */
    v[7] = 1;
    s = stats_share(v, 60);
    assert_true(s.lo > 0 && s.lo < 1.0 / 60 && s.hi > 1.0 / 60);
    assert_close(s.lo, 1 - pow(0.975, 1.0 / 60), 1e-9);
}

static void running_out_of_memory_is_told(void **state)
{
    const double v[] = {1, 2, 3};
    struct asrun_interval i = {.value = 7};

    (void)state;
    fault_alloc(0);
    assert_int_equal(asrun_quantile(&i, v, 3, 0.5), -ENOMEM);
    fault_alloc(-1);
    assert_close(i.value, 7, 0);
    assert_int_equal(asrun_quantile(&i, v, 0, 0.5), -EINVAL);
    assert_int_equal(asrun_quantile(&i, v, 3, 0.5), 0);
    assert_close(i.value, 2, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_count_table_is_the_published_one),
        cmocka_unit_test(one_sided_floors_and_early_stopping_are_the_published_ones),
        cmocka_unit_test(ranks_of_a_small_sample_are_exact),
        cmocka_unit_test(a_quantile_is_an_observed_value),
        cmocka_unit_test(censored_values_leave_the_bound_open),
        cmocka_unit_test(intervals_hold_what_they_promise),
        cmocka_unit_test(a_share_of_nothing_is_not_certain),
        cmocka_unit_test(running_out_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
