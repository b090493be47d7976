/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/analysis/waits.h - private to analysis: what each request waited for its first token, beside
 * what it takes by itself. How long it was held back at the target is what it waited beyond the
 * least: the shortest wait of any request with as many prompt tokens or more, times what requests
 * waited that found few others in flight.
 */
#pragma once
#include "analysis/limited.h"
#include "analysis/row.h"

enum { WAITS_LEAST = 20 }; /* with fewer nothing is compared */

/* A request as the rules see it. */
struct wait {
    const struct row *row;
    int32_t tokens; /* of the prompt, those from a cache apart */
    int64_t found;  /* others in flight when it was sent */
    double wait_s, least_s;
    double base_s; /* what it takes by itself */
};

struct work {
    struct analysis *a;
    struct limited *l;
    struct wait *waits;
    size_t n;
};

/* Has a wait: it ended well, and was never meant to hang up. */
bool row_waited(const struct row *r);
/* Fills @w->waits (caller frees) and what @w->l says of them. -ENOMEM. */
NODISCARD int waits_find(struct work *w);
/* What it was held back beyond what it takes by itself; 0: no longer than it may vary. */
double wait_excess_s(const struct wait *w);
