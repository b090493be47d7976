/* SPDX-License-Identifier: Apache-2.0 */
/* lib/run/target_tls.h - an https target made usable; private to run. */
#pragma once
#include "run/target.h"

/* Reads the plan's files, shakes hands once, and puts down what was agreed on as facts of scope
 * "target". @t's URL and address are set. Errors: as target_open(). */
NODISCARD int target_tls_open(struct target *t, const struct plan *p, struct fact_list *facts,
                              struct err *err);
