/* SPDX-License-Identifier: Apache-2.0 */
/* src/cmd/overrides.h - the dotted flags of a plan: --load.rate=4/s, or --seed=2. */
#pragma once
#include "plan/plan.h"

struct overrides {
    struct plan_override *items;
    size_t count, cap;
    char why[160];
};

/* Takes every --KEY=VALUE whose KEY has a dot, or is a plan key without one (seed, regime,
 * question, asrun), out of @argv and lowers *@argc. -EINVAL with @why: a dotted flag without
 * =VALUE. */
int overrides_take(struct overrides *o, int *argc, char **argv);
void overrides_release(struct overrides *o);
DEFINE_AUTO_HELD(struct overrides, overrides_release)
