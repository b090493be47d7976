/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpus.h"
#include "harness/unit.h"

static void reads_numbers_and_ranges(void **state)
{
    int cpus[8];

    (void)state;
    assert_int_equal(cpus_parse(cpus, 8, "0"), 1);
    assert_int_equal(cpus[0], 0);
    assert_int_equal(cpus_parse(cpus, 8, "7,2-4"), 4);
    assert_int_equal(cpus[0], 7);
    assert_int_equal(cpus[1], 2);
    assert_int_equal(cpus[3], 4);
    assert_int_equal(cpus_parse(cpus, 8, "1023"), 1);
}

static void refuses_what_is_no_list(void **state)
{
    static const char *const bad[] = {"",   ",",   "1,",  "-1",  "1-",   "3-2", "1 ",
                                      " 1", "1,1", "0-8", "0x1", "1024", "a",   "1-2-3"};
    int cpus[8];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(cpus_parse(cpus, 8, bad[i]), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_numbers_and_ranges),
        cmocka_unit_test(refuses_what_is_no_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
