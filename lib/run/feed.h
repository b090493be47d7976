/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/run/feed.h - from the probes' threads to whoever owns the store at the moment. Probes put
 * under a mutex, into room that is there beforehand; the owner drains it about as often as it
 * commits. What finds no room is counted and lost, and so is a value that is no number.
 */
#pragma once
#include "base/base.h"
#include "evidence/writer.h"
#include "probe/ops.h"
#include "record/fact_list.h"

enum { FEED_ROWS = 1 << 16, FEED_REMARKS = 1 << 17 /* facts, notes and rows of dispatch */ };

struct feed; /* opaque */

/* Until feed_begin() facts go to @early, for whom there is no store yet; borrowed. */
NODISCARD int feed_new(struct feed **ret, struct fact_list *early, struct err *err);
void feed_free(struct feed *f); /* NULL is a no-op */
DEFINE_AUTO(struct feed *, feed_free)
/* Where probes put things: valid as long as the feed. */
struct probe_out feed_out(struct feed *f);
/* There is a store, and times count from @anchor_ns. */
void feed_begin(struct feed *f, int64_t anchor_ns);
/* Hands all that waits to @store, which is the caller's meanwhile. -ENOMEM: what was not taken
 * waits. */
NODISCARD int feed_drain(struct feed *f, struct store *store, struct err *err);
/* Asked after the last drain: what still waits is lost, too. */
uint64_t feed_lost(struct feed *f);
