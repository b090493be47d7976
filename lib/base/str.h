/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/base/str.h - a growing text buffer for documents and messages.
 *
 * A failed allocation is sticky: later additions do nothing, and str_ok() at the end tells.
 * @data is always NUL-terminated once something was added (NULL before).
 */
#pragma once
#include "base/base.h"
#include <stdarg.h>

struct str {
    char *data;
    size_t len, cap;
    bool failed;
};

void str_add(struct str *s, const char *text);
void str_addn(struct str *s, const char *data, size_t n);
void str_addf(struct str *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
void str_addv(struct str *s, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
/* Adds @text as a JSON string literal, quotes included. */
void str_add_json(struct str *s, const char *text);
static inline bool str_ok(const struct str *s)
{
    return !s->failed;
}
/* Gives the text ("" if none) to the caller, who frees it; NULL if an addition failed. */
char *str_take(struct str *s);
void str_clear(struct str *s); /* keeps the memory */
void str_release(struct str *s);
DEFINE_AUTO_HELD(struct str, str_release)
