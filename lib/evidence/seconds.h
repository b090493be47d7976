/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/evidence/seconds.h - the I/O threads' seconds on their way from the rings into the store.
 *
 * A second comes as SECOND_FIELDS / 2 records in a row. Until the last one is there it holds its
 * ring: a kill in between loses nothing. In a ring seconds only get later, so that the latest start
 * in the store says which ones a recovery must skip.
 */
#pragma once
#include "evidence/table.h"
#include "record/second.h"

struct second_open { /* of one ring */
    struct second so_far;
    int next;         /* field that must come next; 0: none is open */
    uint64_t first;   /* ring position of its first record, while one is open */
    int64_t after_ns; /* the start of the latest second that is in the store; 0: none */
};

struct second_list {
    struct second *items;
    size_t count, cap;
};

/* Takes a REC_SECOND of known trial that starts @ns after the anchor. 1: taken; 0: the store has it
 * already; -EBADMSG: out of order or of impossible values; -ENOMEM: nothing has changed. */
NODISCARD int second_take(struct second_open *o, struct second_list *l, const struct rec *r,
                          uint32_t ring, uint64_t position, int64_t ns);
/* The cells of its row; SECOND_NONE is NULL. */
enum { SECOND_CELLS = 3 + SECOND_FIELDS };
void second_cells(struct cell *ret, const struct second *s);
/* -EBADMSG: a value that no second has. */
NODISCARD int second_read(struct second *ret, sqlite3_stmt *st);
