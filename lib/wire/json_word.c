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

static void set_whole(struct json_scan *s)
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
        set_real(s, (double)NAN);
    else if (strcmp(s->word, "Infinity") == 0)
        set_real(s, (double)INFINITY);
    else if (strcmp(s->word, "-Infinity") == 0)
        set_real(s, -(double)INFINITY);
    else if (!is_number(s->word, &whole))
        return json_bad(s, "neither a number nor true, false or null");
    else if (whole)
        set_whole(s);
    else
        set_real(s, strtod(s->word, NULL));
    if (!s->is_integer)
        s->integer = 0;
    return SCAN_NUMBER;
}

static bool word_is(const struct json_scan *s, const char *literal, size_t n)
{
    return s->word_len == n && memcmp(s->word, literal, n) == 0;
}

enum json_token json_word_end(struct json_scan *s)
{
    s->word[s->word_len] = '\0';
    json_after_value(s);
    if (word_is(s, "null", 4))
        return SCAN_NULL;
    if (word_is(s, "true", 4))
        return SCAN_TRUE;
    if (word_is(s, "false", 5))
        return SCAN_FALSE;
    return number(s);
}

static enum json_token short_number(struct json_scan *s, int64_t n)
{
    json_after_value(s);
    s->is_integer = true;
    s->integer = n;
    s->number = (double)n;
    return SCAN_NUMBER;
}

/* What most words are, null and short whole numbers, when they lie whole in the input: their token
 * and *@at behind them, or SCAN_MORE for the general way. */
static enum json_token take_short(struct json_scan *s, const char *from, const char **at,
                                  const char *end)
{
    const char *first = from;
    int64_t n = 0;

    if (end - from > 4 && memcmp(from, "null", 4) == 0 && !json_is_word(from[4])) {
        *at = from + 4;
        json_after_value(s);
        return SCAN_NULL;
    }
    while (from < end && is_digit(*from) && from - first < 18)
        n = n * 10 + (*from++ - '0');
    if (from == first || from == end || json_is_word(*from) || (*first == '0' && from > first + 1))
        return SCAN_MORE;
    *at = from;
    return short_number(s, n);
}

enum json_token json_word_begin(struct json_scan *s, const char *from, const char **at,
                                const char *end)
{
    enum json_token token = take_short(s, from, at, end);

    if (token != SCAN_MORE)
        return token;
    *at = from;
    s->word_len = 0;
    s->state = JSON_AT_WORD;
    return json_word_take(s, at, end);
}

enum json_token json_word_take(struct json_scan *s, const char **at, const char *end)
{
    const char *from = *at;
    size_t n = s->word_len;

    while (from < end && n < SCAN_WORD && json_is_word(*from))
        s->word[n++] = *from++;
    *at = from;
    if (n == SCAN_WORD)
        return json_bad(s, "a number of more than 63 bytes");
    s->word_len = (uint8_t)n;
    return from < end ? json_word_end(s) : SCAN_MORE;
}
