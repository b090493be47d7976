/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/seal.h"
#include "base/fs.h"
#include "evidence/sql.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 1: somebody else has the file open. */
static int leave_wal(const char *path, struct err *err)
{
    AUTO(sql_close) sqlite3 *db = NULL;
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    const char *mode;
    int r = sql_open(&db, path, SQL_WRITE, err);

    if (r == 0)
        r = sql_exec(db, "PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)", path, err);
    if (r == 0)
        r = sql_prepare(&st, db, "PRAGMA journal_mode = DELETE", err);
    if (r < 0)
        return r == -EBUSY ? 1 : r;
    r = sql_step(st, path, err);
    if (r < 0)
        return r == -EBUSY ? 1 : r;
    mode = r == 1 ? (const char *)sqlite3_column_text(st, 0) : NULL;
    return mode && strcmp(mode, "delete") == 0 ? 0 : 1;
}

int evidence_seal(const char *path, struct err *err)
{
    AUTO(fd_close) int fd = -1;
    int r = leave_wal(path, err);

    if (r != 0)
        return r;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0 || fchmod(fd, 0444) < 0)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    return 0;
}
