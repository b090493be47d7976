/* SPDX-License-Identifier: Apache-2.0 */
/* lib/workload/read.h - a profile from any source: profile_load() and the fuzz target share it. */
#pragma once
#include "workload/profile.h"
#include "workload/source.h"

NODISCARD int profile_read(struct profile *ret, struct source *s, struct err *err);
