/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second series of a run whose packets were watched.
 *
 * The wire has a sample when it followed the exchange to the end that the client saw, with as many
 * events; of a failed one also when it saw more. Anything less is missing: a hole in the capture
 * moves every time after it.
 */
#include "base/str.h"
#include "evidence/columns.h"
#include "evidence/open.h"
#include <string.h>

#define WIRE_HAS_IT                                                                                \
    "(w.id IS NOT NULL AND w.events >= s.events AND"                                               \
    " (s.outcome <> 0 OR (w.outcome = 0 AND w.events = s.events)))"

bool evidence_has_wire(struct evidence *e)
{
    return evidence_meta(e, "wire") != NULL;
}

bool evidence_uses_wire(const struct evidence *e)
{
    return e->wire;
}

int evidence_use_wire(struct evidence *e, struct err *err)
{
    if (!evidence_has_wire(e))
        return err_set(
            err, -ENODATA,
            "%s: the run was not watched (load.witness: packets), so there are no stamps "
            "of the wire",
            e->info.path);
    e->wire = true;
    return 0;
}

/* Times that the wire has of its own. */
static bool of_the_wire(const char *column)
{
    static const char *const names[] = {"connect_start_ns", "connect_end_ns",  "sent_ns",
                                        "sent_last_ns",     "first_byte_ns",   "first_choice_ns",
                                        "first_content_ns", "last_content_ns", "end_ns"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(names[i], column) == 0)
            return true;
    return false;
}

/* What a missing sample's end is taken for: the client's, so that it counts where it belongs. */
static void add_column(struct str *sql, const char *name)
{
    if (strcmp(name, "kernel") == 0)
        str_add(sql, WIRE_HAS_IT);
    else if (strcmp(name, "end_ns") == 0)
        str_add(sql, "CASE WHEN " WIRE_HAS_IT " THEN w.end_ns ELSE s.end_ns END");
    else if (of_the_wire(name))
        str_addf(sql, "CASE WHEN " WIRE_HAS_IT " THEN w.%s END", name);
    else
        str_addf(sql, "s.%s", name);
}

int wire_select_samples(sqlite3_stmt **ret, sqlite3 *db, struct err *err)
{
    AUTO(str_release) struct str sql = {0};
    size_t there;
    int r = table_sample_columns(&there, db, TABLE_SAMPLE, err);

    if (r < 0)
        return r;
    str_add(&sql, "SELECT ");
    for (size_t i = 0; i < SAMPLE_COLUMNS; i++) {
        str_add(&sql, i ? ", " : "");
        if (i < there)
            add_column(&sql, sample_columns[i].name);
        else
            str_add(&sql, "NULL");
    }
    str_add(&sql, " FROM sample s LEFT JOIN wire_sample w ON w.id = s.id"
                  " WHERE s.id BETWEEN ?1 AND ?2 ORDER BY s.id");
    if (!str_ok(&sql))
        return err_set(err, -ENOMEM, "read samples: out of memory");
    return sql_prepare(ret, db, sql.data, err);
}

#define JOINED                                                                                     \
    " p JOIN sample s ON s.id = p.sample JOIN wire_sample w ON w.id = p.sample"                    \
    " WHERE p.sample BETWEEN ?1 AND ?2 AND " WIRE_HAS_IT " ORDER BY p.sample, p.part"

int wire_select_events(sqlite3_stmt **ret, sqlite3 *db, struct err *err)
{
    return sql_prepare(
        ret, db, "SELECT p.sample, p.first_index, p.events, p.blob FROM wire_part" JOINED, err);
}

struct cursor { /* over the events of one series */
    sqlite3_stmt *st;
    struct scratch parts;
    size_t at, n;
    int64_t sample, first;
};

static void cursor_release(struct cursor *c)
{
    sql_done(c->st);
    scratch_release(&c->parts);
}
DEFINE_AUTO_HELD(struct cursor, cursor_release)

/* 1: there is an event at the cursor. */
static int cursor_fill(struct cursor *c, struct err *err)
{
    while (c->at == c->n) {
        int r = sql_step(c->st, "read events", err);

        if (r <= 0)
            return r;
        c->at = 0;
        c->sample = sqlite3_column_int64(c->st, 0);
        c->first = sqlite3_column_int64(c->st, 1);
        r = scratch_decode(&c->parts, &c->n, c->st, err);
        if (r < 0)
            return r;
    }
    return 1;
}

static int cursor_open(struct cursor *c, const struct evidence *e, const char *sql, struct err *err)
{
    int64_t first, last;
    int r = sql_prepare(&c->st, e->db, sql, err);

    if (r < 0)
        return r;
    evidence_items(e, &first, &last);
    (void)sqlite3_bind_int64(c->st, 1, first);
    (void)sqlite3_bind_int64(c->st, 2, last);
    return 0;
}

/* Which of the two is behind: < 0 the first, > 0 the second. */
static int compare(const struct cursor *a, const struct cursor *b)
{
    int64_t i = a->first + (int64_t)a->at, j = b->first + (int64_t)b->at;

    if (a->sample != b->sample)
        return a->sample < b->sample ? -1 : 1;
    return (i > j) - (i < j);
}

int evidence_each_pair(struct evidence *e, pair_visit fn, void *ctx, struct err *err)
{
    AUTO(cursor_release) struct cursor own = {0}, wire = {0};
    int r = cursor_open(
        &own, e, "SELECT p.sample, p.first_index, p.events, p.blob FROM event_part" JOINED, err);

    if (r == 0)
        r = cursor_open(&wire, e,
                        "SELECT p.sample, p.first_index, p.events, p.blob FROM wire_part" JOINED,
                        err);
    while (r >= 0) {
        int order;

        r = cursor_fill(&own, err);
        if (r == 1)
            r = cursor_fill(&wire, err);
        if (r <= 0)
            return r;
        order = compare(&own, &wire);
        if (order == 0)
            r = fn(ctx, &own.parts.events[own.at], &wire.parts.events[wire.at]);
        own.at += order <= 0;
        wire.at += order >= 0;
    }
    return r;
}

int evidence_wire_missing(struct evidence *e, int64_t *good, int64_t *missing, struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    int64_t first, last;
    int r = sql_prepare(&st, e->db,
                        "SELECT count(*), coalesce(sum(NOT " WIRE_HAS_IT "), 0) FROM sample s"
                        " LEFT JOIN wire_sample w ON w.id = s.id WHERE s.outcome = 0"
                        " AND s.id BETWEEN ?1 AND ?2",
                        err);

    evidence_items(e, &first, &last);
    if (r == 0) {
        (void)sqlite3_bind_int64(st, 1, first);
        (void)sqlite3_bind_int64(st, 2, last);
        r = sql_step(st, "compare with the wire", err);
    }
    if (r == 1) {
        *good = sqlite3_column_int64(st, 0);
        *missing = sqlite3_column_int64(st, 1);
    }
    return r < 0 ? r : 0;
}
