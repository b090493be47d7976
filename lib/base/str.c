/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool str_reserve(struct str *s, size_t more)
{
    size_t need = s->len + more + 1, cap = s->cap ? s->cap : 64;
    char *grown;

    if (s->failed)
        return false;
    if (need <= s->cap)
        return true;
    while (cap < need)
        cap *= 2;
    grown = realloc(s->data, cap);
    if (!grown) {
        s->failed = true;
        return false;
    }
    s->data = grown;
    s->cap = cap;
    return true;
}

void str_addn(struct str *s, const char *data, size_t n)
{
    if (!str_reserve(s, n))
        return;
    if (n)
        memcpy(s->data + s->len, data, n);
    s->len += n;
    s->data[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
    str_addn(s, text, strlen(text));
}

void str_addv(struct str *s, const char *fmt, va_list ap)
{
    va_list again;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0 || !str_reserve(s, (size_t)n))
        return;
    (void)vsnprintf(s->data + s->len, (size_t)n + 1, fmt, ap);
    s->len += (size_t)n;
}

void str_addf(struct str *s, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    str_addv(s, fmt, ap);
    va_end(ap);
}

void str_add_json(struct str *s, const char *text)
{
    str_addn(s, "\"", 1);
    for (const char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\')
            str_addf(s, "\\%c", *p);
        else if ((unsigned char)*p < 0x20)
            str_addf(s, "\\u%04x", (unsigned)(unsigned char)*p);
        else
            str_addn(s, p, 1);
    }
    str_addn(s, "\"", 1);
}

char *str_take(struct str *s)
{
    char *taken;

    str_addn(s, "", 0);
    if (s->failed)
        return NULL;
    taken = s->data;
    *s = (struct str){0};
    return taken;
}

void str_clear(struct str *s)
{
    s->len = 0;
    s->failed = false;
    if (s->data)
        s->data[0] = '\0';
}

void str_release(struct str *s)
{
    free(s->data);
    *s = (struct str){0};
}
