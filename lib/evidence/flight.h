/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/evidence/flight.h - the samples in flight, built up from the records of the rings. The live
 * recorder and the recovery of a killed run share it, so that both come to the same samples.
 *
 * A stream holds one sample with the events that are not in the store yet. Streams with such
 * records hang in a list a ring, oldest first: its head says how far the ring may be freed.
 * Finished streams wait in a list of their own until they are written. Memory is what is in flight,
 * and one bit an item of the schedule.
 *
 * In recovery the records are foreign bytes: whatever they hold, flight_apply() stays within its
 * memory.
 */
#pragma once
#include "base/base.h"
#include "evidence/live.h"
#include "evidence/writer.h"
#include "evidence/connections.h"
#include "evidence/seconds.h"
#include "record/record.h"
#include "record/sample.h"

struct stream {
    struct sample sample;
    struct stream *next_hash, *next_finished;
    struct stream *older, *newer; /* in its ring's list, while it has unpacked records */
    struct event *tail;           /* events not packed yet; the last of sample.events */
    size_t tail_count, tail_cap;
    uint64_t first_unpacked; /* ring position; valid while @unpacked */
    uint64_t packed_to;      /* records before it are in the store */
    int64_t unpacked_since_ns;
    uint32_t ring, parts;
    bool unpacked, stored /* has a pending row */;
};

struct flight_trial {
    uint32_t trial, first, count;
    bool ended;
};

struct flight_ring {
    struct stream *oldest, *newest;
    struct row_parts second, connection;
};

struct flight {
    int64_t anchor_ns;
    uint32_t scheduled;
    uint32_t ids; /* of samples: twice as many where the wire has a series of its own: its sample
                     @scheduled + i is the sample i of the run, as the packets had it */
    bool closed_loop; /* for the live ttft: from sent instead of due */
    uint64_t *done;   /* a bit a sample: its row is written, or waits in @finished */
    struct stream **buckets;
    size_t bucket_count, streams;
    struct stream *finished, **finished_end;
    struct flight_ring *rings;
    uint32_t ring_count;
    struct flight_trial *trials;
    size_t trial_count, trial_cap;
    int64_t last_ns;                            /* latest time seen, since the anchor */
    uint64_t bad;                               /* records that made no sense */
    uint64_t started, ended, ok, output_events; /* not of the wire */
    struct live_histogram ttft;
    struct second_list seconds;         /* complete, not in the store yet */
    struct connection_list connections; /* the same */
};

NODISCARD int flight_init(struct flight *f, uint32_t rings); /* -ENOMEM */
/* What the run is, before the first record; with @wire at most INT32_MAX items. -ENOMEM. */
NODISCARD int flight_begin(struct flight *f, int64_t anchor_ns, uint32_t scheduled, bool wire);
static inline bool flight_of_wire(const struct flight *f, uint32_t id)
{
    return id >= f->scheduled;
}
NODISCARD int flight_trial(struct flight *f, uint32_t trial, uint32_t first, uint32_t count);
void flight_release(struct flight *f);
DEFINE_AUTO_HELD(struct flight, flight_release)

/* Takes in the record at @position of @ring. 1: taken; 0: skipped, the store has it already;
 * -EBADMSG: it made no sense (counted in @bad, otherwise ignored); -ENOMEM: nothing has changed. */
NODISCARD int flight_apply(struct flight *f, const struct rec *r, uint32_t ring, uint64_t position,
                           int64_t now_ns);
/* Adds a stream that the store holds as pending. -EBADMSG, -ENOMEM. */
NODISCARD int flight_restore(struct flight *f, const struct sample *s, uint32_t parts,
                             uint32_t ring, uint64_t packed_to);
void flight_mark_done(struct flight *f, uint32_t sample);
/* Ends every stream that is still in flight. */
void flight_interrupt(struct flight *f);
/* The stream's records before @position are in the store. */
void flight_packed(struct flight *f, struct stream *st, uint64_t position);
void flight_drop_finished(struct flight *f); /* they are in the store */
