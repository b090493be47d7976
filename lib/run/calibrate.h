/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/run/calibrate.h - how the target counts our words: a few one-token requests outside the
 * schedule, their reported prompt tokens fitted by a line. Put down as facts of scope "prompts".
 */
#pragma once
#include "plan/plan.h"
#include "plan/schedule.h"
#include "record/fact_list.h"
#include "run/target.h"
#include "workload/prompt.h"

/* Without usage in the answers the nominal counts stand (one token a word, no overhead), and the
 * facts say so. Errors: the target's, with its words. */
NODISCARD int calibrate_prompts(struct prompt_calibration *ret, const struct plan *p,
                                const struct target *t, const struct schedule *s,
                                struct fact_list *facts, struct err *err);
