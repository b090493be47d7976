/* SPDX-License-Identifier: Apache-2.0 */
/* Beside the invariance: jansson and this scanner agree on what JSON is, but for what
 * wire/json.h declares. */
#include "split.h"
#include "wire/json.h"
#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct json_scan scan;
static int depth;
static bool good;
static const char *why;

static void begin(struct seen *s)
{
    (void)s;
    json_scan_init(&scan);
    depth = 0;
}

static void see_text(struct seen *s, enum json_token token)
{
    DEMAND(scan.piece_len <= SCAN_PIECE && scan.piece[scan.piece_len] == '\0');
    DEMAND(token == SCAN_KEY || token == SCAN_STRING || scan.piece_len > SCAN_PIECE - 6);
    see_step(s, 'n', (int64_t)scan.piece_len); /* not only the text: the pieces are the same, too */
    see_payload(s, scan.piece, scan.piece_len);
}

static void see_number(struct seen *s)
{
    uint64_t bits;

    memcpy(&bits, &scan.number, sizeof bits);
    see_step(s, '#', (int64_t)bits);
    see_step(s, 'i', scan.is_integer);
    see_step(s, 'v', scan.integer);
    if (scan.is_integer)
        DEMAND((double)scan.integer == scan.number);
}

static void see_token(struct seen *s, enum json_token token)
{
    see_step(s, 't', token);
    depth += token == SCAN_OBJECT_BEGIN || token == SCAN_ARRAY_BEGIN;
    depth -= token == SCAN_OBJECT_END || token == SCAN_ARRAY_END;
    DEMAND(depth >= 0 && depth <= SCAN_DEPTH && depth == scan.depth);
    if (token >= SCAN_KEY_PIECE && token <= SCAN_STRING)
        see_text(s, token);
    if (token == SCAN_NUMBER)
        see_number(s);
}

static void feed(struct seen *s, const char *at, const char *end)
{
    enum json_token token;

    while ((token = json_scan_next(&scan, &at, end)) != SCAN_MORE && token < SCAN_DONE) {
        DEMAND(at <= end);
        see_token(s, token);
    }
    DEMAND(token == SCAN_BAD || at == end);
}

static void end(struct seen *s, size_t total)
{
    enum json_token token = json_scan_end(&scan);

    DEMAND((size_t)s->payload <= 3 * total);
    if (token < SCAN_DONE) {
        see_token(s, token);
        token = json_scan_end(&scan);
    }
    DEMAND(token == SCAN_DONE ? depth == 0 : token == SCAN_BAD && scan.why);
    see_step(s, 'e', token);
    good = token == SCAN_DONE;
    why = scan.why;
}

/* Where the two may differ: our bounds, its bounds, and what it does not take. */
static void agree_with_jansson(const char *text, size_t n)
{
    json_error_t e;
    json_t *j = json_loadb(text, n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);

    if (j && !good)
        DEMAND(strstr(why, "deeply") || strstr(why, "63 bytes"));
    if (!j && good)
        DEMAND(json_error_code(&e) == json_error_numeric_overflow ||
               json_error_code(&e) == json_error_null_byte_in_key || memmem(text, n, "\\u", 2) ||
               memchr(text, 'I', n) || memchr(text, 'N', n));
    json_decref(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct target target = {begin, feed, end};

    same_however_cut(&target, data, n);
    if (n > 0 && !memchr(data + 1, '\0', n - 1)) /* it takes a NUL for the end of the input */
        agree_with_jansson((const char *)data + 1, n - 1);
    return 0;
}
