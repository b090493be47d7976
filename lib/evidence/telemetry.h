/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/evidence/telemetry.h - series, their rows and what was dispatched, from the moment that a
 * probe told them until the commit that writes them.
 */
#pragma once
#include "base/arena.h"
#include "evidence/table.h"
#include "record/dispatch.h"
#include "record/series.h"

enum { TELEMETRY_CELLS = 6, TELEMETRY_ROWS_MAX = 1 << 20 };

struct declared_series {
    uint32_t id;
    struct series series;
};

struct telemetry {
    struct arena words;
    struct declared_series *series;
    size_t series_count, series_cap;
    struct telemetry_row *rows;
    size_t row_count, row_cap;
    struct dispatch_row *dispatch;
    size_t dispatch_count, dispatch_cap;
};

/* Each copies; 0, -ENOMEM, and of rows -ENOBUFS: there would be more than TELEMETRY_ROWS_MAX. */
NODISCARD int telemetry_series(struct telemetry *t, uint32_t id, const struct series *s);
NODISCARD int telemetry_rows(struct telemetry *t, const struct telemetry_row *rows, size_t n);
NODISCARD int telemetry_dispatch(struct telemetry *t, const struct dispatch_row *row);
bool telemetry_waits(const struct telemetry *t);
/* The cells and the table of row @i of all, in the order of the tables; false: there is none. */
bool telemetry_cells(struct cell ret[TELEMETRY_CELLS], enum table *table, const struct telemetry *t,
                     size_t i);
void telemetry_release(struct telemetry *t); /* empty again */
