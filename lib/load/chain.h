/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/chain.h - items that come after others, on one I/O thread. An item is due when all that
 * it comes after have ended, and its wait after the last of these ends is over. If one of them did
 * not end well, it is skipped, and with it all that comes after it.
 *
 * Knows no clock and no connection. Everything is allocated by chain_new().
 */
#pragma once
#include "load/load.h"

struct chain; /* of one thread and trial */

/* NULL in *@ret where no item of the trial comes after another. -ENOMEM. */
NODISCARD int chain_new(struct chain **ret, const struct load_config *config, int32_t thread,
                        int32_t threads);
void chain_free(struct chain *c);
DEFINE_AUTO(struct chain *, chain_free)

/* This thread's items that wait for none, in order: the @nth's position in the schedule. */
size_t chain_roots(const struct chain *c);
uint32_t chain_root(const struct chain *c, size_t nth);
/* How many of its items wait for others. */
size_t chain_dependents(const struct chain *c);

struct chain_end {
    bool last;      /* nothing of the item's group is left */
    uint32_t first; /* the group's first item */
};
/* The item ended at @time_ns. What it was the last to hold up waits from now on: chain_due(). */
struct chain_end chain_ended(struct chain *c, uint32_t index, bool well, int64_t time_ns);

/* When the first item that waits for nothing else is due; INT64_MAX: there is none. */
int64_t chain_due(const struct chain *c);
uint32_t chain_take(struct chain *c); /* that item; only where there is one */
size_t chain_skipped(const struct chain *c);
