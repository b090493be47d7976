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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rests_are_exponential_where_the_plan_says_so),
        cmocka_unit_test(a_fixed_rest_is_the_same_for_all_and_none_changes_no_digest),
        cmocka_unit_test(a_capacity_pilot_does_not_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
