/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/wire/json_string.c - strings into UTF-8 pieces.
 *
 * Nearly all bytes are plain: ASCII, no quote, no backslash, no control character. They are looked
 * at and copied eight at a time. Everything else goes a byte at a time through the states of
 * enum json_state. A piece is given out before a character that might not fit, so none is cut;
 * ESCAPE_ROOM is the most an escape can add: U+FFFD for a lone surrogate before it, and itself.
 */
#include "wire/json_parts.h"
#include <endian.h>
#include <string.h>

enum { ESCAPE_ROOM = 6 };

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/* Bit 7 of each byte of @v that is zero, and of some bytes above the lowest of those. */
static uint64_t zeros(uint64_t v)
{
    return (v - EACH_BYTE(0x01)) & ~v & EACH_BYTE(0x80);
}

/* The number of plain bytes in front of the first other one among the eight at @v: 8 if none. The
 * tests may err above a hit, never below: the lowest bit that is set is right. */
static size_t plain_of_eight(uint64_t v)
{
    uint64_t control = (v - EACH_BYTE(0x20)) & ~v;
    uint64_t special = zeros(v ^ EACH_BYTE('"')) | zeros(v ^ EACH_BYTE('\\'));
    uint64_t hits = (control | special | v) & EACH_BYTE(0x80);

    return hits ? (size_t)__builtin_ctzll(hits) / 8 : 8;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Copies plain bytes, at most @n, and returns how many. May write beyond those, not beyond @n. */
static inline size_t copy_plain(char *to, const char *from, size_t n)
{
    size_t i = 0;

    for (uint64_t v; i + sizeof v <= n; i += sizeof v) {
        size_t plain;

        memcpy(&v, from + i, sizeof v);
        memcpy(to + i, &v, sizeof v);
        plain = plain_of_eight(le64toh(v));
        if (plain < sizeof v)
            return i + plain;
    }
    for (; i < n && is_plain((unsigned char)from[i]); i++)
        to[i] = from[i];
    return i;
}

static bool has_room(const struct json_scan *s, size_t n)
{
    return s->piece_len + n <= SCAN_PIECE;
}

static void put(struct json_scan *s, unsigned c)
{
    assert(has_room(s, 1));
    s->piece[s->piece_len++] = (char)c;
}

static void put_character(struct json_scan *s, uint32_t c)
{
    if (c < 0x80) {
        put(s, c);
    } else if (c < 0x800) {
        put(s, 0xc0 | c >> 6);
        put(s, 0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        put(s, 0xe0 | c >> 12);
        put(s, 0x80 | (c >> 6 & 0x3f));
        put(s, 0x80 | (c & 0x3f));
    } else {
        put(s, 0xf0 | c >> 18);
        put(s, 0x80 | (c >> 12 & 0x3f));
        put(s, 0x80 | (c >> 6 & 0x3f));
        put(s, 0x80 | (c & 0x3f));
    }
}

/* A high surrogate that no low one followed. */
static void put_lone_surrogate(struct json_scan *s)
{
    if (s->high)
        put_character(s, 0xfffd);
    s->high = 0;
}

static inline enum json_token give(struct json_scan *s, enum json_token token)
{
    s->piece[s->piece_len] = '\0';
    s->given = true;
    return token;
}

static enum json_token give_piece(struct json_scan *s)
{
    return give(s, s->is_key ? SCAN_KEY_PIECE : SCAN_STRING_PIECE);
}

/* @from is behind the closing quote. The colon of a key is taken too, if it is already there. */
static inline enum json_token end_string(struct json_scan *s, const char *from, const char **at,
                                         const char *end)
{
    bool colon = s->is_key && from < end && *from == ':';

    *at = from + colon;
    if (s->is_key)
        s->state = colon ? JSON_AT_VALUE : JSON_AT_COLON;
    else
        json_after_value(s);
    return give(s, s->is_key ? SCAN_KEY : SCAN_STRING);
}

/* RFC 3629, section 4: which bytes may follow a lead byte; 0 if @c is none. */
static size_t begin_utf8(struct json_scan *s, unsigned char c)
{
    size_t n = c >= 0xc2 && c <= 0xdf   ? 2
               : c >= 0xe0 && c <= 0xef ? 3
               : c >= 0xf0 && c <= 0xf4 ? 4
                                        : 0;

    s->utf8_low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    s->utf8_high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    return n;
}

static enum json_token take_lead_byte(struct json_scan *s, const char **at)
{
    unsigned char c = (unsigned char)**at;
    size_t n = begin_utf8(s, c);

    if (n == 0)
        return json_bad(s, "invalid UTF-8");
    if (!has_room(s, n))
        return give_piece(s);
    (*at)++;
    put(s, c);
    s->utf8_left = (uint8_t)(n - 1);
    s->state = JSON_AT_UTF8;
    return SCAN_MORE;
}

static enum json_token take_utf8(struct json_scan *s, unsigned char c)
{
    if (c < s->utf8_low || c > s->utf8_high)
        return json_bad(s, "invalid UTF-8");
    put(s, c);
    s->utf8_low = 0x80;
    s->utf8_high = 0xbf;
    if (--s->utf8_left == 0)
        s->state = JSON_AT_STRING;
    return SCAN_MORE;
}

/* A byte that is not plain, or the first behind a full piece. */
static enum json_token take_special(struct json_scan *s, const char **at, const char *end)
{
    unsigned char c = (unsigned char)**at;

    if (s->high && c != '\\') {
        if (!has_room(s, 3))
            return give_piece(s);
        put_lone_surrogate(s);
    }
    if (c == '"')
        return end_string(s, *at + 1, at, end);
    if (c < 0x20)
        return json_bad(s, "a control character in a string");
    if (c >= 0x80)
        return take_lead_byte(s, at);
    if (is_plain(c))
        return has_room(s, 1) ? SCAN_MORE : give_piece(s);
    if (!has_room(s, ESCAPE_ROOM))
        return give_piece(s);
    (*at)++;
    s->state = JSON_AT_ESCAPE;
    return SCAN_MORE;
}

static enum json_token take_escape(struct json_scan *s, char c)
{
    static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *name = c != '\0' ? strchr(names, c) : NULL;

    s->state = JSON_AT_UNIT;
    s->unit = s->unit_digits = 0;
    if (c == 'u')
        return SCAN_MORE;
    if (!name)
        return json_bad(s, "an unknown escape in a string");
    put_lone_surrogate(s);
    put(s, (unsigned char)meant[name - names]);
    s->state = JSON_AT_STRING;
    return SCAN_MORE;
}

static void end_unit(struct json_scan *s)
{
    bool is_high = s->unit >= 0xd800 && s->unit < 0xdc00;
    bool is_low = s->unit >= 0xdc00 && s->unit < 0xe000;

    s->state = JSON_AT_STRING;
    if (is_low && s->high) {
        put_character(s, 0x10000 + (((uint32_t)s->high & 0x3ff) << 10) + (s->unit & 0x3ff));
        s->high = 0;
        return;
    }
    put_lone_surrogate(s);
    if (is_high)
        s->high = s->unit;
    else
        put_character(s, is_low ? 0xfffd : s->unit);
}

static enum json_token take_unit(struct json_scan *s, char c)
{
    int lower = c | 0x20;
    int digit = c >= '0' && c <= '9'           ? c - '0'
                : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10
                                               : -1;

    if (digit < 0)
        return json_bad(s, "a \\u escape without four hexadecimal digits");
    s->unit = (uint16_t)(s->unit << 4 | digit);
    if (++s->unit_digits == 4)
        end_unit(s);
    return SCAN_MORE;
}

static enum json_token take_plain(struct json_scan *s, const char **at, const char *end)
{
    size_t room = SCAN_PIECE - s->piece_len, have = (size_t)(end - *at);
    size_t n = s->high ? 0 : copy_plain(s->piece + s->piece_len, *at, have < room ? have : room);

    s->piece_len += n;
    *at += n;
    return *at < end ? take_special(s, at, end) : SCAN_MORE;
}

enum json_token json_string_begin(struct json_scan *s, bool is_key, const char *from,
                                  const char **at, const char *end)
{
    size_t have = (size_t)(end - from);
    size_t n = copy_plain(s->piece, from, have < SCAN_PIECE ? have : SCAN_PIECE);

    s->is_key = is_key;
    s->piece_len = n;
    if (n < have && from[n] == '"') /* nearly always */
        return end_string(s, from + n + 1, at, end);
    *at = from + n;
    s->given = false;
    s->state = JSON_AT_STRING;
    return SCAN_MORE;
}

enum json_token json_string_take(struct json_scan *s, const char **at, const char *end)
{
    if (s->given) {
        s->piece_len = 0;
        s->given = false;
    }
    switch (s->state) {
    case JSON_AT_ESCAPE:
        return take_escape(s, *(*at)++);
    case JSON_AT_UNIT:
        return take_unit(s, *(*at)++);
    case JSON_AT_UTF8:
        return take_utf8(s, (unsigned char)*(*at)++);
    default:
        return take_plain(s, at, end);
    }
}
