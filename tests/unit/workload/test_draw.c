/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/draw.h"
#include "harness/unit.h"
#include "workload/series.h"
#include <math.h>

enum { DRAWS = 20000 };

static struct profile load(const char *name)
{
    struct profile p = {0};
    struct err err = {0};

    assert_int_equal(profile_load_shipped(&p, name, &err), 0);
    assert_true(p.learned);
    return p;
}

static void fill(struct draw *d, double *in, double *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int32_t input, output;
        int64_t row;

        draw_lengths(d, &input, &output, &row);
        assert_int_equal(row, -1);
        in[i] = input;
        out[i] = output;
    }
}

/* Kolmogorov-Smirnov distance between draws and the model's table, at the drawn values. */
static double distance(double *v, size_t n, const double *table)
{
    double most = 0;

    series_sort(v, n);
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && v[i + 1] <= v[i]) /* the last of equal ones carries their whole step */
            continue;
        most = fmax(most, fabs((double)(i + 1) / (double)n - profile_share_at(table, v[i] + 0.5)));
    }
    return most;
}

static void draws_have_the_quantiles_of_the_model(void **state)
{
    static double in[DRAWS], out[DRAWS];

    (void)state;
    for (size_t k = 0; profile_shipped_name(k); k++) {
        AUTO(profile_release) struct profile p = load(profile_shipped_name(k));
        struct draw d;

        draw_init(&d, &p, 1, 42 + k);
        fill(&d, in, out, DRAWS);
        assert_close(series_mean(in, DRAWS) / profile_table_mean(p.model.input_q), 1, 0.03);
        assert_close(series_mean(out, DRAWS) / profile_table_mean(p.model.output_q), 1, 0.03);
        /* 1.63 / sqrt(20,000): what one in a hundred samples of the model itself exceeds */
        assert_true(distance(in, DRAWS, p.model.input_q) < 0.0116);
        assert_true(distance(out, DRAWS, p.model.output_q) < 0.0116);
    }
}

static void draws_have_the_rank_correlation_of_the_model(void **state)
{
    static double in[DRAWS], out[DRAWS];
    const double wanted[] = {-0.8, 0, 0.073, 0.5, 0.95};
    AUTO(profile_release) struct profile p = load("azure-2023-conversation");

    (void)state;
    for (size_t k = 0; k < COUNT_OF(wanted); k++) {
        struct draw d;
        double rho = 9;

        p.model.rank_correlation = wanted[k];
        draw_init(&d, &p, 1, 7);
        fill(&d, in, out, DRAWS);
        assert_int_equal(series_spearman(&rho, in, out, DRAWS), 0);
        assert_close(rho, wanted[k], 0.03);
    }
}

static void asking_for_more_never_changes_what_came_before(void **state)
{
    static double in[2][1000], out[2][1000];
    AUTO(profile_release) struct profile p = load("mooncake-conversation");
    struct draw a, b;

    (void)state;
    draw_init(&a, &p, 1, 3);
    draw_init(&b, &p, 1, 3);
    fill(&a, in[0], out[0], 1000);
    for (int i = 0; i < 500; i++) /* arrivals have a stream of their own */
        (void)draw_gap(&b, ARRIVALS_POISSON, 2, 1);
    fill(&b, in[1], out[1], 1000);
    assert_memory_equal(in[0], in[1], sizeof in[0]);
    assert_memory_equal(out[0], out[1], sizeof out[0]);
}

static void gaps(double *v, size_t n, enum arrivals kind, const struct profile *p, double cv)
{
    struct draw d;

    draw_init(&d, p, 1, 11);
    for (size_t i = 0; i < n; i++)
        v[i] = (double)draw_gap(&d, kind, 4, cv) / 1e9;
}

static void gaps_have_the_asked_mean_and_burstiness(void **state)
{
    static double v[DRAWS];
    AUTO(profile_release) struct profile p = load("azure-2023-conversation");

    (void)state;
    gaps(v, DRAWS, ARRIVALS_POISSON, NULL, 0);
    assert_close(series_mean(v, DRAWS), 0.25, 0.01);
    assert_close(series_cv(v, DRAWS), 1, 0.03);
    gaps(v, DRAWS, ARRIVALS_GAMMA, NULL, 1 / (3.0 * 3.0));
    assert_close(series_mean(v, DRAWS), 0.25, 0.02);
    assert_close(series_cv(v, DRAWS), 3, 0.2);
    gaps(v, DRAWS, ARRIVALS_CONSTANT, NULL, 0);
    for (size_t i = 0; i < DRAWS; i++)
        assert_close(v[i], 0.25, 0);
    gaps(v, DRAWS, ARRIVALS_REPLAY, &p, 0);
    assert_close(series_mean(v, DRAWS), 0.25, 0.01);
    assert_close(series_cv(v, DRAWS), p.model.arrival_cv, 0.05);
}

static void rows_are_walked_in_order_wrapped_and_scaled(void **state)
{
    struct profile_row rows[] = {{.input_tokens = 100, .output_tokens = 1},
                                 {.input_tokens = 7, .output_tokens = 50}};
    const struct profile p = {.rows = rows, .row_count = 2};
    const int32_t inputs[] = {25, 2, 25}, outputs[] = {1, 13, 1};
    struct draw d;

    (void)state;
    draw_init(&d, &p, 0.25, 1);
    for (int i = 0; i < 3; i++) {
        int32_t input, output;
        int64_t row;

        draw_lengths(&d, &input, &output, &row);
        assert_int_equal(row, i % 2);
        assert_int_equal(input, inputs[i]);
        assert_int_equal(output, outputs[i]); /* never below one */
    }
}

static void fixed_lengths_stay_fixed(void **state)
{
    struct draw d;
    int32_t input, output;
    int64_t row;

    (void)state;
    draw_init(&d, NULL, 1, 1);
    d.fixed_input = 32;
    d.fixed_output = 100;
    draw_lengths(&d, &input, &output, &row);
    assert_int_equal(input, 32);
    assert_int_equal(output, 100);
    assert_int_equal(row, -1);
}

static void table_lookup_and_its_inverse_agree(void **state)
{
    AUTO(profile_release) struct profile p = load("azure-2023-conversation");

    (void)state;
    assert_close(profile_level(0), 0, 0);
    assert_close(profile_level(1), 1.0 / 1024, 0);
    assert_close(profile_level(PROFILE_QUANTILES / 2), 0.5, 0);
    assert_close(profile_level(PROFILE_QUANTILES - 1), 1, 0);
    for (size_t i = 1; i < PROFILE_QUANTILES; i++)
        assert_true(profile_level(i) > profile_level(i - 1));
    for (double u = 0.002; u < 1; u += 0.01) {
        double value = profile_quantile(p.model.input_q, u);

        assert_close(profile_share_at(p.model.input_q, value), u, 1e-9);
    }
    assert_close(profile_share_at(p.model.input_q, 1), 0, 0);
    assert_close(profile_share_at(p.model.input_q, 1e9), 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_have_the_quantiles_of_the_model),
        cmocka_unit_test(draws_have_the_rank_correlation_of_the_model),
        cmocka_unit_test(asking_for_more_never_changes_what_came_before),
        cmocka_unit_test(gaps_have_the_asked_mean_and_burstiness),
        cmocka_unit_test(rows_are_walked_in_order_wrapped_and_scaled),
        cmocka_unit_test(fixed_lengths_stay_fixed),
        cmocka_unit_test(table_lookup_and_its_inverse_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
