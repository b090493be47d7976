/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/chain.h"
#include <string.h>

int chain_init(struct chain *c)
{
    *c = (struct chain){.hasher = hasher_new()};
    return c->hasher ? 0 : -ENOMEM;
}

void chain_release(struct chain *c)
{
    hasher_free(c->hasher);
    c->hasher = NULL;
}

static int parse_hex(struct digest *ret, const char *text)
{
    static const char hex[] = "0123456789abcdef";

    if (!text || strlen(text) != 2 * sizeof ret->bytes)
        return -EBADMSG;
    for (size_t i = 0; i < sizeof ret->bytes; i++) {
        const char *high = strchr(hex, text[2 * i]), *low = strchr(hex, text[2 * i + 1]);

        if (!high || !low)
            return -EBADMSG;
        ret->bytes[i] = (uint8_t)((high - hex) << 4 | (low - hex));
    }
    return 0;
}

int chain_resume(struct chain *c, sqlite3 *db, struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    int r =
        sql_prepare(&st, db, "SELECT block, digest FROM chain ORDER BY block DESC LIMIT 1", err);

    if (r == 0)
        r = sql_step(st, "read chain", err);
    if (r <= 0)
        return r;
    c->blocks = sqlite3_column_int64(st, 0) + 1;
    if (parse_hex(&c->head, (const char *)sqlite3_column_text(st, 1)) < 0)
        return err_set(err, -EBADMSG, "chain: block %" PRId64 " has no digest", c->blocks - 1);
    return 0;
}

bool chain_open(const struct chain *c)
{
    for (size_t i = 0; i < TABLE_COUNT_; i++)
        if (c->rows[i] > 0)
            return true;
    return false;
}

static size_t put_number(uint8_t *out, int64_t v)
{
    for (size_t i = 0; i < 8; i++)
        out[i] = (uint8_t)((uint64_t)v >> (8 * i));
    return 8;
}

/* A row is short but for its texts and blobs, so it is laid out first and hashed in one go. */
void chain_add(struct chain *c, enum table t, const struct cell *cells, size_t count)
{
    uint8_t row[1 + CELLS_MAX * 9];
    size_t n = 0;

    assert(t >= c->last && count <= CELLS_MAX);
    if (!chain_open(c))
        hasher_add(c->hasher, c->head.bytes, sizeof c->head.bytes);
    row[n++] = (uint8_t)t;
    for (size_t i = 0; i < count; i++) {
        bool bytes = cells[i].type == SQLITE_TEXT || cells[i].type == SQLITE_BLOB;

        row[n++] = (uint8_t)cells[i].type;
        if (cells[i].type == SQLITE_INTEGER)
            n += put_number(row + n, cells[i].number);
        if (!bytes)
            continue;
        n += put_number(row + n, (int64_t)cells[i].len);
        hasher_add(c->hasher, row, n);
        hasher_add(c->hasher, cells[i].data, cells[i].len);
        n = 0;
    }
    hasher_add(c->hasher, row, n);
    c->rows[t]++;
    c->last = t;
}

static void new_block(struct chain *c)
{
    memset(c->rows, 0, sizeof c->rows);
    c->last = 0;
}

int chain_write(struct chain *c, struct digest *ret, sqlite3_stmt *insert, struct err *err)
{
    struct digest digest = hasher_end(c->hasher);
    struct digest_hex prev = digest_hex(&c->head), now = digest_hex(&digest);

    (void)sqlite3_bind_int64(insert, 1, c->blocks);
    (void)sqlite3_bind_text(insert, 2, prev.text, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_text(insert, 3, now.text, -1, SQLITE_TRANSIENT);
    for (int i = 0; i < TABLE_COUNT_; i++)
        (void)sqlite3_bind_int64(insert, 4 + i, c->rows[i]);
    *ret = digest;
    return sql_run(insert, "append chain", err);
}

void chain_commit(struct chain *c, const struct digest *digest)
{
    c->head = *digest;
    c->blocks++;
    new_block(c);
}

void chain_abort(struct chain *c)
{
    (void)hasher_end(c->hasher); /* also begins a new message */
    new_block(c);
}
