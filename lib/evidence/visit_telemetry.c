/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over what probes told: series, their rows, what was dispatched. */
#include "evidence/open.h"
#include "evidence/table.h"
#include <stdio.h>
#include <string.h>

static int read_series(struct series *ret, sqlite3_stmt *st, int first, struct err *err)
{
    struct series s = {.scope = sql_text(st, first),
                       .name = sql_text(st, first + 1),
                       .unit = sql_text(st, first + 2),
                       .source = sql_text(st, first + 4)};

    if (known_parse(&s.known, sql_text(st, first + 3)) < 0)
        return err_set(err, -EBADMSG, "series %s.%s: known is no provenance", s.scope, s.name);
    *ret = s;
    return 0;
}

static bool is_id(int64_t id)
{
    return id >= 0 && id < UINT32_MAX;
}

int evidence_each_series(struct evidence *e, series_visit fn, void *ctx, struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    int r = table_present(e->db, TABLE_SERIES, err);

    if (r <= 0)
        return r;
    r = table_select(&st, e->db, TABLE_SERIES, err);
    while (r >= 0 && (r = sql_step(st, "read series", err)) == 1) {
        int64_t id = sqlite3_column_int64(st, 0);
        struct series s;

        if (!is_id(id))
            return err_set(err, -EBADMSG, "series %" PRId64 ": no number of a series", id);
        r = read_series(&s, st, 1, err);
        if (r == 0)
            r = fn(ctx, (uint32_t)id, &s);
    }
    return r < 0 ? r : 0;
}

/* While the selected step's trials ran, or ever. */
static void window(int64_t *from, int64_t *to, const struct evidence *e)
{
    *from = e->step ? INT64_MAX : INT64_MIN;
    *to = evidence_until_ns(e);
    if (e->step && e->step_trial_count > 0)
        *from = e->step_trials[0].start_ns;
}

int evidence_each_telemetry(struct evidence *e, uint32_t series, telemetry_visit fn, void *ctx,
                            struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    bool all = series == EVIDENCE_ALL_SERIES;
    int64_t from, to;
    int r = table_present(e->db, TABLE_TELEMETRY, err);

    if (r <= 0)
        return r;
    r = sql_prepare(&st, e->db,
                    "SELECT t.series, t.time_ns, t.value, s.scope, s.name, s.unit, s.known,"
                    " s.source FROM telemetry t JOIN series s ON s.id = t.series"
                    " WHERE t.series BETWEEN ?1 AND ?2 AND t.time_ns BETWEEN ?3 AND ?4"
                    " ORDER BY t.time_ns, t.seq",
                    err);
    if (r < 0)
        return r;
    window(&from, &to, e);
    (void)sqlite3_bind_int64(st, 1, all ? 0 : series);
    (void)sqlite3_bind_int64(st, 2, all ? UINT32_MAX : series);
    (void)sqlite3_bind_int64(st, 3, from);
    (void)sqlite3_bind_int64(st, 4, to);
    while (r >= 0 && (r = sql_step(st, "read telemetry", err)) == 1) {
        struct telemetry_row row = {(uint32_t)sqlite3_column_int64(st, 0),
                                    sqlite3_column_int64(st, 1), sqlite3_column_double(st, 2)};
        struct series s;

        r = read_series(&s, st, 3, err);
        if (r == 0)
            r = fn(ctx, &s, &row);
    }
    return r < 0 ? r : 0;
}

/* Of a selected step only its trials, numbered from 0. */
static bool phase_selected(const struct evidence *e, const char **phase, char *own, size_t size)
{
    unsigned trial;

    if (!e->step)
        return true;
    if (sscanf(*phase, "trial %u", &trial) != 1 || trial < e->step->first_trial ||
        trial - e->step->first_trial >= e->step->trials)
        return false;
    (void)snprintf(own, size, "trial %u", trial - e->step->first_trial);
    *phase = own;
    return true;
}

int evidence_each_dispatch(struct evidence *e, dispatch_visit fn, void *ctx, struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    int r = table_present(e->db, TABLE_DISPATCH, err);

    if (r <= 0)
        return r;
    r = table_select(&st, e->db, TABLE_DISPATCH, err);
    while (r >= 0 && (r = sql_step(st, "read dispatch", err)) == 1) {
        struct dispatch_row row = {.phase = sql_text(st, 0),
                                   .library = sql_text(st, 1),
                                   .build_id = sql_text(st, 2),
                                   .function = sql_text(st, 3),
                                   .samples = (uint64_t)sqlite3_column_int64(st, 4),
                                   .time_ns = sqlite3_column_type(st, 5) == SQLITE_NULL
                                                  ? TIME_NONE
                                                  : sqlite3_column_int64(st, 5)};
        char phase[24];

        if (phase_selected(e, &row.phase, phase, sizeof phase))
            r = fn(ctx, &row);
    }
    return r < 0 ? r : 0;
}
