/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/evidence/packer.h - from rings to tables: reads records into a flight, and writes what is
 * due as one block (one transaction, one link of the chain). A block changes the recorder's memory
 * only after its commit succeeded, so that a failed one is simply tried again.
 */
#pragma once
#include "base/arena.h"
#include "base/base.h"
#include "evidence/chain.h"
#include "evidence/flight.h"
#include "evidence/sql.h"
#include "evidence/telemetry.h"
#include "record/ring.h"

struct remark { /* a fact or a note that waits for the next commit; strings in the arena */
    enum table table;
    struct fact fact;
    int64_t time_ns;
    const char *kind, *text;
};

struct packer {
    sqlite3 *db;
    sqlite3_stmt *insert[TABLE_COUNT_];
    uint64_t bound[TABLE_COUNT_]; /* a bit a parameter of theirs that is not NULL */
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
    struct telemetry telemetry;
};

/* How the last block of a run ends it. */
struct ending {
    const char *state;         /* of the run */
    const char *trial_outcome; /* of trials that have no end yet */
};

/* Takes @db, an evidence database, on success and failure. @rings: how many at most. */
NODISCARD int packer_init(struct packer *r, sqlite3 *db, uint32_t rings, struct err *err);
void packer_release(struct packer *r);
DEFINE_AUTO_HELD(struct packer, packer_release)

/* Adds a row to the open block. */
NODISCARD int packer_row(struct packer *r, enum table t, const struct cell *cells, struct err *err);
/* Runs @fill inside one transaction and closes the block. 0, or what @fill returned if that is not
 * 0: nothing was written then. @last: the chain's head follows in meta. */
typedef int (*block_fill)(struct packer *r, void *ctx, struct err *err);
NODISCARD int packer_block(struct packer *r, block_fill fill, void *ctx, bool last,
                           struct err *err);

NODISCARD int packer_fact(struct packer *r, const struct fact *f); /* -ENOMEM */
NODISCARD int packer_note(struct packer *r, int64_t time_ns, const char *kind,
                          const char *text); /* -ENOMEM */
/* Reads what is published into the flight. -ENOMEM: stopped there, can go on. */
NODISCARD int packer_drain(struct packer *r, int64_t now_ns);
/* Writes finished samples, facts and notes, and the streams whose oldest unpacked record was read
 * at or before @due_ns (INT64_MAX: all); then frees the rings. Does nothing when nothing is due. */
NODISCARD int packer_commit(struct packer *r, int64_t due_ns, struct err *err);
/* The rows of a last block, for a block_fill of one's own; everything is in it. */
NODISCARD int packer_fill_end(struct packer *r, const struct ending *end, struct err *err);
/* Interrupts what is in flight and writes everything as the last block. */
NODISCARD int packer_end(struct packer *r, const struct ending *end, struct err *err);
uint64_t packer_lost(const struct packer *r);
