/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/sql.h"
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 3000 };

/* SQLite's statistics of its memory cost a lock at each allocation, several a row; nobody asks for
 * them. Refused where SQLite is in use already: then it is only slower. */
static void configure(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

void sql_close(sqlite3 *db)
{
    (void)sqlite3_close(db);
}

void sql_done(sqlite3_stmt *st)
{
    (void)sqlite3_finalize(st);
}

/* The one place that knows both vocabularies: SQLite's and ours. */
static int errno_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
        return -EEXIST;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_ERROR: /* our statements are constant: a table or column is missing */
        return -EBADMSG;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_PERM:
    case SQLITE_READONLY:
        return -EACCES;
    default:
        return -EIO;
    }
}

int sql_failed(struct err *err, sqlite3 *db, const char *doing)
{
    return err_set(err, errno_of(sqlite3_errcode(db)), "%s: %s", doing, sqlite3_errmsg(db));
}

int sql_open(sqlite3 **ret, const char *path, enum sql_mode mode, struct err *err)
{
    static const int flags[] = {[SQL_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                [SQL_WRITE] = SQLITE_OPEN_READWRITE,
                                [SQL_READ] = SQLITE_OPEN_READONLY};
    static pthread_once_t configured = PTHREAD_ONCE_INIT;
    AUTO(sql_close) sqlite3 *db = NULL;
    struct stat st;

    (void)pthread_once(&configured, configure);
    if (mode != SQL_CREATE && stat(path, &st) < 0)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    if (mode != SQL_CREATE && !S_ISREG(st.st_mode))
        return err_set(err, -EBADMSG, "%s: is no file", path);
    if (sqlite3_open_v2(path, &db, flags[mode] | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return db ? sql_failed(err, db, path) : err_set(err, -ENOMEM, "%s: out of memory", path);
    (void)sqlite3_busy_timeout(db, BUSY_MS);
    *ret = TAKE(db);
    return 0;
}

int sql_exec(sqlite3 *db, const char *sql, const char *doing, struct err *err)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : sql_failed(err, db, doing);
}

int sql_prepare(sqlite3_stmt **ret, sqlite3 *db, const char *sql, struct err *err)
{
    sqlite3_stmt *st = NULL;

    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL) != SQLITE_OK)
        return sql_failed(err, db, "prepare");
    *ret = st;
    return 0;
}

int sql_step(sqlite3_stmt *st, const char *doing, struct err *err)
{
    int rc = sqlite3_step(st);

    return rc == SQLITE_ROW    ? 1
           : rc == SQLITE_DONE ? 0
                               : sql_failed(err, sqlite3_db_handle(st), doing);
}

int sql_run(sqlite3_stmt *st, const char *doing, struct err *err)
{
    int r = sql_step(st, doing, err);

    (void)sqlite3_reset(st); /* repeats the error of the step */
    return r < 0 ? r : 0;
}

int sql_int(int64_t *ret, sqlite3 *db, const char *sql, struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    int r = sql_prepare(&st, db, sql, err);

    if (r < 0)
        return r;
    r = sql_step(st, "read", err);
    if (r == 1)
        *ret = sqlite3_column_int64(st, 0);
    return r < 0 ? r : 0;
}

const char *sql_text(sqlite3_stmt *st, int column)
{
    const char *text = (const char *)sqlite3_column_text(st, column);

    return text ? text : "";
}
