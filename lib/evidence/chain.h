/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/evidence/chain.h - each commit's new rows as a block, hashed with the digest of the block
 * before it. The byte order is documented in docs/formats/evidence.md, "The chain".
 */
#pragma once
#include "base/base.h"
#include "base/digest.h"
#include "evidence/table.h"

enum { CHAIN_WAITING = 4096 };

struct chain {
    struct hasher *hasher;
    uint8_t waiting[CHAIN_WAITING]; /* bytes of the open block that are not hashed yet */
    size_t waiting_len;
    struct digest head;          /* of the last committed block; zeros before the first */
    int64_t blocks;              /* committed */
    enum table last;             /* table of the open block's last row */
    uint32_t rows[TABLE_COUNT_]; /* of the open block */
};

/* -ENOMEM. Starts before the first block. */
NODISCARD int chain_init(struct chain *c);
void chain_release(struct chain *c);
DEFINE_AUTO_HELD(struct chain, chain_release)
/* Goes on after the last block in @db. */
NODISCARD int chain_resume(struct chain *c, sqlite3 *db, struct err *err);
/* Adds a row of @count cells to the open block; rows come in the order of enum table. */
void chain_add(struct chain *c, enum table t, const struct cell *cells, size_t count);
bool chain_open(const struct chain *c);      /* does the open block have rows? */
struct digest chain_digest(struct chain *c); /* of the open block, which it ends */
/* Writes the open block's chain row and ends it; then chain_commit or chain_abort. */
NODISCARD int chain_write(struct chain *c, struct digest *ret, sqlite3_stmt *insert,
                          struct err *err);
void chain_commit(struct chain *c, const struct digest *digest); /* the block is durable */
void chain_abort(struct chain *c);                               /* it never was */

/* Sees each sample of a chain that is being verified: its id and trial. */
struct chain_watch {
    int (*sample)(void *ctx, int64_t id, int64_t trial, struct err *err);
    void *ctx;
};
/* Recomputes every block of @db. -EBADMSG names the first that disagrees. Sets @*head. */
NODISCARD int chain_verify(struct digest *head, sqlite3 *db, const struct chain_watch *watch,
                           struct err *err);
