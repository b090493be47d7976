/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/perf.h - the probe "perf": the dispatch fingerprint of an engine on this host's CPUs
 * (docs/method.md). Facts of scope "engine", dispatch.*; rows of the table dispatch. */
#pragma once
#include "probe/ops.h"

extern const struct probe_ops probe_perf;
