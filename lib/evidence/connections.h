/* SPDX-License-Identifier: Apache-2.0 */
/* lib/evidence/connections.h - closed connections on their way from the rings into the store. */
#pragma once
#include "evidence/parts.h"
#include "evidence/table.h"
#include "record/connection.h"

struct connection_list {
    struct connection *items;
    size_t count, cap;
};

/* Takes a REC_CONNECTION of known trial that closed @ns after the anchor, as second_take() does. */
NODISCARD int connection_take(struct row_parts *p, struct connection_list *l, const struct rec *r,
                              uint32_t ring, uint64_t position, int64_t ns);
/* The cells of its row; CONNECTION_NONE is NULL. */
enum { CONNECTION_CELLS = 3 + CONNECTION_FIELDS };
void connection_cells(struct cell *ret, const struct connection *c);
/* -EBADMSG: a value that no connection has. */
NODISCARD int connection_read(struct connection *ret, sqlite3_stmt *st);
