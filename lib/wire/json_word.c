/* SPDX-License-Identifier: Apache-2.0 */
/* lib/wire/json_word.c - numbers and literals: collected first, understood when they end. */
#include "wire/json_parts.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool json_is_word(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '+' || c == '.';
}

static const char *skip_digits(const char *at)
{
    while (is_digit(*at))
        at++;
    return at;
}

/* The number grammar of RFC 8259, section 6. *@whole: neither fraction nor exponent. */
static bool is_number(const char *at, bool *whole)
{
    const char *digits = at + (*at == '-'), *end = skip_digits(digits);
    bool ok = end > digits && (*digits != '0' || end == digits + 1);

    *whole = *end == '\0';
    if (*end == '.') {
        digits = end + 1;
        end = skip_digits(digits);
        ok = ok && end > digits;
    }
    if (*end == 'e' || *end == 'E') {
        digits = end + 1 + (end[1] == '-' || end[1] == '+');
        end = skip_digits(digits);
        ok = ok && end > digits;
    }
    return ok && *end == '\0';
}

/* Up to 18 digits, which cannot overflow. */
static void set_short(struct json_scan *s)
{
    bool negative = s->word[0] == '-';
    int64_t n = 0;

    for (int i = negative; i < s->word_len; i++)
        n = n * 10 + (s->word[i] - '0');
    s->is_integer = true;
    s->integer = negative ? -n : n;
    s->number = negative && n == 0 ? -0.0 : (double)s->integer;
}

static void set_long(struct json_scan *s)
{
    errno = 0;
    s->integer = strtoll(s->word, NULL, 10);
    s->is_integer = errno == 0;
    s->number = strtod(s->word, NULL);
}

static void set_real(struct json_scan *s, double v)
{
    const double limit = 9007199254740992.0; /* 2^53: whole numbers are exact up to here */

    s->number = v;
    s->is_integer = v >= -limit && v <= limit && trunc(v) == v;
    s->integer = s->is_integer ? (int64_t)v : 0;
}

static enum json_token number(struct json_scan *s)
{
    bool whole;

    if (strcmp(s->word, "NaN") == 0)
        set_real(s, NAN);
    else if (strcmp(s->word, "Infinity") == 0)
        set_real(s, INFINITY);
    else if (strcmp(s->word, "-Infinity") == 0)
        set_real(s, -INFINITY);
    else if (!is_number(s->word, &whole))
        return json_bad(s, "neither a number nor true, false or null");
    else if (whole && s->word_len <= 18)
        set_short(s);
    else if (whole)
        set_long(s);
    else
        set_real(s, strtod(s->word, NULL));
    if (!s->is_integer)
        s->integer = 0;
    return JSON_NUMBER;
}

enum json_token json_word_end(struct json_scan *s)
{
    s->word[s->word_len] = '\0';
    json_after_value(s);
    if (strcmp(s->word, "null") == 0)
        return JSON_NULL;
    if (strcmp(s->word, "true") == 0)
        return JSON_TRUE;
    if (strcmp(s->word, "false") == 0)
        return JSON_FALSE;
    return number(s);
}

enum json_token json_word_take(struct json_scan *s, const char **at, const char *end)
{
    while (*at < end && json_is_word(**at)) {
        if (s->word_len == JSON_WORD - 1)
            return json_bad(s, "a number of more than 63 bytes");
        s->word[s->word_len++] = *(*at)++;
    }
    return *at < end ? json_word_end(s) : JSON_MORE;
}
