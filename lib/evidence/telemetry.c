/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/telemetry.h"
#include "base/vec.h"
#include <math.h>
#include <stdlib.h>

int telemetry_series(struct telemetry *t, uint32_t id, const struct series *s)
{
    struct declared_series own = {id,
                                  {.scope = arena_strdup(&t->words, s->scope),
                                   .name = arena_strdup(&t->words, s->name),
                                   .unit = arena_strdup(&t->words, s->unit),
                                   .source = arena_strdup(&t->words, s->source),
                                   .known = s->known}};

    if (!own.series.scope || !own.series.name || !own.series.unit || !own.series.source)
        return -ENOMEM;
    return VEC_PUSH(t->series, t->series_count, t->series_cap, own);
}

int telemetry_rows(struct telemetry *t, const struct telemetry_row *rows, size_t n)
{
    if (n > TELEMETRY_ROWS_MAX || t->row_count > TELEMETRY_ROWS_MAX - n)
        return -ENOBUFS;
    if (vec_reserve((void **)&t->rows, &t->row_cap, t->row_count + n, sizeof *t->rows) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        assert(isfinite(rows[i].value));
        t->rows[t->row_count++] = rows[i];
    }
    return 0;
}

int telemetry_dispatch(struct telemetry *t, const struct dispatch_row *row)
{
    struct dispatch_row own = *row;

    own.phase = arena_strdup(&t->words, row->phase);
    own.library = arena_strdup(&t->words, row->library);
    own.build_id = arena_strdup(&t->words, row->build_id);
    own.function = arena_strdup(&t->words, row->function);
    if (!own.phase || !own.library || !own.build_id || !own.function)
        return -ENOMEM;
    return VEC_PUSH(t->dispatch, t->dispatch_count, t->dispatch_cap, own);
}

bool telemetry_waits(const struct telemetry *t)
{
    return t->series_count + t->row_count + t->dispatch_count > 0;
}

static void series_cells(struct cell *ret, const struct declared_series *s)
{
    ret[0] = cell_int(s->id);
    ret[1] = cell_text(s->series.scope);
    ret[2] = cell_text(s->series.name);
    ret[3] = cell_text(s->series.unit);
    ret[4] = cell_text(known_name(s->series.known));
    ret[5] = cell_text(s->series.source);
}

static void dispatch_cells(struct cell *ret, const struct dispatch_row *d)
{
    ret[0] = cell_text(d->phase);
    ret[1] = cell_text(d->library);
    ret[2] = cell_text(d->build_id);
    ret[3] = cell_text(d->function);
    ret[4] = cell_int((int64_t)d->samples);
    ret[5] = cell_time(d->time_ns);
}

bool telemetry_cells(struct cell ret[TELEMETRY_CELLS], enum table *table, const struct telemetry *t,
                     size_t i)
{
    if (i < t->series_count) {
        *table = TABLE_SERIES;
        series_cells(ret, &t->series[i]);
        return true;
    }
    i -= t->series_count;
    if (i < t->row_count) {
        *table = TABLE_TELEMETRY;
        ret[0] = cell_int(t->rows[i].series);
        ret[1] = cell_int(t->rows[i].time_ns);
        ret[2] = cell_real(t->rows[i].value);
        return true;
    }
    i -= t->row_count;
    if (i >= t->dispatch_count)
        return false;
    *table = TABLE_DISPATCH;
    dispatch_cells(ret, &t->dispatch[i]);
    return true;
}

void telemetry_release(struct telemetry *t)
{
    arena_release(&t->words);
    free(t->series);
    free(t->rows);
    free(t->dispatch);
    *t = (struct telemetry){0};
}
