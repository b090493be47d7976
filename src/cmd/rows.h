/* SPDX-License-Identifier: Apache-2.0 */
/* src/cmd/rows.h - rows of a table on stdout, as CSV, as JSON, or in columns for people. */
#pragma once
#include "base/base.h"

enum rows_format { ROWS_TEXT, ROWS_CSV, ROWS_JSON };

struct rows_value { /* @text, or the number, or nothing */
    const char *text;
    int64_t number;
    double real; /* in place of @number */
    bool present, is_real;
};

struct rows {
    enum rows_format format;
    const char *const *columns;
    size_t column_count;
    const int *widths; /* for people; negative: left */
    uint64_t count;
};

static inline struct rows_value rows_text(const char *text)
{
    return (struct rows_value){.text = text, .present = text != NULL};
}
static inline struct rows_value rows_number(int64_t v)
{
    return (struct rows_value){.number = v, .present = true};
}
/* Exact for machines, four digits for people; finite. */
static inline struct rows_value rows_real(double v)
{
    return (struct rows_value){.real = v, .present = true, .is_real = true};
}
/* Absent when @v is @none. */
static inline struct rows_value rows_maybe(int64_t v, int64_t none)
{
    return (struct rows_value){.number = v, .present = v != none};
}

void rows_begin(const struct rows *r);
/* -EIO: stdout can't be written any more. */
NODISCARD int rows_put(struct rows *r, const struct rows_value *values);
void rows_end(const struct rows *r);
