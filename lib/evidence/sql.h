/* SPDX-License-Identifier: Apache-2.0 */
/* lib/evidence/sql.h - the little of SQLite that the store and the reader share. */
#pragma once
#include "base/base.h"
#include <sqlite3.h>

enum sql_mode { SQL_CREATE, SQL_WRITE, SQL_READ };

/* -ENOENT: no such file; -EBADMSG: no SQLite database. */
NODISCARD int sql_open(sqlite3 **ret, const char *path, enum sql_mode mode, struct err *err);
void sql_close(sqlite3 *db);
DEFINE_AUTO(sqlite3 *, sql_close)
void sql_done(sqlite3_stmt *st); /* sqlite3_finalize */
DEFINE_AUTO(sqlite3_stmt *, sql_done)

/* The errno for what @db last failed with, and its words after "@doing: ". */
int sql_failed(struct err *err, sqlite3 *db, const char *doing);
NODISCARD int sql_exec(sqlite3 *db, const char *sql, const char *doing, struct err *err);
NODISCARD int sql_prepare(sqlite3_stmt **ret, sqlite3 *db, const char *sql, struct err *err);
/* 1: a row; 0: the end. */
NODISCARD int sql_step(sqlite3_stmt *st, const char *doing, struct err *err);
/* Steps a statement that gives no rows, and resets it. */
NODISCARD int sql_run(sqlite3_stmt *st, const char *doing, struct err *err);
/* The first column of the first row of @sql; @*ret untouched if there is none. */
NODISCARD int sql_int(int64_t *ret, sqlite3 *db, const char *sql, struct err *err);
/* A column's text, "" for NULL; borrowed until the next step. */
const char *sql_text(sqlite3_stmt *st, int column);
