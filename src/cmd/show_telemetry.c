/* SPDX-License-Identifier: Apache-2.0 */
/* asrun show FILE telemetry: for machines every row, for people what each series came to. And
 * dispatch: what ran, in which phase. */
#include "analysis/telemetry_sums.h"
#include "cmd/show.h"

static int put_row(void *ctx, const struct series *s, const struct telemetry_row *row)
{
    const struct rows_value values[] = {rows_number(row->time_ns), rows_text(s->scope),
                                        rows_text(s->name),        rows_real(row->value),
                                        rows_text(s->unit),        rows_text(known_name(s->known)),
                                        rows_text(s->source)};

    return rows_put(ctx, values);
}

static int put_sum(struct rows *rows, const struct series_sum *sum)
{
    static const struct rows_value none = {0};
    const struct series *s = &sum->series;
    bool any = sum->rows > 0;
    const struct rows_value values[] = {rows_text(s->scope),
                                        rows_text(s->name),
                                        rows_text(s->unit),
                                        rows_text(known_name(s->known)),
                                        rows_number(sum->rows),
                                        any ? rows_real(sum->least) : none,
                                        any ? rows_real(sum->mean) : none,
                                        any ? rows_real(sum->most) : none,
                                        any ? rows_real(sum->last) : none,
                                        rows_text(s->source)};

    return rows_put(rows, values);
}

static int show_brief(const struct show *s, struct err *err)
{
    AUTO(telemetry_sums_release) struct telemetry_sums sums = {0};
    static const char *const columns[] = {"scope", "name", "unit", "known", "rows",
                                          "least", "mean", "most", "last",  "source"};
    static const int widths[] = {-14, -28, -6, -9, 6, 10, 10, 10, 10, -1};
    struct rows rows = {s->format, columns, COUNT_OF(columns), widths, 0};
    int r = telemetry_sums_read(&sums, s->evidence, false, err);

    rows_begin(&rows);
    for (size_t i = 0; i < sums.count && r == 0; i++)
        r = put_sum(&rows, &sums.items[i]);
    rows_end(&rows);
    return r;
}

int show_telemetry(const struct show *s, struct err *err)
{
    static const char *const columns[] = {"time_ns", "scope", "name",  "value",
                                          "unit",    "known", "source"};
    struct rows rows = {s->format, columns, COUNT_OF(columns), NULL, 0};
    int r;

    if (s->format == ROWS_TEXT)
        return show_brief(s, err);
    rows_begin(&rows);
    r = evidence_each_telemetry(s->evidence, EVIDENCE_ALL_SERIES, put_row, &rows, err);
    rows_end(&rows);
    return r;
}

static int put_dispatch(void *ctx, const struct dispatch_row *d)
{
    const struct rows_value values[] = {
        rows_text(d->phase),   rows_number((int64_t)d->samples), rows_maybe(d->time_ns, TIME_NONE),
        rows_text(d->library), rows_text(d->build_id),           rows_text(d->function)};

    return rows_put(ctx, values);
}

int show_dispatch(const struct show *s, struct err *err)
{
    static const char *const columns[] = {"phase",   "samples",  "time_ns",
                                          "library", "build_id", "function"};
    static const int widths[] = {-10, 9, 14, -24, -40, -1};
    struct rows rows = {s->format, columns, COUNT_OF(columns), widths, 0};
    int r;

    rows_begin(&rows);
    r = evidence_each_dispatch(s->evidence, put_dispatch, &rows, err);
    rows_end(&rows);
    return r;
}
