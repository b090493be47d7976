/* SPDX-License-Identifier: Apache-2.0 */
/* lib/analysis/observed.h - what became of the plan's requirements, and what changed during the
 * run, as the evidence has it. */
#pragma once
#include "base/arena.h"
#include "evidence/evidence.h"
#include "plan/require.h"

struct requirement {
    const char *name; /* "stack.precision", "system.gpu" */
    enum require_outcome outcome;
    enum known known;  /* how what decided is known; of REQUIRE_UNKNOWN: KNOWN_UNKNOWN */
    const char *words; /* what was wanted, what was found, and how that is known */
    bool changed;      /* what decided before the run is among the changes */
};

struct change { /* a remark of kind "changed", or a fact put again with another value */
    int64_t time_ns;
    const char *text;
};

struct observed { /* zeroed: nothing */
    struct arena arena;
    struct requirement *requirements;
    size_t requirement_count, requirement_cap;
    struct change *changes; /* in the order of the evidence: remarks, then facts */
    size_t change_count, change_cap;
};

/* Adds what @e has of its selected step, of changes those until its end. -ENOMEM, or the evidence's
 * errors. */
NODISCARD int observed_read(struct observed *o, struct evidence *e, struct err *err);
void observed_release(struct observed *o);
DEFINE_AUTO_HELD(struct observed, observed_release)
