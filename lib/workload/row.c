/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/row.h"
#include "base/vec.h"
#include "wire/json.h"
#include "workload/profile.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum key { TIMESTAMP, INPUT, OUTPUT, IDS, SESSION, DELAY, ID, AFTER, OTHER, NO_KEY };

static const char *const keys[] = {
    "timestamp", "input_length", "output_length", "hash_ids", "session_id", "delay", "id", "after"};
static const char *const wants[] = {
    "milliseconds since the first row, not negative",
    "a whole number of tokens, 1 to 100000000",
    "a whole number of tokens, 1 to 100000000",
    "a list of whole numbers, 0 to 4294967295",
    "a text of 1 to 58 bytes, or a whole number",
    "milliseconds, not negative",
    "a whole number, 0 to 4294967295",
    "a list of whole numbers, 0 to 4294967295",
};

struct scan {
    struct row *row;
    struct json_scan json;
    const char *at, *end;
    unsigned seen; /* bit k: keys[k] has been read */
    int r;         /* -ENOMEM */
};

int row_bad(struct row *r, const char *key, const char *problem, const char *want)
{
    (void)snprintf(r->problem, sizeof r->problem, "%s%s%s", key, *key ? ": " : "", problem);
    (void)snprintf(r->want, sizeof r->want, "%s", want);
    return 0;
}

int row_set_tokens(struct row *r, int32_t *ret, const char *key, bool whole, double value)
{
    const char *problem = !whole                       ? "not a whole number"
                          : value < 0                  ? "negative"
                          : value < 1                  ? "zero"
                          : value > PROFILE_TOKENS_MAX ? "over 100000000"
                                                       : NULL;

    if (problem)
        return row_bad(r, key, problem, wants[INPUT]);
    *ret = (int32_t)value;
    return 1;
}

static enum json_token next(struct scan *s)
{
    enum json_token t = json_scan_next(&s->json, &s->at, s->end);

    return t == SCAN_MORE ? json_scan_end(&s->json) : t;
}

static int not_json(struct scan *s)
{
    char want[96];

    (void)snprintf(want, sizeof want, "one JSON object a line (%s)",
                   s->json.why ? s->json.why : "it ends too early");
    return row_bad(s->row, "", "not JSON", want);
}

/* Passes the rest of a value whose first token is @t. */
static int skip(struct scan *s, enum json_token t)
{
    int depth = s->json.depth - (t == SCAN_OBJECT_BEGIN || t == SCAN_ARRAY_BEGIN);

    while (t != SCAN_BAD && t != SCAN_DONE && (s->json.depth > depth || t == SCAN_STRING_PIECE))
        t = next(s);
    return t == SCAN_BAD || t == SCAN_DONE ? not_json(s) : 1;
}

static int read_time(struct scan *s, enum key key, enum json_token t)
{
    double ms = s->json.number;
    const char *problem = t != SCAN_NUMBER || !isfinite(ms) ? "not a number"
                          : ms < 0                          ? "negative"
                          : ms > ROW_MS_MAX                 ? "too large"
                                                            : NULL;

    if (problem)
        return row_bad(s->row, keys[key], problem, wants[key]);
    *(key == TIMESTAMP ? &s->row->at_ns : &s->row->delay_ns) = llround(ms * 1e6);
    return 1;
}

static int read_tokens(struct scan *s, enum key key, enum json_token t)
{
    int32_t *field = key == INPUT ? &s->row->input_tokens : &s->row->output_tokens;

    if (t != SCAN_NUMBER)
        return row_bad(s->row, keys[key], "not a number", wants[key]);
    return row_set_tokens(s->row, field, keys[key], s->json.is_integer,
                          s->json.is_integer ? (double)s->json.integer : 0);
}

static int read_session(struct scan *s, enum json_token t)
{
    struct row *r = s->row;
    bool text = t == SCAN_STRING && s->json.piece_len > 0 &&
                strlen(s->json.piece) == s->json.piece_len && s->json.piece_len < 59;

    if (!text && !(t == SCAN_NUMBER && s->json.is_integer))
        return row_bad(r, keys[SESSION], "not a name", wants[SESSION]);
    if (text)
        (void)snprintf(r->session, sizeof r->session, "%.58s", s->json.piece);
    else
        (void)snprintf(r->session, sizeof r->session, "%" PRId64, s->json.integer);
    return 1;
}

static int read_id(struct scan *s, enum json_token t)
{
    if (t != SCAN_NUMBER || !s->json.is_integer || s->json.integer < 0 ||
        s->json.integer > UINT32_MAX)
        return row_bad(s->row, keys[ID], "not an id", wants[ID]);
    s->row->id = s->json.integer;
    return 1;
}

static int add_id(struct row *row, enum key key, uint32_t id)
{
    return key == IDS ? VEC_PUSH(row->ids, row->id_count, row->id_cap, id)
                      : VEC_PUSH(row->after, row->after_count, row->after_cap, id);
}

static int read_ids(struct scan *s, enum key key, enum json_token t)
{
    if (t != SCAN_ARRAY_BEGIN)
        return row_bad(s->row, keys[key], "not a list", wants[key]);
    while ((t = next(s)) == SCAN_NUMBER && s->json.is_integer && s->json.integer >= 0 &&
           s->json.integer <= UINT32_MAX) {
        s->r = add_id(s->row, key, (uint32_t)s->json.integer);
        if (s->r < 0)
            return s->r;
    }
    if (t == SCAN_BAD || t == SCAN_DONE)
        return not_json(s);
    return t == SCAN_ARRAY_END ? 1 : row_bad(s->row, keys[key], "not a list of ids", wants[key]);
}

/* A key that ends with @t; longer ones than SCAN_PIECE are none of ours. */
static enum key read_key(struct scan *s, enum json_token t)
{
    enum key key = OTHER;

    for (enum key k = TIMESTAMP; k <= (s->row->waits ? AFTER : IDS); k++)
        if (t == SCAN_KEY && strcmp(s->json.piece, keys[k]) == 0)
            key = k;
    if (key == OTHER && !s->row->other[0])
        (void)snprintf(s->row->other, sizeof s->row->other, "%.40s", s->json.piece);
    while (t == SCAN_KEY_PIECE)
        t = next(s);
    return t == SCAN_KEY ? key : NO_KEY;
}

static int read_member(struct scan *s, enum json_token t)
{
    enum key key = read_key(s, t);

    if (key == NO_KEY)
        return not_json(s);
    if (key != OTHER && s->seen & 1u << key)
        return row_bad(s->row, keys[key], "given twice", "each key once");
    s->seen |= key == OTHER ? 0 : 1u << key;
    t = next(s);
    if (t == SCAN_BAD || t == SCAN_DONE)
        return not_json(s);
    switch (key) {
    case TIMESTAMP:
    case DELAY:
        return read_time(s, key, t);
    case INPUT:
    case OUTPUT:
        return read_tokens(s, key, t);
    case IDS:
    case AFTER:
        return read_ids(s, key, t);
    case SESSION:
        return read_session(s, t);
    case ID:
        return read_id(s, t);
    default:
        return skip(s, t);
    }
}

static int check_complete(struct scan *s)
{
    for (enum key k = TIMESTAMP; k < IDS; k++)
        if (!(s->seen & 1u << k))
            return row_bad(s->row, keys[k], "missing", wants[k]);
    return next(s) == SCAN_DONE ? 1 : not_json(s);
}

int row_parse(struct row *r, const char *text, size_t n)
{
    struct scan s = {.row = r, .at = text, .end = text + n};
    enum json_token t;
    int ok = 1;

    r->id_count = r->after_count = 0;
    r->id = -1;
    r->delay_ns = TIME_NONE;
    r->problem[0] = r->other[0] = r->session[0] = '\0';
    json_scan_init(&s.json);
    t = next(&s);
    if (t == SCAN_BAD || t == SCAN_DONE)
        return not_json(&s);
    if (t != SCAN_OBJECT_BEGIN)
        return row_bad(r, "", "not a JSON object", "one JSON object a line");
    while (ok > 0 && ((t = next(&s)) == SCAN_KEY || t == SCAN_KEY_PIECE))
        ok = read_member(&s, t);
    if (ok <= 0)
        return ok;
    return t == SCAN_OBJECT_END ? check_complete(&s) : not_json(&s);
}

void row_release(struct row *r)
{
    free(r->ids);
    free(r->after);
    *r = (struct row){0};
}
