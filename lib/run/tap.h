/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/run/tap.h - a capture of packets feeding a witness: for somebody else's run (run/witness.h)
 * and beside one of our own (run/watch.h). Belongs to one thread at a time.
 *
 * The kernel stamps packets by CLOCK_REALTIME; the offset to CLOCK_MONOTONIC is taken anew every
 * second, and a jump of it, which puts the stamps of up to a second in doubt, is counted.
 */
#pragma once
#include "evidence/writer.h"
#include "load/packets.h"
#include "load/witness.h"

struct tap {
    struct packets *packets;
    struct witness *witness;
    struct ring *ring;   /* where the records go */
    int64_t earliest_ns; /* no stamp is before it: what the kernel kept until the file began */
    int64_t real_minus_mono_ns, tied_at_ns;
    int64_t seen_ns; /* the latest packet's time */
    uint64_t clock_steps;
};

void tap_release(struct tap *t);
/* Takes what arrives within @wait_ms; with more than half of the ring in use only rests a moment.
 * False: nothing came. */
bool tap_take(struct tap *t, int wait_ms);
/* After the last packet: what is in flight ends as interrupted. */
void tap_end(struct tap *t);
void tap_drops(const struct tap *t, uint64_t *packets, uint64_t *dropped);
/* The counts, as witness.* rows of the meta table. */
NODISCARD int tap_put_counts(const struct tap *t, struct store *s, struct err *err);
