/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/table.h"
#include "base/str.h"
#include "evidence/columns.h"
#include "evidence/connections.h"
#include "evidence/seconds.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PART_COLUMNS "sample, part, first_index, events, blob"
#define PART_TYPES                                                                                 \
    "sample INTEGER NOT NULL, part INTEGER NOT NULL, first_index INTEGER NOT NULL,"                \
    " events INTEGER NOT NULL, blob BLOB NOT NULL"

static const struct {
    const char *name;
    const char *columns; /* NULL: those of sample_columns, or of a wide table */
    size_t cells;
    const char *types; /* the columns as CREATE TABLE wants them, with constraints */
} tables[TABLE_COUNT_] = {
    [TABLE_META] = {"meta", "key, value", 2, "key TEXT NOT NULL UNIQUE, value TEXT NOT NULL"},
    [TABLE_TRIAL] = {"trial", "trial, start_ns, first, count, reset", 5,
                     "trial INTEGER NOT NULL UNIQUE, start_ns INTEGER NOT NULL,"
                     " first INTEGER NOT NULL, count INTEGER NOT NULL, reset TEXT NOT NULL"},
    [TABLE_TRIAL_END] = {"trial_end", "trial, end_ns, last_due_ns, outcome", 4,
                         "trial INTEGER NOT NULL UNIQUE, end_ns INTEGER, last_due_ns INTEGER,"
                         " outcome TEXT NOT NULL"},
    [TABLE_FACT] = {"fact", "scope, name, value, unit, source, known, time_ns", 7,
                    "scope TEXT NOT NULL, name TEXT NOT NULL, value TEXT, unit TEXT NOT NULL,"
                    " source TEXT NOT NULL, known TEXT NOT NULL, time_ns INTEGER"},
    [TABLE_NOTE] = {"note", "time_ns, kind, text", 3,
                    "time_ns INTEGER, kind TEXT NOT NULL, text TEXT NOT NULL"},
    [TABLE_SAMPLE] = {"sample", NULL, SAMPLE_COLUMNS, NULL},
    [TABLE_EVENT_PART] = {"event_part", PART_COLUMNS, 5, PART_TYPES},
    [TABLE_SECOND] = {"second", NULL, SECOND_CELLS, NULL},
    [TABLE_CONNECTION] = {"connection", NULL, CONNECTION_CELLS, NULL},
    [TABLE_WIRE_SAMPLE] = {"wire_sample", NULL, SAMPLE_COLUMNS, NULL},
    [TABLE_WIRE_PART] = {"wire_part", PART_COLUMNS, 5, PART_TYPES},
    [TABLE_SERIES] = {"series", "id, scope, name, unit, known, source", 6,
                      "id INTEGER NOT NULL UNIQUE, scope TEXT NOT NULL, name TEXT NOT NULL,"
                      " unit TEXT NOT NULL, known TEXT NOT NULL, source TEXT NOT NULL"},
    [TABLE_TELEMETRY] = {"telemetry", "series, time_ns, value", 3,
                         "series INTEGER NOT NULL, time_ns INTEGER NOT NULL, value REAL NOT NULL"},
    [TABLE_DISPATCH] = {"dispatch", "phase, library, build_id, function, samples, time_ns", 6,
                        "phase TEXT NOT NULL, library TEXT NOT NULL, build_id TEXT NOT NULL,"
                        " function TEXT NOT NULL, samples INTEGER NOT NULL, time_ns INTEGER"},
};

static const char *second_column(int f)
{
    return second_name((enum second_field)f);
}

static const char *connection_column(int f)
{
    return connection_name((enum connection_field)f);
}

/* Tables whose rows come through the rings in parts: trial, thread, a time, and their fields. */
static const struct wide {
    const char *time, *constraint;
    int fields;
    const char *(*name)(int field);
} wide[TABLE_COUNT_] = {
    [TABLE_SECOND] = {"start_ns", ", UNIQUE (thread, start_ns)", SECOND_FIELDS, second_column},
    [TABLE_CONNECTION] = {"closed_ns", "", CONNECTION_FIELDS, connection_column},
};

static const char other_tables[] =
    "CREATE TABLE pending (sample INTEGER PRIMARY KEY, ring INTEGER NOT NULL,"
    " packed_to INTEGER NOT NULL, state BLOB NOT NULL);"
    "CREATE TABLE spool_pos (ring INTEGER PRIMARY KEY, position INTEGER NOT NULL,"
    " lost INTEGER NOT NULL);"
    "CREATE VIEW self_test AS SELECT name, value, unit, known, source FROM fact"
    " WHERE scope = 'self_test';"
    "CREATE VIEW trials AS SELECT trial, start_ns, end_ns, last_due_ns, first, count,"
    " coalesce(outcome, 'running') AS outcome, reset FROM trial LEFT JOIN trial_end USING (trial);"
    "CREATE VIEW step AS SELECT CAST(substr(key, 6) AS INTEGER) AS step,"
    " json_extract(value, '$.overrides') AS overrides, json_extract(value, '$.first') AS first,"
    " json_extract(value, '$.count') AS count, json_extract(value, '$.first_trial') AS first_trial,"
    " json_extract(value, '$.trials') AS trials, json_extract(value, '$.target') AS target,"
    " json_extract(value, '$.why') AS why, json_extract(value, '$.plan_digest') AS plan_digest,"
    " json_extract(value, '$.schedule_digest') AS schedule_digest,"
    " json_extract(value, '$.prompts_digest') AS prompts_digest"
    " FROM meta WHERE key GLOB 'step.[0-9]*' ORDER BY 1;";

const char *table_name(enum table t)
{
    return tables[t].name;
}

static bool has_samples(enum table t)
{
    return t == TABLE_SAMPLE || t == TABLE_WIRE_SAMPLE;
}

int table_sample_columns(size_t *ret, sqlite3 *db, enum table t, struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    char sql[64];
    int r, n;

    assert(has_samples(t));
    (void)snprintf(sql, sizeof sql, "SELECT * FROM %s LIMIT 0", tables[t].name);
    r = sql_prepare(&st, db, sql, err);

    if (r < 0)
        return r;
    n = sqlite3_column_count(st) - 1; /* without seq */
    if (n < SAMPLE_COLUMNS_FIRST)
        return err_set(err, -EBADMSG, "table %s has too few columns", tables[t].name);
    *ret = n < SAMPLE_COLUMNS ? (size_t)n : SAMPLE_COLUMNS;
    return 0;
}

/* Sets *@cells to how many columns were named. */
static int add_columns(size_t *cells, struct str *sql, sqlite3 *db, enum table t, struct err *err)
{
    int r = 0;

    *cells = tables[t].cells;
    if (has_samples(t))
        r = table_sample_columns(cells, db, t, err);
    else if (wide[t].fields)
        str_addf(sql, "trial, thread, %s", wide[t].time);
    else
        str_add(sql, tables[t].columns);
    for (int f = 0; f < wide[t].fields; f++)
        str_addf(sql, ", %s", wide[t].name(f));
    for (size_t i = 0; has_samples(t) && r == 0 && i < *cells; i++)
        str_addf(sql, "%s%s", i ? ", " : "", sample_columns[i].name);
    return r;
}

static void add_wide_types(struct str *sql, const struct wide *w)
{
    str_addf(sql, "trial INTEGER NOT NULL, thread INTEGER NOT NULL, %s INTEGER NOT NULL", w->time);
    for (int f = 0; f < w->fields; f++)
        str_addf(sql, ", %s INTEGER", w->name(f));
    str_add(sql, w->constraint);
}

static void add_sample_types(struct str *sql)
{
    for (size_t i = 0; i < SAMPLE_COLUMNS; i++)
        str_addf(sql, "%s%s %s%s", i ? ", " : "", sample_columns[i].name,
                 sample_columns[i].size == 0 ? "TEXT" : "INTEGER",
                 sample_columns[i].nullable ? "" : " NOT NULL");
}

/* For people: names instead of numbers, the order of samples --csv, then the rest. */
static void add_samples_view(struct str *sql)
{
    str_add(sql, "CREATE VIEW samples AS SELECT 'asrun-' || coalesce((SELECT value FROM meta WHERE"
                 " key = 'run_id'), '') || '-' || id AS request_id, trial, CASE outcome");
    for (int i = 0; i < OUTCOME_COUNT_; i++)
        str_addf(sql, " WHEN %d THEN '%s'", i, outcome_name((enum outcome)i));
    str_add(sql, " END AS outcome, due_ns, released_ns, connect_end_ns AS connect_ns, sent_ns,"
                 " first_byte_ns, first_content_ns, last_content_ns, end_ns, input_requested,"
                 " input_reported, output_requested, output_reported, id, connect_start_ns,"
                 " sent_last_ns, first_choice_ns, cached_reported, reuse_expected, content_events,"
                 " events, http_status, request_bytes, response_bytes, CASE finish");
    for (int i = FINISH_NONE; i <= FINISH_OTHER; i++)
        str_addf(sql, " WHEN %d THEN '%s'", i, finish_name((enum finish_reason)i));
    str_add(sql, " END AS finish, reused, resent, kernel, error, tls_end_ns, connection,"
                 " CASE hang_up WHEN 1 THEN 'events' WHEN 2 THEN 'time' END AS hang_up,"
                 " component, session, turn, sent_kernel_ns FROM sample ORDER BY id;");
}

static void add_table(struct str *sql, enum table t)
{
    str_addf(sql, "CREATE TABLE %s (seq INTEGER PRIMARY KEY, ", tables[t].name);
    if (has_samples(t))
        add_sample_types(sql);
    else if (wide[t].fields)
        add_wide_types(sql, &wide[t]);
    else
        str_add(sql, tables[t].types);
    str_add(sql, ");");
}

#define CHAIN_COLUMN "%s INTEGER NOT NULL DEFAULT 0"

static void add_chain(struct str *sql)
{
    str_add(sql, "CREATE TABLE chain (block INTEGER PRIMARY KEY, prev TEXT NOT NULL,"
                 " digest TEXT NOT NULL");
    for (enum table t = 0; t < TABLE_COUNT_; t++)
        str_addf(sql, ", " CHAIN_COLUMN, tables[t].name);
    str_add(sql, ");");
}

int table_create_all(sqlite3 *db, struct err *err)
{
    AUTO(str_release) struct str sql = {0};

    str_addf(&sql, "PRAGMA application_id = %d; PRAGMA user_version = %d;", EVIDENCE_APPLICATION_ID,
             EVIDENCE_FORMAT);
    for (enum table t = 0; t < TABLE_COUNT_; t++)
        add_table(&sql, t);
    add_chain(&sql);
    str_add(&sql, other_tables);
    add_samples_view(&sql);
    if (!str_ok(&sql))
        return err_set(err, -ENOMEM, "create tables: out of memory");
    return sql_exec(db, sql.data, "create tables", err);
}

int table_index(sqlite3 *db, struct err *err)
{
    return sql_exec(db,
                    "CREATE UNIQUE INDEX IF NOT EXISTS sample_by_id ON sample (id);"
                    "CREATE UNIQUE INDEX IF NOT EXISTS event_part_by_sample"
                    " ON event_part (sample, part);"
                    "CREATE UNIQUE INDEX IF NOT EXISTS wire_sample_by_id ON wire_sample (id);"
                    "CREATE UNIQUE INDEX IF NOT EXISTS wire_part_by_sample"
                    " ON wire_part (sample, part)",
                    "index tables", err);
}

int table_present(sqlite3 *db, enum table t, struct err *err)
{
    int64_t n = 0;
    char sql[96];
    int r;

    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM sqlite_master WHERE name = '%s'",
                   tables[t].name);
    r = sql_int(&n, db, sql, err);
    return r < 0 ? r : n > 0;
}

/* 1: it was missing; adds what makes it. */
static int add_missing(struct str *sql, sqlite3 *db, enum table t, struct err *err)
{
    int r = table_present(db, t, err);

    if (r != 0)
        return r < 0 ? r : 0;
    add_table(sql, t);
    str_addf(sql, "ALTER TABLE chain ADD COLUMN " CHAIN_COLUMN ";", tables[t].name);
    return 1;
}

int table_upgrade(sqlite3 *db, struct err *err)
{
    AUTO(str_release) struct str sql = {0};
    int r = 0, missing = 0;

    str_add(&sql, "BEGIN IMMEDIATE;");
    for (enum table t = TABLE_SECOND; t < TABLE_COUNT_ && r >= 0; t++) {
        r = add_missing(&sql, db, t, err);
        missing += r;
    }
    if (r < 0 || missing == 0)
        return r < 0 ? r : 0;
    str_add(&sql, "COMMIT");
    if (!str_ok(&sql))
        return err_set(err, -ENOMEM, "upgrade tables: out of memory");
    return sql_exec(db, sql.data, "upgrade tables", err);
}

int table_insert(sqlite3_stmt **ret, sqlite3 *db, enum table t, struct err *err)
{
    AUTO(str_release) struct str sql = {0};
    size_t cells;
    int r;

    str_addf(&sql, "INSERT INTO %s (", tables[t].name);
    r = add_columns(&cells, &sql, db, t, err);
    if (r < 0)
        return r;
    str_add(&sql, ") VALUES (");
    for (size_t i = 0; i < cells; i++)
        str_add(&sql, i ? ", ?" : "?");
    str_add(&sql, ")");
    if (!str_ok(&sql))
        return err_set(err, -ENOMEM, "insert into %s: out of memory", tables[t].name);
    return sql_prepare(ret, db, sql.data, err);
}

int table_insert_chain(sqlite3_stmt **ret, sqlite3 *db, struct err *err)
{
    AUTO(str_release) struct str sql = {0};

    str_add(&sql, "INSERT INTO chain (block, prev, digest");
    for (enum table t = 0; t < TABLE_COUNT_; t++)
        str_addf(&sql, ", %s", tables[t].name);
    str_add(&sql, ") VALUES (?, ?, ?");
    for (enum table t = 0; t < TABLE_COUNT_; t++)
        str_add(&sql, ", ?");
    str_add(&sql, ")");
    if (!str_ok(&sql))
        return err_set(err, -ENOMEM, "insert into chain: out of memory");
    return sql_prepare(ret, db, sql.data, err);
}

int table_select(sqlite3_stmt **ret, sqlite3 *db, enum table t, struct err *err)
{
    AUTO(str_release) struct str sql = {0};
    size_t cells;
    int r;

    str_add(&sql, "SELECT ");
    r = add_columns(&cells, &sql, db, t, err);
    if (r < 0)
        return r;
    str_addf(&sql, " FROM %s ORDER BY seq", tables[t].name);
    if (!str_ok(&sql))
        return err_set(err, -ENOMEM, "read %s: out of memory", tables[t].name);
    return sql_prepare(ret, db, sql.data, err);
}

struct cell cell_int(int64_t v)
{
    return (struct cell){.type = SQLITE_INTEGER, .number = v};
}

struct cell cell_time(int64_t ns)
{
    return ns == TIME_NONE ? (struct cell){.type = SQLITE_NULL} : cell_int(ns);
}

struct cell cell_text(const char *text)
{
    if (!text)
        return (struct cell){.type = SQLITE_NULL};
    return (struct cell){.type = SQLITE_TEXT, .data = text, .len = strlen(text)};
}

struct cell cell_real(double v)
{
    assert(isfinite(v));
    return (struct cell){.type = SQLITE_FLOAT, .real = v + 0.0};
}

struct cell cell_blob(const void *data, size_t len)
{
    return (struct cell){.type = SQLITE_BLOB, .data = data, .len = len};
}

/* Binding fails only for want of memory, and then the step that follows fails or its row is NULL
 * where NULL is not allowed; text and blobs outlive the step, so nothing is copied. */
void cell_bind(sqlite3_stmt *st, int index, const struct cell *c)
{
    if (c->type == SQLITE_INTEGER)
        (void)sqlite3_bind_int64(st, index, c->number);
    else if (c->type == SQLITE_FLOAT)
        (void)sqlite3_bind_double(st, index, c->real);
    else if (c->type == SQLITE_TEXT)
        (void)sqlite3_bind_text64(st, index, c->data, c->len, SQLITE_STATIC, SQLITE_UTF8);
    else if (c->type == SQLITE_BLOB)
        (void)sqlite3_bind_blob64(st, index, c->data, c->len, SQLITE_STATIC);
    else
        (void)sqlite3_bind_null(st, index);
}

struct cell cell_read(sqlite3_stmt *st, int column)
{
    struct cell c = {.type = sqlite3_column_type(st, column)};

    if (c.type == SQLITE_INTEGER) {
        c.number = sqlite3_column_int64(st, column);
    } else if (c.type == SQLITE_FLOAT) {
        c.real = sqlite3_column_double(st, column);
    } else if (c.type == SQLITE_TEXT || c.type == SQLITE_BLOB) {
        c.data = c.type == SQLITE_TEXT ? (const void *)sqlite3_column_text(st, column)
                                       : sqlite3_column_blob(st, column);
        c.len = (size_t)sqlite3_column_bytes(st, column);
    }
    return c;
}

void sample_cells(struct cell *ret, const struct sample *s)
{
    for (size_t i = 0; i < SAMPLE_COLUMNS; i++) {
        const struct column *c = &sample_columns[i];

        if (c->size == 0) {
            ret[i] = cell_text(s->error);
            continue;
        } /* not by whole cells: copying those took a tenth of the recorder's time */
        ret[i].number = column_get(c, s);
        ret[i].type = c->nullable && ret[i].number == c->none ? SQLITE_NULL : SQLITE_INTEGER;
    }
}

static int read_error(struct sample *s, sqlite3_stmt *st, int column)
{
    struct cell c = cell_read(st, column);

    if (c.type != SQLITE_TEXT || !c.data || c.len >= sizeof s->error)
        return -EBADMSG;
    memcpy(s->error, c.data, c.len);
    s->error[c.len] = '\0';
    return 0;
}

int sample_read(struct sample *ret, sqlite3_stmt *st)
{
    struct sample s = {0};

    for (int i = 0; i < SAMPLE_COLUMNS; i++) {
        const struct column *c = &sample_columns[i];
        int type = sqlite3_column_type(st, i), r;

        if (c->size == 0)
            r = read_error(&s, st, i);
        else if (type == SQLITE_NULL && c->nullable)
            r = column_set(c, &s, c->none);
        else
            r = type == SQLITE_INTEGER ? column_set(c, &s, sqlite3_column_int64(st, i)) : -EBADMSG;
        if (r < 0)
            return r;
    }
    *ret = s;
    return s.outcome < OUTCOME_COUNT_ && s.finish <= FINISH_OTHER && s.hang_up <= HANG_UP_TIME
               ? 0
               : -EBADMSG;
}
