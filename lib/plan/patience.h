/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/plan/patience.h - which clients hang up mid-stream, and when: drawn for each item from a
 * stream of its own, two draws an item whatever comes of them, so that a longer schedule begins
 * with the shorter one.
 */
#pragma once
#include "base/rng.h"
#include "plan/schedule.h"

void patience_init(struct rng *r, const struct plan *p);
/* Sets @item's hang_up_ns or hang_up_events, or leaves both. Draws nothing if the plan has no
 * hang-ups. */
void patience_draw(struct rng *r, const struct plan *p, struct item *item);
