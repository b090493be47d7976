/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/metric_names.h - the definition ids a plan may name, with what limits mean for each.
 * (The definitions themselves are in metric/, a rung above; a test keeps the two tables equal.) */
#pragma once
#include "base/base.h"

enum metric_unit {
    METRIC_UNIT_SECONDS,
    METRIC_UNIT_RATIO,
    METRIC_UNIT_PER_S,
    METRIC_UNIT_USD,
    METRIC_UNIT_JOULE
};
struct metric_name {
    const char *id;
    enum metric_unit unit;
    bool has_percentiles; /* a distribution: percentile or mean */
    bool is_slo;          /* may be a per-request limit under slo: */
};
const struct metric_name *metric_name_find(const char *id);
const struct metric_name *metric_name_at(size_t i); /* NULL past the last */
