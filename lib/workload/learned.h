/* SPDX-License-Identifier: Apache-2.0 */
/* lib/workload/learned.h - the learned form's body: quantile tables and a few numbers. */
#pragma once
#include "base/str.h"
#include "workload/profile.h"

void learned_add(struct str *s, const struct profile_learned *m);
/* @text is the file with its header line blanked, so that line numbers in errors are the file's. */
NODISCARD int learned_parse(struct profile_learned *ret, const char *text, const char *where,
                            struct err *err);
