/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/evidence/seconds.h - the I/O threads' seconds on their way from the rings into the store.
 */
#pragma once
#include "evidence/parts.h"
#include "evidence/table.h"
#include "record/second.h"

struct second_list {
    struct second *items;
    size_t count, cap;
};

/* Takes a REC_SECOND of known trial that starts @ns after the anchor. 1: taken; 0: the store has it
 * already; -EBADMSG: out of order or of impossible values; -ENOMEM: nothing has changed. */
NODISCARD int second_take(struct row_parts *p, struct second_list *l, const struct rec *r,
                          uint32_t ring, uint64_t position, int64_t ns);
/* The cells of its row; SECOND_NONE is NULL. */
enum { SECOND_CELLS = 3 + SECOND_FIELDS };
void second_cells(struct cell *ret, const struct second *s);
/* -EBADMSG: a value that no second has. */
NODISCARD int second_read(struct second *ret, sqlite3_stmt *st);
