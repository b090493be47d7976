/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/evidence/parts.h - rows that come through a ring as several records, two fields each: the
 * threads' seconds, the closed connections.
 *
 * Until its last record is there a row holds its ring: a kill in between loses nothing. In a ring
 * the times of rows of one kind only get later, so that the latest one in the store says which ones
 * a recovery must skip.
 */
#pragma once
#include "base/base.h"
#include "record/record.h"

enum { PARTS_MAX = 32 };

struct row_parts { /* of one ring and kind */
    uint32_t trial;
    int64_t time_ns;      /* of the row, since the anchor */
    int64_t v[PARTS_MAX]; /* what there is of it */
    int next;             /* field that must come next; 0: none is open */
    uint64_t first;       /* ring position of its first record, while one is open */
    int64_t after_ns;     /* the latest row that is in the store; 0: none */
};

/* Takes a record of a row of @fields whose time is @ns after the anchor. 1: taken, and the row is
 * whole if parts_last(); 0: the store has it already; -EBADMSG: out of order, or of impossible
 * values (-1 is the least). */
NODISCARD int parts_take(struct row_parts *p, const struct rec *r, int fields, uint64_t position,
                         int64_t ns);
static inline bool parts_last(const struct rec *r, int fields)
{
    return r->kind + 2 == fields;
}
