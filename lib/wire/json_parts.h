/* SPDX-License-Identifier: Apache-2.0 */
/* lib/wire/json_parts.h - inside json: what structure, strings and words share. */
#pragma once
#include "wire/json.h"

enum json_state {
    JSON_AT_VALUE = 0,
    JSON_AT_FIRST_KEY, /* behind '{': '}' may come instead */
    JSON_AT_KEY,
    JSON_AT_COLON,
    JSON_AT_FIRST_ELEMENT, /* behind '[': ']' may come instead */
    JSON_AT_NEXT,          /* behind a value inside a container */
    JSON_AT_END,           /* behind the outermost value */
    JSON_AT_BAD,
    JSON_AT_WORD,
    JSON_AT_STRING, /* this and the following: inside a string */
    JSON_AT_ESCAPE,
    JSON_AT_UNIT,
    JSON_AT_UTF8,
};

enum json_token json_bad(struct json_scan *s, const char *why);

static inline void json_after_value(struct json_scan *s)
{
    s->state = s->depth > 0 ? JSON_AT_NEXT : JSON_AT_END;
}

/* Of strings and keys; @from is behind the opening quote. Takes what there is of the rest and sets
 * *@at behind it. */
enum json_token json_string_begin(struct json_scan *s, bool is_key, const char *from,
                                  const char **at, const char *end);
/* Takes at least one byte unless it gives a token. */
enum json_token json_string_take(struct json_scan *s, const char **at, const char *end);

/* Words are numbers and literals: what is made of letters, digits, '-', '+', '.'. */
static inline bool json_is_word(char c)
{
    static const bool is_word[256] = {
        ['0' ... '9'] = true, ['a' ... 'z'] = true, ['A' ... 'Z'] = true,
        ['-'] = true,         ['+'] = true,         ['.'] = true,
    };

    return is_word[(unsigned char)c];
}

/* @from is at the first byte. Takes what there is of the word and sets *@at behind it. */
enum json_token json_word_begin(struct json_scan *s, const char *from, const char **at,
                                const char *end);
enum json_token json_word_take(struct json_scan *s, const char **at, const char *end);
enum json_token json_word_end(struct json_scan *s);
