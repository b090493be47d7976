/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/building.h - a schedule while it is built; not for other modules. */
#pragma once
#include "base/rng.h"
#include "plan/prefix.h"
#include "plan/schedule.h"

struct kind { /* of requests */
    double share;
    struct profile profile;
    bool fixed;          /* no profile */
    struct draw lengths; /* only lengths are drawn from it */
    int32_t block_tokens;
    uint32_t block_offset; /* what its block numbers begin at */
    size_t next_row;       /* replay: of the trial */
    size_t *positions;     /* of a mix: where each row of the trial stands in the schedule */
};

struct building {
    struct schedule *s;
    const struct plan *p;
    struct kind *kinds; /* at least one */
    size_t kind_count;
    struct rng mixing;
    struct draw draw; /* gaps and rests are drawn from it */
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

/* mixture.c: opens the plan's workload, one kind or several. */
NODISCARD int mixture_open(struct building *b);
void mixture_release(struct building *b);
/* The kind of the next arrival. */
uint8_t mixture_draw(struct building *b);
struct kind *kind_of(const struct building *b, const struct item *item);
/* Replay: the kind whose next row is due first; NULL: all are in. And how many rows there are. */
struct kind *mixture_next_row(const struct building *b);
size_t mixture_rows(const struct building *b);

/* sessions.c: what arrives with @first: one request, or a session of them; @most: items. */
NODISCARD int building_arrival(struct building *b, struct item first, int64_t most);
/* Row @row of the profile, which may come after rows before it. */
NODISCARD int building_row(struct building *b, struct item item, size_t row);
/* -EINVAL: rows of a profile wait for others where they can't. */
NODISCARD int sessions_init(struct building *b);
/* The mean number of requests of one arrival. */
double sessions_mean_turns(const struct plan *p);

/* shapes.c: the items of one trial. */
NODISCARD int shape_build(struct building *b, uint32_t trial);

/* groups.c: numbers what belongs together, in each trial. -ENOMEM. */
NODISCARD int groups_number(struct schedule *s);
