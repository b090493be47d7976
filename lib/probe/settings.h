/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/settings.h - the probe "host"; private to probe. */
#pragma once
#include "probe/ops.h"

extern const struct probe_ops probe_settings;
