/* SPDX-License-Identifier: Apache-2.0 */
/* lib/analysis/diff_parts.h - the parts of a comparison; private to analysis. */
#pragma once
#include "analysis/diff.h"
#include "base/arena.h"
#include "record/fact_list.h"

enum diff_tier { /* the most telling first; the values are the order */
                 DIFF_DISPATCH,
                 DIFF_ENGINE, /* its name and version, what it loads, the model and its precision */
                 DIFF_PLAN,
                 DIFF_STACK,
                 DIFF_SYSTEM,
                 DIFF_CONDITIONS,
                 DIFF_INCIDENTAL,
                 DIFF_IGNORED /* differs from run to run by nature */
};
enum diff_state { DIFF_SAME, DIFF_DIFFERS, DIFF_UNKNOWN };

struct diff_side { /* NULL: not known */
    const char *value, *known;
};

struct diff_item {
    enum diff_tier tier;
    enum diff_state state;
    const char *part, *name, *unit, *why; /* @why "": nothing to say */
    struct diff_side a, b;
    double effect; /* orders those of one tier: larger first */
    bool telling;  /* where it is unknown, the runs can't be called the same */
};

struct diff {
    struct arena arena;
    struct diff_item *items;
    size_t count, cap;
    size_t ignored;
};

/* Copies texts and keeps the item. 0 or -ENOMEM. */
NODISCARD int diff_add(struct diff *d, const struct diff_item *item);

NODISCARD int diff_plans(struct diff *d, struct evidence *a, struct evidence *b, struct err *err);
NODISCARD int diff_facts(struct diff *d, struct evidence *a, struct evidence *b, struct err *err);
NODISCARD int diff_dispatched(struct diff *d, struct evidence *a, struct evidence *b,
                              struct err *err);
NODISCARD int diff_conditions(struct diff *d, struct evidence *a, struct evidence *b,
                              struct err *err);
/* How telling the fact "SCOPE.NAME" is. */
enum diff_tier diff_fact_tier(const char *full);
