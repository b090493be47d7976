/* SPDX-License-Identifier: Apache-2.0 */
/* Load shapes in the schedule: what was asked for is what was drawn. Seeds are fixed, so that a
 * test passes always or never; the bounds are those of the 0.1 % level. */
#include "plan/schedule.h"
#include "harness/unit.h"
#include <math.h>
#include <stdlib.h>

static struct schedule *built(const char *load, const char *more)
{
    AUTO(plan_free) struct plan *p = NULL;
    struct schedule *s = NULL;
    struct err err = {0};
    char text[1024];

    (void)snprintf(text, sizeof text,
                   "asrun: 1\nworkload: {fixed: {input_tokens: 32, output_tokens: 100}}\n"
                   "load: {%s}\nexclude: {warm_up: none}\n"
                   "target: {url: \"http://127.0.0.1:8080/v1\", model: default}\n%s\n",
                   load, more);
    if (plan_parse(&p, text, "plan.yaml", NULL, 0, &err) < 0 || schedule_build(&s, p, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : y < x;
}

static double exponential(double x, double unused)
{
    (void)unused;
    return -expm1(-x);
}

/* Largest distance to @cdf times the root of n: beyond 1.95 with probability 0.1 %. */
static double ks(double *v, size_t n, double (*cdf)(double x, double shape), double shape)
{
    double most = 0;

    qsort(v, n, sizeof *v, by_value);
    for (size_t i = 0; i < n; i++) {
        double f = cdf(v[i], shape);

        most = fmax(most, fmax(f - (double)i / (double)n, (double)(i + 1) / (double)n - f));
    }
    return most * sqrt((double)n);
}

static void rests_are_exponential_where_the_plan_says_so(void **state)
{
    enum { N = 5000 };
    AUTO(schedule_free)
    struct schedule *s = built("arrivals: closed, concurrency: 4, requests: 5000, "
                               "think_time: exponential 2s",
                               "");
    static double v[N];

    (void)state;
    assert_int_equal(s->count, N);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(s->items[i].at_ns, TIME_NONE);
        v[i] = (double)s->items[i].think_ns / 2e9;
    }
    assert_true(ks(v, N, exponential, 0) < 1.95);
}

static void a_fixed_rest_is_the_same_for_all_and_none_changes_no_digest(void **state)
{
    static const char closed[] = "arrivals: closed, concurrency: 4, requests: 20";
    AUTO(schedule_free) struct schedule *plain = built(closed, "");
    AUTO(schedule_free)
    struct schedule *none =
        built("arrivals: closed, concurrency: 4, requests: 20, think_time: 0", "");
    AUTO(schedule_free)
    struct schedule *fixed =
        built("arrivals: closed, concurrency: 4, requests: 20, think_time: 1500ms", "");

    (void)state;
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(fixed->items[i].think_ns, 1500 * NS_PER_MS);
    assert_true(digest_equal(&plain->digest, &none->digest));
    assert_false(digest_equal(&plain->digest, &fixed->digest));
}

static void a_capacity_pilot_does_not_rest(void **state)
{
    AUTO(schedule_free)
    struct schedule *s = built("arrivals: closed, concurrency: 4, requests: 20, think_time: 1s, "
                               "capacity: {requests: 10}",
                               "");

    (void)state;
    assert_int_equal(s->count, 30);
    for (size_t i = 20; i < 30; i++)
        assert_int_equal(s->items[i].think_ns, 0);
}

static double gamma_half(double x, double unused)
{
    (void)unused;
    return erf(sqrt(x / 2));
}

static void poisson_and_gamma_gaps_have_their_distribution(void **state)
{
    static double v[20000];
    AUTO(schedule_free)
    struct schedule *p = built("arrivals: poisson, rate: 50/s, duration: 200s", "");
    AUTO(schedule_free)
    struct schedule *g = built("arrivals: gamma, burstiness: 0.5, rate: 50/s, duration: 200s", "");

    (void)state;
    assert_true(p->count < COUNT_OF(v) && g->count < COUNT_OF(v));
    for (size_t i = 1; i < p->count; i++)
        v[i - 1] = (double)(p->items[i].at_ns - p->items[i - 1].at_ns) / 1e9 * 50;
    assert_true(ks(v, p->count - 1, exponential, 0) < 1.95);
    for (size_t i = 1; i < g->count; i++)
        v[i - 1] = (double)(g->items[i].at_ns - g->items[i - 1].at_ns) / 1e9 * 50;
    assert_true(ks(v, g->count - 1, gamma_half, 0) < 1.95);
    assert_true(ks(v, g->count - 1, exponential, 0) > 5); /* the test can tell them apart */
}

/* Variance over mean of the arrivals in windows of @window_ns. */
static double dispersion(const struct schedule *s, int64_t window_ns, size_t windows)
{
    double sum = 0, squares = 0, n = (double)windows;
    size_t at = 0;

    for (size_t w = 0; w < windows; w++) {
        double count = 0;

        for (; at < s->count && s->items[at].at_ns < (int64_t)(w + 1) * window_ns; at++)
            count++;
        sum += count;
        squares += count * count;
    }
    return (squares - sum * sum / n) / (n - 1) / (sum / n);
}

/* For a renewal process it goes to 1 / shape; its standard error is about that times the root of
 * 2 / windows. */
static void counts_are_as_dispersed_as_asked(void **state)
{
    static const double shapes[] = {0.25, 1, 4};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        char load[100];
        double d;

        (void)snprintf(load, sizeof load,
                       "arrivals: gamma, burstiness: %g, rate: 100/s, duration: 400s", shapes[i]);
        AUTO(schedule_free) struct schedule *s = built(load, "");

        d = dispersion(s, NS_PER_S, 400) * shapes[i];
        assert_true(fabs(d - 1) < 4 * sqrt(2.0 / 400));
    }
}

static void one_stage_is_the_schedule_of_its_rate(void **state)
{
    static const char *const kinds[] = {"poisson", "constant", "gamma, burstiness: 0.3"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        AUTO(schedule_free) struct schedule *a = NULL, *b = NULL, *c = NULL;
        char load[160];

        (void)snprintf(load, sizeof load, "arrivals: %s, rate: 7/s, duration: 60s", kinds[i]);
        a = built(load, "trials: {count: 2}");
        (void)snprintf(load, sizeof load, "arrivals: %s, stages: [{rate: 7/s, for: 60s}]",
                       kinds[i]);
        b = built(load, "trials: {count: 2}");
        (void)snprintf(load, sizeof load, "arrivals: %s, stages: [{rate: 7/s..8/s, for: 60s}]",
                       kinds[i]);
        c = built(load, "trials: {count: 2}");
        assert_true(digest_equal(&a->digest, &b->digest));
        assert_close(a->offered_per_s, b->offered_per_s, 1e-12);
        assert_false(digest_equal(&a->digest, &c->digest));
    }
}

/* Integral of 0/s..20/s over 10 s, then a pause of 5 s, then 10/s. */
static double expected_by(double t)
{
    return t < 10 ? t * t : t < 15 ? 100 : 100 + 10 * (t - 15);
}

static void constant_arrivals_follow_the_integral_of_the_rate(void **state)
{
    AUTO(schedule_free)
    struct schedule *s = built("arrivals: constant, stages: [{rate: 0/s..20/s, for: 10s}, "
                               "{rate: 0/s, for: 5s}, {rate: 10/s, for: 10s}]",
                               "");

    (void)state;
    assert_in_range(s->count, 200, 201); /* the last is due as the stage ends */
    for (size_t i = 0; i < s->count; i++)
        assert_close(expected_by((double)s->items[i].at_ns / 1e9), (double)i, 1e-4);
    assert_close(s->offered_per_s, 8, 0.05);
}

/* Rescaled by the integral, a ramp's arrivals are a Poisson process of rate 1 again. */
static void a_poisson_ramp_is_poisson_on_the_scale_of_its_rate(void **state)
{
    static double v[20000];
    AUTO(schedule_free)
    struct schedule *s = built("arrivals: poisson, stages: [{rate: 10/s..90/s, for: 100s}]", "");

    (void)state;
    assert_true(s->count > 4700 && s->count < 5300);
    for (size_t i = 0; i < s->count; i++) {
        double t = (double)s->items[i].at_ns / 1e9;

        v[i] = 10 * t + 0.4 * t * t;
    }
    for (size_t i = s->count - 1; i > 0; i--)
        v[i] -= v[i - 1];
    assert_true(ks(v, s->count, exponential, 0) < 1.95);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rests_are_exponential_where_the_plan_says_so),
        cmocka_unit_test(a_fixed_rest_is_the_same_for_all_and_none_changes_no_digest),
        cmocka_unit_test(a_capacity_pilot_does_not_rest),
        cmocka_unit_test(poisson_and_gamma_gaps_have_their_distribution),
        cmocka_unit_test(counts_are_as_dispersed_as_asked),
        cmocka_unit_test(one_stage_is_the_schedule_of_its_rate),
        cmocka_unit_test(constant_arrivals_follow_the_integral_of_the_rate),
        cmocka_unit_test(a_poisson_ramp_is_poisson_on_the_scale_of_its_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
