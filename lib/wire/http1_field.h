/* SPDX-License-Identifier: Apache-2.0 */
/* lib/wire/http1_field.h - inside http1: the lines of a head, and what its fields mean. */
#pragma once
#include "wire/http1.h"

struct line {
    const char *text;
    size_t len;      /* bytes at text: at most what struct http1 can collect */
    size_t full_len; /* of the line as it came, LF excluded */
};

/* Cuts the CR that ends an uncut line; false if there is none. */
bool line_trim_cr(struct line *line);
/* No control characters but tabs. */
bool line_is_clean(const struct line *line);
/* NULL if @line is a header field by its form, else what is wrong (static text). */
const char *line_is_field(const struct line *line);
/* Reads one header field, not empty, into @p; NULL, or what is wrong (static text). */
const char *http1_field(struct http1 *p, const struct line *line);
