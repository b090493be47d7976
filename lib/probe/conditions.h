/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/conditions.h - CPU, memory, pressure, network, disk over time; private to probe. */
#pragma once
#include "probe/ops.h"

extern const struct probe_ops probe_conditions;
