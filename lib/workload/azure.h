/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/workload/azure.h - rows of the Azure LLM inference traces: CSV with the columns TIMESTAMP,
 * ContextTokens and GeneratedTokens, in any order; times without a zone (2023) or with one (2024).
 */
#pragma once
#include "workload/csv.h"
#include "workload/row.h"

struct azure {
    size_t time, input, output; /* columns */
    size_t columns;
    int zone;          /* -1: not known yet, 0: times have none, 1: they have one */
    char ignored[256]; /* names of other columns */
};

/* Reads the line of column names. -EINVAL. */
NODISCARD int azure_columns(struct azure *ret, char *line, size_t n, const char *where,
                            struct err *err);
/* As row_parse(); splits @line in place. Times count from 1970. */
int azure_parse(struct azure *a, struct row *r, char *line, size_t n);
/* "2023-11-16 18:15:46.6805900", also with T, Z or an offset: ns since 1970; *@zone as above.
 * -EINVAL. */
NODISCARD int azure_time(int64_t *ret_ns, int *zone, const char *text);
