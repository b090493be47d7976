/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/evidence/recorder.h - from rings to tables: reads records into a flight, and writes what is
 * due as one block (one transaction, one link of the chain). A block changes the recorder's memory
 * only after its commit succeeded, so that a failed one is simply tried again.
 */
#pragma once
#include "base/arena.h"
#include "base/base.h"
#include "evidence/chain.h"
#include "evidence/flight.h"
#include "evidence/sql.h"
#include "record/ring.h"

struct remark { /* a fact or a note that waits for the next commit; strings in the arena */
    enum table table;
    struct fact fact;
    int64_t time_ns;
    const char *kind, *text;
};

struct recorder {
    sqlite3 *db;
    sqlite3_stmt *insert[TABLE_COUNT_];
    sqlite3_stmt *put_pending, *drop_pending, *put_position, *put_chain;
    struct chain chain;
    struct flight flight;
    struct ring *rings;
    uint64_t *cursor; /* next position to read of each ring */
    uint32_t ring_count;
    uint64_t lost_before; /* in rings that are not read any more: recovery's */
    uint8_t *blob;
    size_t blob_cap;
    struct arena words;
    struct remark *remarks;
    size_t remark_count, remark_cap;
};

/* How the last block of a run ends it. */
struct ending {
    const char *state;         /* of the run */
    const char *trial_outcome; /* of trials that have no end yet */
};

/* Takes @db, an evidence database, on success and failure. @rings: how many at most. */
NODISCARD int recorder_init(struct recorder *r, sqlite3 *db, uint32_t rings, struct err *err);
void recorder_release(struct recorder *r);
DEFINE_AUTO_HELD(struct recorder, recorder_release)

/* Adds a row to the open block. */
NODISCARD int recorder_row(struct recorder *r, enum table t, const struct cell *cells,
                           struct err *err);
/* Runs @fill inside one transaction and closes the block. 0, or what @fill returned if that is not
 * 0: nothing was written then. @last: the chain's head follows in meta. */
typedef int (*block_fill)(struct recorder *r, void *ctx, struct err *err);
NODISCARD int recorder_block(struct recorder *r, block_fill fill, void *ctx, bool last,
                             struct err *err);

NODISCARD int recorder_fact(struct recorder *r, const struct fact *f); /* -ENOMEM */
NODISCARD int recorder_note(struct recorder *r, int64_t time_ns, const char *kind,
                            const char *text); /* -ENOMEM */
/* Reads what is published into the flight. -ENOMEM: stopped there, can go on. */
NODISCARD int recorder_drain(struct recorder *r, int64_t now_ns);
/* Writes finished samples, facts and notes, and the streams whose oldest unpacked record was read
 * at or before @due_ns (INT64_MAX: all); then frees the rings. Does nothing when nothing is due. */
NODISCARD int recorder_commit(struct recorder *r, int64_t due_ns, struct err *err);
/* The rows of a last block, for a block_fill of one's own; everything is in it. */
NODISCARD int recorder_fill_end(struct recorder *r, const struct ending *end, struct err *err);
/* Interrupts what is in flight and writes everything as the last block. */
NODISCARD int recorder_end(struct recorder *r, const struct ending *end, struct err *err);
uint64_t recorder_lost(const struct recorder *r);
