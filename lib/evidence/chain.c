/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/chain.h"
#include <endian.h>
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

static void hash_waiting(struct chain *c)
{
    hasher_add(c->hasher, c->waiting, c->waiting_len);
    c->waiting_len = 0;
}

/* A call of the hasher costs more than hashing the few bytes that most cells are. */
static void put(struct chain *c, const void *data, size_t n)
{
    if (n > sizeof c->waiting - c->waiting_len)
        hash_waiting(c);
    if (n > sizeof c->waiting) {
        hasher_add(c->hasher, data, n);
        return;
    }
    if (n > 0)
        memcpy(c->waiting + c->waiting_len, data, n);
    c->waiting_len += n;
}

static void put_byte(struct chain *c, uint8_t byte)
{
    put(c, &byte, 1);
}

static void put_number(struct chain *c, int64_t v)
{
    uint64_t le = htole64((uint64_t)v);

    put(c, &le, sizeof le);
}

static void put_real(struct chain *c, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    put_number(c, (int64_t)bits);
}

void chain_add(struct chain *c, enum table t, const struct cell *cells, size_t count)
{
    assert(t >= c->last && count <= CELLS_MAX);
    if (!chain_open(c))
        put(c, c->head.bytes, sizeof c->head.bytes);
    put_byte(c, (uint8_t)t);
    for (size_t i = 0; i < count; i++) {
        const struct cell *cell = &cells[i];
        bool bytes = cell->type == SQLITE_TEXT || cell->type == SQLITE_BLOB;

        put_byte(c, (uint8_t)cell->type);
        if (cell->type == SQLITE_FLOAT)
            put_real(c, cell->real);
        if (bytes || cell->type == SQLITE_INTEGER)
            put_number(c, bytes ? (int64_t)cell->len : cell->number);
        if (bytes)
            put(c, cell->data, cell->len);
    }
    c->rows[t]++;
    c->last = t;
}

struct digest chain_digest(struct chain *c)
{
    hash_waiting(c);
    return hasher_end(c->hasher);
}

static void new_block(struct chain *c)
{
    memset(c->rows, 0, sizeof c->rows);
    c->last = 0;
}

int chain_write(struct chain *c, struct digest *ret, sqlite3_stmt *insert, struct err *err)
{
    struct digest digest = chain_digest(c);
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
    c->waiting_len = 0;
    new_block(c);
}
