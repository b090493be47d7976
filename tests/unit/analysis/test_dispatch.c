/* SPDX-License-Identifier: Apache-2.0 */
/* Distances of made-up fingerprints, and what chance alone makes of one. */
#include "analysis/dispatch.h"
#include "base/rng.h"
#include "harness/fault.h"
#include "harness/unit.h"
#include <math.h>

static void add(struct dispatch *d, const char *library, const char *function, double weight)
{
    assert_int_equal(dispatch_add(d, library, "", function, weight), 0);
}

static void the_same_is_at_no_distance(void **state)
{
    AUTO(dispatch_release) struct dispatch a = {0}, b = {0};

    (void)state;
    add(&a, "libx.so", "mul", 30);
    add(&a, "libx.so", "add", 60);
    add(&a, "libx.so", "mul", 30);
    add(&b, "libx.so", "add", 5); /* fewer samples, the same shares */
    add(&b, "libx.so", "mul", 5);
    assert_int_equal(a.count, 2);
    assert_close(a.weight, 120, 0);
    assert_close(dispatch_distance(&a, &b), 0, 1e-15);
}

static void names_what_moved_most(void **state)
{
    AUTO(dispatch_release) struct dispatch a = {0}, b = {0};
    AUTO(free) struct dispatch_change *v = NULL;
    size_t n = 0;

    (void)state;
    add(&a, "libfast.so", "mul", 80);
    add(&a, "libc.so.6", "memcpy", 15);
    add(&a, "libc.so.6", "", 5);
    add(&b, "libslow.so", "mul", 180); /* one name, another library */
    add(&b, "libc.so.6", "memcpy", 20);
    assert_close(dispatch_distance(&a, &b), 0.9, 1e-15);
    assert_close(dispatch_distance(&b, &a), 0.9, 1e-15);
    assert_int_equal(dispatch_changes(&v, &n, &a, &b), 0);
    assert_int_equal(n, 4);
    assert_string_equal(v[0].library, "libslow.so");
    assert_close(v[0].a, 0, 0);
    assert_close(v[0].b, 0.9, 1e-15);
    assert_string_equal(v[1].library, "libfast.so");
    assert_string_equal(v[2].function, ""); /* as far as memcpy: by name */
    assert_string_equal(v[3].function, "memcpy");
}

static void an_empty_one_is_no_fingerprint(void **state)
{
    AUTO(dispatch_release) struct dispatch a = {0}, b = {0};
    AUTO(free) struct dispatch_change *v = NULL;
    size_t n = 99;

    (void)state;
    add(&a, "libx.so", "mul", 1);
    assert_true(isnan(dispatch_distance(&a, &b)));
    assert_true(isnan(dispatch_noise(&b, &a)));
    assert_int_equal(dispatch_changes(&v, &n, &a, &b), 0);
    assert_int_equal(n, 0);
}

/* Two lots of samples of one engine: their distance is on average what dispatch_noise() says. */
static void chance_alone_is_told(void **state)
{
    static const double shares[] = {.4, .2, .1, .1, .05, .05, .04, .03, .02, .01};
    struct rng rng;
    double distance = 0, noise = 0;

    (void)state;
    rng_init(&rng, 7, 1);
    for (int round = 0; round < 200; round++) {
        AUTO(dispatch_release) struct dispatch a = {0}, b = {0};

        for (int i = 0; i < 1500; i++) {
            double u = rng_unit(&rng);
            char name[16];
            int f = 0;

            while (f < 9 && u >= shares[f])
                u -= shares[f++];
            (void)snprintf(name, sizeof name, "f%d", f);
            add(i % 3 == 0 ? &a : &b, "lib.so", name, 1);
        }
        distance += dispatch_distance(&a, &b) / 200;
        noise += dispatch_noise(&a, &b) / 200;
    }
    assert_close(distance / noise, 1, 0.05);
}

static void survives_every_failed_allocation(void **state)
{
    int r = -ENOMEM;

    (void)state;
    for (int nth = 0; r == -ENOMEM && nth < 100; nth++) {
        AUTO(dispatch_release) struct dispatch d = {0};
        AUTO(free) struct dispatch_change *v = NULL;
        size_t n = 0;

        fault_alloc(nth);
        r = dispatch_add(&d, "lib.so", "", "f", 1);
        if (r == 0)
            r = dispatch_changes(&v, &n, &d, &d);
        assert_int_equal(r == 0, v != NULL);
    }
    assert_int_equal(r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_is_at_no_distance),       cmocka_unit_test(names_what_moved_most),
        cmocka_unit_test(an_empty_one_is_no_fingerprint),   cmocka_unit_test(chance_alone_is_told),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
