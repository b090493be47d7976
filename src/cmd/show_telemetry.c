/* SPDX-License-Identifier: Apache-2.0 */
/* asrun show FILE telemetry: for machines every row, for people what each series came to. And
 * dispatch: what ran, in which phase. */
#include "base/vec.h"
#include "cmd/show.h"
#include <stdlib.h>

struct sums { /* of one series */
    uint64_t count;
    double least, most, sum, last;
};

struct all_sums {
    struct sums *of; /* by the series' number */
    size_t count, cap;
};

static void all_sums_release(struct all_sums *a)
{
    free(a->of);
}

static int put_row(void *ctx, const struct series *s, const struct telemetry_row *row)
{
    const struct rows_value values[] = {rows_number(row->time_ns), rows_text(s->scope),
                                        rows_text(s->name),        rows_real(row->value),
                                        rows_text(s->unit),        rows_text(known_name(s->known)),
                                        rows_text(s->source)};

    return rows_put(ctx, values);
}

static int sum_row(void *ctx, const struct series *s, const struct telemetry_row *row)
{
    struct all_sums *a = ctx;
    struct sums *sums;

    (void)s;
    while (a->count <= row->series)
        if (VEC_PUSH(a->of, a->count, a->cap, (struct sums){0}) < 0)
            return -ENOMEM;
    sums = &a->of[row->series];
    sums->least = sums->count && sums->least < row->value ? sums->least : row->value;
    sums->most = sums->count && sums->most > row->value ? sums->most : row->value;
    sums->sum += row->value;
    sums->last = row->value;
    sums->count++;
    return 0;
}

struct brief {
    struct rows rows;
    struct all_sums sums;
};

static int put_brief(void *ctx, uint32_t id, const struct series *s)
{
    static const struct rows_value none = {0};
    struct brief *b = ctx;
    const struct sums *of = id < b->sums.count ? &b->sums.of[id] : NULL;
    bool any = of && of->count > 0;
    const struct rows_value values[] = {rows_text(s->scope),
                                        rows_text(s->name),
                                        rows_text(s->unit),
                                        rows_text(known_name(s->known)),
                                        rows_number(any ? (int64_t)of->count : 0),
                                        any ? rows_real(of->least) : none,
                                        any ? rows_real(of->sum / (double)of->count) : none,
                                        any ? rows_real(of->most) : none,
                                        any ? rows_real(of->last) : none,
                                        rows_text(s->source)};

    return rows_put(&b->rows, values);
}

static int show_brief(const struct show *s, struct err *err)
{
    static const char *const columns[] = {"scope", "name", "unit", "known", "rows",
                                          "least", "mean", "most", "last",  "source"};
    static const int widths[] = {-14, -28, -6, -9, 6, 10, 10, 10, 10, -1};
    struct brief b = {.rows = {s->format, columns, COUNT_OF(columns), widths, 0}};
    int r = evidence_each_telemetry(s->evidence, EVIDENCE_ALL_SERIES, sum_row, &b.sums, err);

    rows_begin(&b.rows);
    if (r == 0)
        r = evidence_each_series(s->evidence, put_brief, &b, err);
    rows_end(&b.rows);
    all_sums_release(&b.sums);
    return r == -ENOMEM ? err_set(err, r, "out of memory for telemetry") : r;
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
