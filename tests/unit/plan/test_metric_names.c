/* SPDX-License-Identifier: Apache-2.0 */
#include "metric/metric.h"
#include "plan/metric_names.h"
#include "harness/unit.h"

static const char *unit_of(const struct metric_name *m)
{
    static const char *const units[] = {
        [METRIC_UNIT_SECONDS] = "s", [METRIC_UNIT_RATIO] = "ratio", [METRIC_UNIT_PER_S] = "/s",
        [METRIC_UNIT_USD] = "usd",   [METRIC_UNIT_JOULE] = "J",
    };

    return units[m->unit];
}

static void a_plan_may_name_exactly_the_defined_metrics(void **state)
{
    const struct metric_name *name;
    const struct metric *m;
    size_t n = 0;

    (void)state;
    for (; (name = metric_name_at(n)); n++) {
        m = metric_find(name->id);
        if (!m)
            fail_msg("%s has no definition", name->id);
        assert_int_equal(name->is_slo, m->kind == METRIC_PER_SAMPLE);
        assert_int_equal(name->has_percentiles,
                         m->kind == METRIC_PER_SAMPLE || m->kind == METRIC_PER_EVENT);
        if (name->unit == METRIC_UNIT_PER_S
                ? !strstr(m->unit, "/s")
                : strncmp(m->unit, unit_of(name), strlen(unit_of(name))) != 0)
            fail_msg("%s: %s here, %s there", name->id, unit_of(name), m->unit);
    }
    for (size_t i = 0; (m = metric_at(i)); i++)
        assert_non_null(metric_name_find(m->id));
    assert_int_equal(n > 0, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_may_name_exactly_the_defined_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
