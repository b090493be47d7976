/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "probe/ops.h"

extern const struct probe_ops probe_metrics;
