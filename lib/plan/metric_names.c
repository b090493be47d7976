/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/metric_names.h"
#include <string.h>

static const struct metric_name names[] = {
    {"ttft.content.due@1", METRIC_UNIT_SECONDS, true, true},
    {"ttft.content.sent@1", METRIC_UNIT_SECONDS, true, true},
    {"ttft.choice.sent@1", METRIC_UNIT_SECONDS, true, true},
    {"latency.due@1", METRIC_UNIT_SECONDS, true, true},
    {"latency.sent@1", METRIC_UNIT_SECONDS, true, true},
    {"wait.client@1", METRIC_UNIT_SECONDS, true, true},
    {"itl.gap@1", METRIC_UNIT_SECONDS, true, false},
    {"tpot.after_first@1", METRIC_UNIT_SECONDS, true, true},
    {"throughput.requests@1", METRIC_UNIT_PER_S, false, false},
    {"throughput.output_tokens@1", METRIC_UNIT_PER_S, false, false},
    {"throughput.total_tokens@1", METRIC_UNIT_PER_S, false, false},
    {"goodput@1", METRIC_UNIT_PER_S, false, false},
    {"slo_attainment@1", METRIC_UNIT_RATIO, false, false},
    {"errors.share@1", METRIC_UNIT_RATIO, false, false},
    {"cost.per_million_output@1", METRIC_UNIT_USD, false, false},
    {"energy.per_output_token@1", METRIC_UNIT_JOULE, false, false},
};

const struct metric_name *metric_name_find(const char *id)
{
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(names[i].id, id) == 0)
            return &names[i];
    return NULL;
}

const struct metric_name *metric_name_at(size_t i)
{
    return i < COUNT_OF(names) ? &names[i] : NULL;
}
