/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/plan/steps.h - the steps of a plan with a sweep or a search: what each sets, and the
 * effective plan that it makes. A step's schedule is that of its effective plan, so it follows
 * from the plan, its seed and the step's own values, and from nothing that was measured.
 */
#pragma once
#include "base/json.h"
#include "plan/plan.h"

enum { STEPS_MAX = 1000, STEP_KEYS_MAX = 8, STEP_KEY_TEXT = 48 };

struct plan_step {
    struct plan_override set[STEP_KEYS_MAX]; /* into the plan, or into @text */
    size_t count;
    char text[3][STEP_KEY_TEXT];
};

static inline bool plan_has_steps(const struct plan *p)
{
    return p->sweep.count > 0 || p->search.key != SEARCH_NOTHING;
}

/* How many steps the sweep has; 0 without one. */
size_t plan_sweep_steps(const struct plan *p);
/* Step @i of the sweep, in the order in which they run. */
void plan_sweep_step(struct plan_step *ret, const struct plan *p, size_t i);
/* The step of the search at @load; @repeat: with 2^repeat times the trials, and other draws. */
void plan_search_step(struct plan_step *ret, const struct plan *p, double load, int32_t repeat);

/* The effective plan of a step: @p with what the step sets, without sweep and search. -EINVAL as
 * plan_load(), led by what the step sets. */
NODISCARD int plan_of_step(struct plan **ret, const struct plan *p, const struct plan_step *s,
                           struct err *err);
/* {"load.rate": "4/s", ...}; NULL: no memory. */
json_t *plan_step_json(const struct plan_step *s);
/* "load.rate 4/s, declare.precision bf16" */
void plan_step_words(char *buf, size_t size, const struct plan_step *s);
