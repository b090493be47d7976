/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/wire/json.h - a streaming JSON scanner for foreign bytes: no allocation, no recursion, any
 * split of the input gives the same tokens. The caller pulls them. Strings and keys come in decoded
 * pieces (escapes resolved, at most SCAN_PIECE bytes a piece, never half a character); a string of
 * up to SCAN_PIECE - 6 bytes is always one token. Numbers come whole.
 *
 * Strict RFC 8259 with these exceptions: Infinity, -Infinity and NaN are taken as numbers (other
 * tools write them); a lone surrogate escape, which the grammar allows but UTF-8 does not, becomes
 * U+FFFD; invalid UTF-8, nesting beyond SCAN_DEPTH and numbers of SCAN_WORD bytes are SCAN_BAD.
 *
 *   while ((token = json_scan_next(&s, &at, end)) != SCAN_MORE && token < SCAN_DONE) ...
 */
#pragma once
#include "base/base.h"

enum { SCAN_DEPTH = 64, SCAN_PIECE = 64, SCAN_WORD = 64 };

/* Not JSON_...: those names are jansson's, and base/json.h brings them. */
enum json_token {
    SCAN_MORE = 0, /* all bytes are taken */
    SCAN_OBJECT_BEGIN,
    SCAN_OBJECT_END,
    SCAN_ARRAY_BEGIN,
    SCAN_ARRAY_END,
    SCAN_KEY_PIECE,    /* more of a key follows in the next token */
    SCAN_KEY,          /* last (or only) piece of a key */
    SCAN_STRING_PIECE, /* more of the string follows */
    SCAN_STRING,       /* last (or only) piece; may be empty */
    SCAN_NUMBER,       /* number; is_integer and integer where it is whole and fits */
    SCAN_TRUE,
    SCAN_FALSE,
    SCAN_NULL,
    SCAN_DONE, /* in place of SCAN_MORE once the value is complete; only white space may follow */
    SCAN_BAD,  /* @why; stays bad */
};

struct json_scan {
    char piece[SCAN_PIECE + 1]; /* NUL-terminated; piece_len counts embedded NULs */
    size_t piece_len;
    double number;   /* nearest; infinite beyond its range */
    int64_t integer; /* of 12, and of 12.0 and 1.2e1 up to 2^53; -0 is 0 */
    bool is_integer;
    const char *why; /* static text */
    int depth;       /* counts the container of a BEGIN, no longer that of an END */
    /* private */
    uint8_t state;
    bool is_key;                            /* the string being read */
    bool given;                             /* the piece has been given out: start a new one */
    uint8_t utf8_left, utf8_low, utf8_high; /* bytes to come; bounds of the next one */
    uint8_t unit_digits;                    /* of a \u escape */
    uint16_t unit, high;                    /* its value; a high surrogate waiting for a low one */
    uint8_t word_len;
    uint64_t in_object; /* bit d: level d + 1 is an object */
    char word[SCAN_WORD];
};

void json_scan_init(struct json_scan *s);
/* Takes bytes from *@at up to @end until there is a token to report. */
enum json_token json_scan_next(struct json_scan *s, const char **at, const char *end);
/* The input has ended: SCAN_DONE if a complete value was read (a bare number or literal ends here:
 * its token first, SCAN_DONE at the next call), else SCAN_BAD. */
enum json_token json_scan_end(struct json_scan *s);
