/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/building.h - a schedule while it is built; not for other modules. */
#pragma once
#include "base/rng.h"
#include "plan/prefix.h"
#include "plan/schedule.h"

struct building {
    struct schedule *s;
    const struct plan *p;
    struct profile profile;
    struct draw draw;
    struct prefix_set seen;
    size_t item_cap, block_cap, after_cap;
    double rate_per_s;
    struct rng patience;     /* of hang-ups */
    bool asks_output;        /* else items have an output length of 0 */
    struct rng turns, waits; /* of drawn sessions: how many turns, how long before each */
    struct err *err;
};

int building_no_memory(const struct building *b);
int building_too_many(const struct building *b);
int32_t building_scaled(int32_t tokens, double factor);

/* items.c: adds an item that has all but its blocks and its reuse; @row: of the profile, -1: none.
 * What it comes after (building_after()) is added first. */
NODISCARD int building_item(struct building *b, struct item item, int64_t row);
/* The same with lengths from the draw. */
NODISCARD int building_drawn(struct building *b, struct item item);
/* @item comes after the item at @position. */
NODISCARD int building_after(struct building *b, struct item *item, size_t position);

/* sessions.c: what arrives with @first: one request, or a session of them; @most: items. */
NODISCARD int building_arrival(struct building *b, struct item first, int64_t most);
/* Row @row of the profile, which may come after rows before it. */
NODISCARD int building_row(struct building *b, struct item item, size_t row);
void sessions_init(struct building *b);
/* The mean number of requests of one arrival. */
double sessions_mean_turns(const struct plan *p);

/* shapes.c: the items of one trial. */
NODISCARD int shape_build(struct building *b, uint32_t trial);

/* groups.c: numbers what belongs together, in each trial. -ENOMEM. */
NODISCARD int groups_number(struct schedule *s);
