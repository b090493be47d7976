/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/workload/csv.h - one CSV record out of one line (RFC 4180, but a quoted field never spans
 * lines: in a trace of numbers an unclosed quote must not swallow the rows after it).
 */
#pragma once
#include "base/base.h"

enum { CSV_FIELDS = 64 };

struct csv {
    char *field[CSV_FIELDS]; /* NUL-terminated, into the line */
    size_t count;
};

/* Splits @line in place (line[n] is its NUL). NULL, or why it is no record. */
const char *csv_split(struct csv *ret, char *line, size_t n);
