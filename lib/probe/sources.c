/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/metrics.h"
#include "probe/ops.h"
#include "probe/perf.h"

const struct probe_ops *const probe_sources[] = {
    &probe_metrics,
    &probe_perf,
    NULL,
};
