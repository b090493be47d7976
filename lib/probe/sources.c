/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/conditions.h"
#include "probe/metrics.h"
#include "probe/ops.h"
#include "probe/perf.h"

const struct probe_ops *const probe_sources[] = {
    &probe_conditions,
    &probe_metrics,
    &probe_perf,
    NULL,
};
