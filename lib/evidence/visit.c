/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over the rows of an open evidence file. */
#include "base/str.h"
#include "base/vec.h"
#include "evidence/blob.h"
#include "evidence/columns.h"
#include "evidence/open.h"
#include "evidence/connections.h"
#include "evidence/seconds.h"
#include "evidence/table.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int select_samples(sqlite3_stmt **ret, sqlite3 *db, struct err *err)
{
    AUTO(str_release) struct str sql = {0};
    size_t there;
    int r = table_sample_columns(&there, db, TABLE_SAMPLE, err);

    if (r < 0)
        return r;
    str_add(&sql, "SELECT ");
    for (size_t i = 0; i < SAMPLE_COLUMNS; i++) /* what is not there is not known */
        str_addf(&sql, "%s%s", i ? ", " : "", i < there ? sample_columns[i].name : "NULL");
    str_add(&sql, " FROM sample WHERE id BETWEEN ?1 AND ?2 ORDER BY id");
    if (!str_ok(&sql))
        return err_set(err, -ENOMEM, "read samples: out of memory");
    return sql_prepare(ret, db, sql.data, err);
}

/* The selected items' ids, as parameters 1 and 2. */
static void bind_items(sqlite3_stmt *st, const struct evidence *e)
{
    int64_t first, last;

    evidence_items(e, &first, &last);
    (void)sqlite3_bind_int64(st, 1, first);
    (void)sqlite3_bind_int64(st, 2, last);
}

int evidence_each_sample(struct evidence *e, sample_visit fn, void *ctx, struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    int r = e->wire ? wire_select_samples(&st, e->db, err) : select_samples(&st, e->db, err);

    if (r == 0)
        bind_items(st, e);
    while (r >= 0 && (r = sql_step(st, "read samples", err)) == 1) {
        struct sample s;

        if (sample_read(&s, st) < 0)
            return err_set(err, -EBADMSG, "sample %" PRId64 ": a value that no sample has",
                           (int64_t)sqlite3_column_int64(st, 0));
        if (e->step) {
            s.id -= e->step->first;
            s.trial -= e->step->first_trial;
        }
        r = fn(ctx, &s);
    }
    return r < 0 ? r : 0;
}

void scratch_release(struct scratch *p)
{
    free(p->events);
}

int scratch_decode(struct scratch *p, size_t *ret, sqlite3_stmt *st, struct err *err)
{
    int64_t sample = sqlite3_column_int64(st, 0), first = sqlite3_column_int64(st, 1);
    struct cell blob = cell_read(st, 3);
    size_t n = 0;

    if (sample < 0 || sample > UINT32_MAX || first < 0 || first > INT32_MAX || !blob.data ||
        blob_count(&n, blob.data, blob.len) < 0 || (int64_t)n != sqlite3_column_int64(st, 2))
        return err_set(err, -EBADMSG, "events of sample %" PRId64 " are malformed", sample);
    if (vec_reserve((void **)&p->events, &p->cap, n, sizeof *p->events) < 0)
        return err_set(err, -ENOMEM, "read events: out of memory");
    if (blob_decode(p->events, n, blob.data, blob.len) < 0)
        return err_set(err, -EBADMSG, "events of sample %" PRId64 " are malformed", sample);
    *ret = n;
    return 0;
}

/* @base: the id that counts as 0. */
static int visit_part(struct scratch *p, sqlite3_stmt *st, uint32_t base, event_visit fn, void *ctx,
                      struct err *err)
{
    int64_t sample = sqlite3_column_int64(st, 0), first = sqlite3_column_int64(st, 1);
    size_t n = 0;
    int r = scratch_decode(p, &n, st, err);

    for (size_t i = 0; i < n && r >= 0; i++)
        r = fn(ctx, (uint32_t)sample - base, (uint32_t)first + (uint32_t)i, &p->events[i]);
    return r;
}

int evidence_each_event(struct evidence *e, uint32_t sample, event_visit fn, void *ctx,
                        struct err *err)
{
    AUTO(scratch_release) struct scratch parts = {0};
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    bool all = sample == UINT32_MAX;
    uint32_t base = e->step ? e->step->first : 0;
    int r = e->wire ? wire_select_events(&st, e->db, err)
                    : sql_prepare(&st, e->db,
                                  "SELECT sample, first_index, events, blob FROM event_part"
                                  " WHERE sample BETWEEN ?1 AND ?2 ORDER BY sample, part",
                                  err);

    if (r == 0)
        bind_items(st, e);
    if (r == 0 && !all) {
        (void)sqlite3_bind_int64(st, 1, (int64_t)base + sample);
        (void)sqlite3_bind_int64(st, 2, (int64_t)base + sample);
    }
    while (r >= 0 && (r = sql_step(st, "read events", err)) == 1)
        r = visit_part(&parts, st, base, fn, ctx, err);
    return r < 0 ? r : 0;
}

static const char *text_or_null(sqlite3_stmt *st, int column)
{
    return (const char *)sqlite3_column_text(st, column);
}

static int64_t time_or_none(sqlite3_stmt *st, int column)
{
    return sqlite3_column_type(st, column) == SQLITE_NULL ? TIME_NONE
                                                          : sqlite3_column_int64(st, column);
}

/* A fact of one of several targets has the target's number in its scope: "target#2". Whether it is
 * one of the selected step, whose scope then goes without. */
static bool fact_selected(const struct evidence *e, struct fact *f, char *scope, size_t size)
{
    const char *mark = e->step ? strchr(f->scope, '#') : NULL;

    if (!mark)
        return true;
    if (strtoul(mark + 1, NULL, 10) != e->step->target)
        return false;
    (void)snprintf(scope, size, "%.*s", (int)(mark - f->scope), f->scope);
    f->scope = scope;
    return true;
}

int evidence_each_fact(struct evidence *e, fact_visit fn, void *ctx, struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    int r = table_select(&st, e->db, TABLE_FACT, err);

    while (r >= 0 && (r = sql_step(st, "read facts", err)) == 1) {
        struct fact f = {.scope = sql_text(st, 0),
                         .name = sql_text(st, 1),
                         .value = text_or_null(st, 2),
                         .unit = sql_text(st, 3),
                         .source = sql_text(st, 4),
                         .time_ns = time_or_none(st, 6)};
        char scope[40];

        if (known_parse(&f.known, sql_text(st, 5)) < 0)
            return err_set(err, -EBADMSG, "fact %s.%s: known is no provenance", f.scope, f.name);
        if (fact_selected(e, &f, scope, sizeof scope))
            r = fn(ctx, &f);
    }
    return r < 0 ? r : 0;
}

int evidence_each_note(struct evidence *e, note_visit fn, void *ctx, struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    int r = table_select(&st, e->db, TABLE_NOTE, err);

    while (r >= 0 && (r = sql_step(st, "read notes", err)) == 1)
        r = fn(ctx, time_or_none(st, 0), sql_text(st, 1), sql_text(st, 2));
    return r < 0 ? r : 0;
}

static int select_seconds(sqlite3_stmt **ret, sqlite3 *db, struct err *err)
{
    AUTO(str_release) struct str sql = {0};

    str_add(&sql, "SELECT trial, thread, start_ns");
    for (int f = 0; f < SECOND_FIELDS; f++)
        str_addf(&sql, ", %s", second_name((enum second_field)f));
    str_add(&sql, " FROM second WHERE trial >= ? AND trial < ?"
                  " ORDER BY trial, start_ns, thread");
    if (!str_ok(&sql))
        return err_set(err, -ENOMEM, "read seconds: out of memory");
    return sql_prepare(ret, db, sql.data, err);
}

int evidence_each_second(struct evidence *e, second_visit fn, void *ctx, struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    int64_t first = e->step ? e->step->first_trial : 0;
    int r = table_present(e->db, TABLE_SECOND, err);

    if (r <= 0)
        return r;
    r = select_seconds(&st, e->db, err);
    if (r == 0) {
        (void)sqlite3_bind_int64(st, 1, first);
        (void)sqlite3_bind_int64(st, 2, e->step ? first + e->step->trials : INT64_MAX);
    }
    while (r >= 0 && (r = sql_step(st, "read seconds", err)) == 1) {
        struct second s;

        if (second_read(&s, st) < 0)
            return err_set(err, -EBADMSG, "a second of thread %" PRId64 ": impossible values",
                           (int64_t)sqlite3_column_int64(st, 1));
        s.trial -= (uint32_t)first;
        r = fn(ctx, &s);
    }
    return r < 0 ? r : 0;
}

int evidence_each_connection(struct evidence *e, connection_visit fn, void *ctx, struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    int r = table_present(e->db, TABLE_CONNECTION, err);

    if (r <= 0)
        return r;
    r = table_select(&st, e->db, TABLE_CONNECTION, err);
    while (r >= 0 && (r = sql_step(st, "read connections", err)) == 1) {
        struct connection c;

        if (connection_read(&c, st) < 0)
            return err_set(err, -EBADMSG, "a connection of thread %" PRId64 ": impossible values",
                           (int64_t)sqlite3_column_int64(st, 1));
        if (e->step && c.trial - e->step->first_trial >= e->step->trials)
            continue;
        c.trial -= e->step ? e->step->first_trial : 0;
        r = fn(ctx, &c);
    }
    return r < 0 ? r : 0;
}
