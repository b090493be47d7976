/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/ops.h"

const struct probe_ops *const probe_sources[] = {
    NULL,
};
