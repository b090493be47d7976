/* SPDX-License-Identifier: Apache-2.0 */
#include "base/units.h"
#include "harness/unit.h"

static void reads_durations(void **state)
{
    int64_t ns = 7;

    (void)state;
    assert_int_equal(units_duration(&ns, "1.5s"), 0);
    assert_int_equal(ns, 1500000000);
    assert_int_equal(units_duration(&ns, "250us"), 0);
    assert_int_equal(ns, 250000);
    assert_int_equal(units_duration(&ns, "10"), -EINVAL); /* no unit: seconds or ms? */
    assert_int_equal(units_duration(&ns, "-1s"), -EINVAL);
    assert_int_equal(units_duration(&ns, "1 s"), -EINVAL);
    assert_int_equal(ns, 250000);
}

static void reads_back_what_it_shows_exactly(void **state)
{
    const int64_t values[] = {0, 1, 1500, 90 * NS_PER_S, 250 * NS_PER_MS, 12345678901};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        int64_t back = -1;

        assert_int_equal(units_duration(&back, units_exact_ns(values[i]).text), 0);
        assert_int_equal(back, values[i]);
    }
}

static void reads_rates_ratios_and_sizes(void **state)
{
    double v = 0;
    int64_t n = 0;

    (void)state;
    assert_int_equal(units_rate(&v, "30/m"), 0);
    assert_close(v, 0.5, 1e-12);
    assert_int_equal(units_rate(&v, "4"), -EINVAL);
    assert_int_equal(units_ratio(&v, "1/16"), 0);
    assert_close(v, 0.0625, 1e-12);
    assert_int_equal(units_ratio(&v, "95%"), 0);
    assert_close(v, 0.95, 1e-12);
    assert_int_equal(units_ratio(&v, "1/0"), -EINVAL);
    assert_int_equal(units_size(&n, "4Ki"), 0);
    assert_int_equal(n, 4096);
    assert_int_equal(units_size(&n, "0x10"), -EINVAL);
}

static void shows_three_digits(void **state)
{
    (void)state;
    assert_string_equal(units_show_ns(1234567890).text, "1.23 s");
    assert_string_equal(units_show_ns(45600000).text, "45.6 ms");
    assert_string_equal(units_show_ns(789000).text, "789 µs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_durations),
        cmocka_unit_test(reads_back_what_it_shows_exactly),
        cmocka_unit_test(reads_rates_ratios_and_sizes),
        cmocka_unit_test(shows_three_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
