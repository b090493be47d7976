/* SPDX-License-Identifier: Apache-2.0 */
/* lib/workload/waits.h - which rows of a profile wait for the answers of rows before them. */
#pragma once
#include "workload/names.h"
#include "workload/profile.h"
#include "workload/row.h"

struct waits {                  /* while a profile is read; zero before first use */
    struct names sessions, ids; /* the latest row of each session; the row of each id */
    size_t after_cap;
    char problem[96], want[96]; /* what is wrong with a row */
};

/* Fills in what @r, the next row of @p, waits for. 1; 0: @w->problem; -ENOMEM. */
NODISCARD int waits_add(struct waits *w, struct profile *p, struct profile_row *r,
                        const struct row *row);
/* Of rows that are cut off at @first, forgets those before it and counts from it. */
void waits_cut(struct profile *p, size_t first, size_t last);
void waits_release(struct waits *w);
