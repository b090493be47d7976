/* SPDX-License-Identifier: Apache-2.0 */
/* src/cmd/overrides.h - the flags of a command line that set keys of a plan: --load.rate=4/s. */
#pragma once
#include "plan/plan.h"
#include <getopt.h>

enum { OVERRIDES_MAX = 64 };

struct overrides {
    struct plan_override items[OVERRIDES_MAX]; /* borrowed from argv */
    size_t count;
};

/* Takes every --KEY=VALUE that is none of the verb's @own long options out of @argv, and lowers
 * *@argc; plan_load() says whether KEY is one. -E2BIG: more than OVERRIDES_MAX. */
NODISCARD int overrides_take(struct overrides *o, int *argc, char **argv, const struct option *own);
