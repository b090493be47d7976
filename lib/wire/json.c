/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/wire/json.c - structure here; strings in json_string.c, numbers and literals in json_word.c.
 *
 * A token's bytes are collected in the scanner before it is given, never read from the input twice.
 * That makes the tokens independent of how the input is cut. (Short numbers and null that lie whole
 * in the input are the exception: see json_word.c.)
 *
 * Functions on the way of most tokens take the position as a value beside the caller's *@at, which
 * they only write: reading it back from memory at each step was half of the time of a token.
 */
#include "wire/json_parts.h"

void json_scan_init(struct json_scan *s)
{
    s->piece_len = 0;
    s->number = 0;
    s->integer = 0;
    s->is_integer = false;
    s->why = NULL;
    s->depth = 0;
    s->state = JSON_AT_VALUE;
    s->given = false;
    s->high = 0;
    s->in_object = 0;
}

enum json_token json_bad(struct json_scan *s, const char *why)
{
    s->why = why;
    s->state = JSON_AT_BAD;
    return SCAN_BAD;
}

static bool in_object(const struct json_scan *s)
{
    return s->in_object >> (s->depth - 1) & 1;
}

static enum json_token open_container(struct json_scan *s, bool object)
{
    uint64_t bit;

    if (s->depth == SCAN_DEPTH)
        return json_bad(s, "nested too deeply");
    bit = UINT64_C(1) << s->depth++;
    s->in_object = object ? s->in_object | bit : s->in_object & ~bit;
    s->state = object ? JSON_AT_FIRST_KEY : JSON_AT_FIRST_ELEMENT;
    return object ? SCAN_OBJECT_BEGIN : SCAN_ARRAY_BEGIN;
}

static enum json_token close_container(struct json_scan *s)
{
    bool object = in_object(s);

    s->depth--;
    json_after_value(s);
    return object ? SCAN_OBJECT_END : SCAN_ARRAY_END;
}

static enum json_token begin_value(struct json_scan *s, const char *from, const char **at,
                                   const char *end)
{
    char c = *from;

    if (c == '"')
        return json_string_begin(s, false, from + 1, at, end);
    if (json_is_word(c))
        return json_word_begin(s, from, at, end);
    *at = from + 1;
    if (c == '{' || c == '[')
        return open_container(s, c == '{');
    if (c == ']' && s->state == JSON_AT_FIRST_ELEMENT)
        return close_container(s);
    return json_bad(s, "expected a value");
}

static enum json_token begin_key(struct json_scan *s, const char *from, const char **at,
                                 const char *end)
{
    if (*from == '"')
        return json_string_begin(s, true, from + 1, at, end);
    *at = from + 1;
    if (*from == '}' && s->state == JSON_AT_FIRST_KEY)
        return close_container(s);
    return json_bad(s, "expected a key");
}

/* Reached only if white space or the end of a read stands before the colon. */
static enum json_token take_colon(struct json_scan *s, char c)
{
    if (c != ':')
        return json_bad(s, "expected a colon");
    s->state = JSON_AT_VALUE;
    return SCAN_MORE;
}

/* Behind a comma. The key that nearly always follows at once needs no state between. */
static enum json_token after_comma(struct json_scan *s, const char *from, const char **at,
                                   const char *end)
{
    if (!in_object(s)) {
        s->state = JSON_AT_VALUE;
        return SCAN_MORE;
    }
    s->state = JSON_AT_KEY;
    return from < end && *from == '"' ? begin_key(s, from, at, end) : SCAN_MORE;
}

static enum json_token go_on(struct json_scan *s, const char *from, const char **at,
                             const char *end)
{
    *at = from + 1;
    if (*from == ',')
        return after_comma(s, from + 1, at, end);
    if (*from == (in_object(s) ? '}' : ']'))
        return close_container(s);
    return json_bad(s, "expected a comma or the end of the object or array");
}

static enum json_token take_structure(struct json_scan *s, const char *from, const char **at,
                                      const char *end)
{
    switch ((enum json_state)s->state) {
    case JSON_AT_VALUE:
    case JSON_AT_FIRST_ELEMENT:
        return begin_value(s, from, at, end);
    case JSON_AT_FIRST_KEY:
    case JSON_AT_KEY:
        return begin_key(s, from, at, end);
    case JSON_AT_COLON:
        *at = from + 1;
        return take_colon(s, *from);
    case JSON_AT_NEXT:
        return go_on(s, from, at, end);
    default:
        return json_bad(s, "more than one value");
    }
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* False: nothing but space was left. */
static bool skip_space(const char **at, const char *end)
{
    const char *from = *at;

    while (from < end && is_space(*from))
        from++;
    *at = from;
    return from < end;
}

enum json_token json_scan_next(struct json_scan *s, const char **at, const char *end)
{
    enum json_token token = SCAN_MORE;

    if (s->state == JSON_AT_BAD)
        return SCAN_BAD;
    while (token == SCAN_MORE && *at < end) {
        if (s->state >= JSON_AT_STRING)
            token = json_string_take(s, at, end);
        else if (s->state == JSON_AT_WORD)
            token = json_word_take(s, at, end);
        else
            token = skip_space(at, end) ? take_structure(s, *at, at, end) : SCAN_MORE;
    }
    return token == SCAN_MORE && s->state == JSON_AT_END ? SCAN_DONE : token;
}

enum json_token json_scan_end(struct json_scan *s)
{
    if (s->state == JSON_AT_BAD)
        return SCAN_BAD;
    if (s->state == JSON_AT_END)
        return SCAN_DONE;
    if (s->state == JSON_AT_WORD && s->depth == 0)
        return json_word_end(s);
    return json_bad(s, s->state == JSON_AT_VALUE && s->depth == 0 ? "no value"
                                                                  : "cut off inside a value");
}
