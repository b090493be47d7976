/* SPDX-License-Identifier: Apache-2.0 */
/* Reads every chained table once, side by side, and recomputes the chain block by block. */
#include "base/str.h"
#include "evidence/chain.h"
#include <string.h>

struct verifier {
    struct chain chain;
    sqlite3_stmt *rows[TABLE_COUNT_];
    enum table tables; /* how many the file has */
    const struct chain_watch *watch;
};

static void verifier_release(struct verifier *v)
{
    for (size_t i = 0; i < TABLE_COUNT_; i++)
        sql_done(v->rows[i]);
    chain_release(&v->chain);
}
DEFINE_AUTO_HELD(struct verifier, verifier_release)

static int verify_row(struct verifier *v, enum table t, struct err *err)
{
    struct cell cells[CELLS_MAX];
    int r = sql_step(v->rows[t], table_name(t), err);
    int count = sqlite3_column_count(v->rows[t]);

    if (r <= 0)
        return r < 0 ? r
                     : err_set(err, -EBADMSG, "chain: block %" PRId64 ": rows of %s are missing",
                               v->chain.blocks, table_name(t));
    assert(count <= CELLS_MAX);
    for (int i = 0; i < count; i++)
        cells[i] = cell_read(v->rows[t], i);
    if (t == TABLE_SAMPLE && v->watch) {
        r = v->watch->sample(v->watch->ctx, cells[0].number, cells[1].number, err);
        if (r < 0)
            return r;
    }
    chain_add(&v->chain, t, cells, (size_t)count);
    return 0;
}

static int verify_block(struct verifier *v, sqlite3_stmt *block, struct err *err)
{
    const char *want = (const char *)sqlite3_column_text(block, 2);
    struct digest digest;
    int r = 0;

    if (sqlite3_column_int64(block, 0) != v->chain.blocks)
        return err_set(err, -EBADMSG, "chain: block %" PRId64 " is missing", v->chain.blocks);
    for (enum table t = 0; t < v->tables; t++)
        for (int64_t n = sqlite3_column_int64(block, 3 + (int)t); n > 0 && r == 0; n--)
            r = verify_row(v, t, err);
    if (r < 0)
        return r;
    digest = chain_digest(&v->chain);
    if (!want || strcmp(digest_hex(&digest).text, want) != 0)
        return err_set(err, -EBADMSG, "chain: block %" PRId64 " does not agree with its digest",
                       v->chain.blocks);
    chain_commit(&v->chain, &digest);
    return 0;
}

static bool is_head(const struct verifier *v, struct cell key, struct cell value)
{
    return key.data && strcmp(key.data, "chain_head") == 0 && value.data &&
           strcmp(value.data, digest_hex(&v->chain.head).text) == 0;
}

/* After the last block only the chain's own head may follow, in meta. */
static int verify_rest(struct verifier *v, struct err *err)
{
    for (enum table t = 0; t < v->tables; t++) {
        int r = sql_step(v->rows[t], table_name(t), err);

        if (r == 1 && t == TABLE_META &&
            is_head(v, cell_read(v->rows[t], 0), cell_read(v->rows[t], 1)))
            r = sql_step(v->rows[t], table_name(t), err);
        if (r != 0)
            return r < 0 ? r
                         : err_set(err, -EBADMSG, "chain: %s has rows outside every block",
                                   table_name(t));
    }
    return 0;
}

/* The chain counts the rows of each table that its file has, from the first on: one of an earlier
 * version has fewer. */
static int select_all(struct verifier *v, sqlite3_stmt **block, sqlite3 *db, struct err *err)
{
    int r = sql_prepare(block, db, "SELECT * FROM chain ORDER BY block", err), n;

    if (r < 0)
        return r;
    n = sqlite3_column_count(*block) - 3;
    if (n < TABLE_SECOND || n > TABLE_COUNT_)
        return err_set(err, -EBADMSG, "chain: counts the rows of %d tables", n);
    v->tables = (enum table)n;
    for (enum table t = 0; t < v->tables && r == 0; t++)
        r = table_select(&v->rows[t], db, t, err);
    return r;
}

int chain_verify(struct digest *head, sqlite3 *db, const struct chain_watch *watch, struct err *err)
{
    AUTO(verifier_release) struct verifier v = {.watch = watch};
    AUTO(sql_done) sqlite3_stmt *block = NULL;
    int r = chain_init(&v.chain);

    if (r < 0)
        return err_set(err, r, "verify chain: out of memory");
    r = select_all(&v, &block, db, err);
    if (r < 0)
        return r;
    while ((r = sql_step(block, "read chain", err)) == 1) {
        r = verify_block(&v, block, err);
        if (r < 0)
            return r;
    }
    if (r == 0)
        r = verify_rest(&v, err);
    if (r < 0)
        return r;
    *head = v.chain.head;
    return 0;
}
