/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/evidence/table.h - the tables of an .asrun file. Those of enum table are append-only and
 * chained (evidence/chain.h), in the order in which one block holds them.
 */
#pragma once
#include "base/base.h"
#include "evidence/sql.h"
#include "record/sample.h"

enum { EVIDENCE_APPLICATION_ID = 0x6173726e /* "asrn" */, EVIDENCE_FORMAT = 1 };

enum table {
    TABLE_META = 0,
    TABLE_TRIAL = 1,
    TABLE_TRIAL_END = 2,
    TABLE_FACT = 3,
    TABLE_NOTE = 4,
    TABLE_SAMPLE = 5,
    TABLE_EVENT_PART = 6,
    TABLE_SECOND = 7, /* absent in files of earlier versions, and so is what follows: no rows */
    TABLE_CONNECTION = 8,
    TABLE_WIRE_SAMPLE = 9, /* the same columns as sample, as the packets had it */
    TABLE_WIRE_PART = 10,  /* the same columns as event_part */
    TABLE_SERIES = 11,
    TABLE_TELEMETRY = 12,
    TABLE_DISPATCH = 13,
    TABLE_COUNT_,
};
enum { CELLS_MAX = 64 };

struct cell { /* one value of a row; @type is SQLite's */
    int type;
    int64_t number;
    double real;
    const void *data;
    size_t len;
};

const char *table_name(enum table t);
/* Creates every table and view in an empty database. */
NODISCARD int table_create_all(sqlite3 *db, struct err *err);
/* Adds the tables that a file of an earlier version lacks; for those that write to it. */
NODISCARD int table_upgrade(sqlite3 *db, struct err *err);
/* Indexes the samples and their events, once all are there: kept up to date row by row, the indexes
 * would cost a quarter of the recorder's time. -EEXIST: one is there twice. */
NODISCARD int table_index(sqlite3 *db, struct err *err);
/* 1: there is such a table; 0: the file was written before there was. */
NODISCARD int table_present(sqlite3 *db, enum table t, struct err *err);
/* INSERT of one row / SELECT of all rows in the order they were written, without the row number.
 * Both of the columns that the file has: columns that came later are missing in older files. */
NODISCARD int table_insert(sqlite3_stmt **ret, sqlite3 *db, enum table t, struct err *err);
NODISCARD int table_select(sqlite3_stmt **ret, sqlite3 *db, enum table t, struct err *err);
/* INSERT of a row of the chain: block, prev, digest, then how many rows each table has. */
NODISCARD int table_insert_chain(sqlite3_stmt **ret, sqlite3 *db, struct err *err);

struct cell cell_int(int64_t v);
struct cell cell_time(int64_t ns);       /* TIME_NONE: NULL */
struct cell cell_text(const char *text); /* NULL: NULL */
struct cell cell_real(double v);         /* finite; -0 becomes 0, as SQLite stores it */
struct cell cell_blob(const void *data, size_t len);
void cell_bind(sqlite3_stmt *st, int index, const struct cell *c);
struct cell cell_read(sqlite3_stmt *st, int column); /* borrowed until the next step */

/* How many of sample_columns the file has in @t: TABLE_SAMPLE or TABLE_WIRE_SAMPLE. */
NODISCARD int table_sample_columns(size_t *ret, sqlite3 *db, enum table t, struct err *err);
/* The cells of a sample's row, and back. -EBADMSG: a value that no sample has. */
void sample_cells(struct cell *ret, const struct sample *s);
NODISCARD int sample_read(struct sample *ret, sqlite3_stmt *st);
