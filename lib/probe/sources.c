/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/conditions.h"
#include "probe/cupti.h"
#include "probe/metrics.h"
#include "probe/nvml.h"
#include "probe/ops.h"
#include "probe/perf.h"
#include "probe/process.h"
#include "probe/rsmi.h"
#include "probe/settings.h"

/* clang-format off */
const struct probe_ops *const probe_sources[] = {
    &probe_settings,
    &probe_process,
    &probe_conditions,
    &probe_metrics,
    &probe_perf,
    &probe_nvml,
    &probe_rsmi,
    &probe_cupti,
    NULL,
};
/* clang-format on */
