/* SPDX-License-Identifier: Apache-2.0 */
/* src/cmd/check_steps.h - what asrun check says of a sweep or a search: its steps, and their cost
 * in time and requests. */
#pragma once
#include "base/json.h"
#include "plan/steps.h"

/* Builds every step's plan and schedule. Errors: theirs. */
NODISCARD int check_steps(json_t **ret, const struct plan *p, struct err *err);
void check_steps_print(const struct plan *p, const json_t *steps);
