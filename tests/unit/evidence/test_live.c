/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/live.h"
#include "harness/unit.h"
#include <math.h>

static void quantiles_are_within_two_percent_over_every_scale(void **state)
{
    (void)state;
    for (int64_t scale = 1; scale < INT64_C(1) << 50; scale *= 3) {
        static struct live_histogram h;

        memset(&h, 0, sizeof h);
        for (int64_t i = 1; i <= 1000; i++)
            live_add(&h, i * scale);
        assert_close(live_quantile(&h, 0.5) / (500.0 * (double)scale), 1.0, 0.02);
        assert_close(live_quantile(&h, 0.99) / (990.0 * (double)scale), 1.0, 0.02);
    }
}

static void nothing_has_no_quantile_and_extremes_have_a_bucket(void **state)
{
    static struct live_histogram h;

    (void)state;
    assert_true(isnan(live_quantile(&h, 0.5)));
    live_add(&h, INT64_MAX);
    assert_close(live_quantile(&h, 1.0) / (double)INT64_MAX, 1.0, 0.02);
    live_add(&h, -5);
    assert_close(live_quantile(&h, 0.0), 0.0, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_within_two_percent_over_every_scale),
        cmocka_unit_test(nothing_has_no_quantile_and_extremes_have_a_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
