/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/wire/json.h - a streaming JSON scanner for foreign bytes: no allocation, no recursion, any
 * split of the input. The caller pulls tokens. Strings and keys come in decoded pieces (escapes
 * resolved, at most JSON_PIECE bytes a piece); numbers whole. Infinity, -Infinity and NaN are
 * taken as numbers (other tools write them). Nesting is limited to JSON_DEPTH.
 */
#pragma once
#include "base/base.h"

enum { JSON_DEPTH = 64, JSON_PIECE = 64 };

enum json_token {
    JSON_MORE = 0, /* all bytes are taken */
    JSON_OBJECT_BEGIN,
    JSON_OBJECT_END,
    JSON_ARRAY_BEGIN,
    JSON_ARRAY_END,
    JSON_KEY_PIECE,    /* more of a key follows in the next token */
    JSON_KEY,          /* last (or only) piece of a key */
    JSON_STRING_PIECE, /* more of the string follows */
    JSON_STRING,       /* last (or only) piece; may be empty */
    JSON_NUMBER,       /* number; is_integer and integer where it fits int64 exactly */
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL,
    JSON_DONE, /* one complete value has been read; only white space may follow */
    JSON_BAD,  /* @why; stays bad */
};

struct json_scan {
    char piece[JSON_PIECE + 1]; /* NUL-terminated; piece_len counts embedded NULs */
    size_t piece_len;
    double number;
    int64_t integer;
    bool is_integer;
    const char *why;
    int depth;
    /* private */
    uint8_t state, after, literal, escape;
    uint8_t utf8_left;
    uint16_t unit, high; /* \u escapes */
    uint64_t in_object;  /* bit d: level d is an object */
    size_t literal_at;
    char digits[40];
};

void json_scan_init(struct json_scan *s);
/* Takes bytes from *@at up to @end until there is a token to report. */
enum json_token json_scan_next(struct json_scan *s, const char **at, const char *end);
/* The input has ended: JSON_DONE if a complete value was read (a bare number ends here: JSON_NUMBER
 * first), else JSON_BAD. */
enum json_token json_scan_end(struct json_scan *s);
