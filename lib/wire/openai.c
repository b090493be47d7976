/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/wire/openai.c - one pass, no tree.
 *
 * Each container on the way to something that matters has a place; a key in a place names a field;
 * a value is taken by the field it belongs to. Places that do not matter have no names, so whatever
 * is in them falls through. Nothing that matters lies deeper than path[] reaches.
 */
#include "wire/openai.h"
#include <string.h>

enum mode { MODE_START = 0, MODE_JSON, MODE_DONE, MODE_BAD };

enum place {
    PLACE_ELSEWHERE = 0,
    PLACE_OUTSIDE, /* around the document */
    PLACE_TOP,
    PLACE_CHOICES,
    PLACE_CHOICE,
    PLACE_DELTA, /* and "message" */
    PLACE_PARTS, /* content as an array */
    PLACE_PART,
    PLACE_TOOLS,
    PLACE_USAGE,
    PLACE_DETAILS,
    PLACE_ERROR,
};

enum field {
    FIELD_NONE = 0,
    FIELD_DOCUMENT,
    FIELD_CHOICES,
    FIELD_CHOICE,
    FIELD_DELTA,
    FIELD_TEXT,
    FIELD_PART,
    FIELD_REASONING,
    FIELD_REASONING_CONTENT,
    FIELD_ROLE,
    FIELD_TOOLS,
    FIELD_TOOL,
    FIELD_FINISH,
    FIELD_USAGE,
    FIELD_DETAILS,
    FIELD_INPUT,
    FIELD_OUTPUT,
    FIELD_CACHED,
    FIELD_OBJECT,
    FIELD_ERROR,
    FIELD_ERROR_WORDS,
    FIELD_MESSAGE,
    FIELD_DETAIL,
    FIELDS,
};

struct name {
    const char *text;
    uint8_t len;
    uint8_t place;
    uint8_t field;
};

#define NAME(place, text, field)                                                                   \
    {                                                                                              \
        text, sizeof(text) - 1, PLACE_##place, FIELD_##field                                       \
    }

/* In the order of their places. */
static const struct name names[] = {
    NAME(TOP, "choices", CHOICES),
    NAME(TOP, "object", OBJECT),
    NAME(TOP, "usage", USAGE),
    NAME(TOP, "error", ERROR),
    NAME(TOP, "message", MESSAGE),
    NAME(TOP, "detail", DETAIL),
    NAME(CHOICE, "delta", DELTA),
    NAME(CHOICE, "finish_reason", FINISH),
    NAME(CHOICE, "text", TEXT),
    NAME(CHOICE, "message", DELTA),
    NAME(DELTA, "content", TEXT),
    NAME(DELTA, "role", ROLE),
    NAME(DELTA, "reasoning", REASONING),
    NAME(DELTA, "reasoning_content", REASONING_CONTENT),
    NAME(DELTA, "tool_calls", TOOLS),
    NAME(DELTA, "function_call", TOOL),
    NAME(PART, "text", TEXT),
    NAME(USAGE, "prompt_tokens", INPUT),
    NAME(USAGE, "completion_tokens", OUTPUT),
    NAME(USAGE, "prompt_tokens_details", DETAILS),
    NAME(DETAILS, "cached_tokens", CACHED),
    NAME(ERROR, "message", ERROR_WORDS),
};

/* The place that a field's object or array is. */
static const uint8_t object_place[FIELDS] = {
    [FIELD_DOCUMENT] = PLACE_TOP,    [FIELD_CHOICE] = PLACE_CHOICE, [FIELD_DELTA] = PLACE_DELTA,
    [FIELD_PART] = PLACE_PART,       [FIELD_USAGE] = PLACE_USAGE,   [FIELD_ERROR] = PLACE_ERROR,
    [FIELD_DETAILS] = PLACE_DETAILS,
};
static const uint8_t array_place[FIELDS] = {
    [FIELD_CHOICES] = PLACE_CHOICES,
    [FIELD_TEXT] = PLACE_PARTS,
    [FIELD_TOOLS] = PLACE_TOOLS,
};

void openai_begin(struct openai *o)
{
    o->event.kind = o->event.finish = 0;
    o->event.done = false;
    o->event.text_bytes = o->event.bytes = 0;
    o->event.input_tokens = o->event.output_tokens = o->event.cached_tokens = -1;
    o->event.error[0] = '\0';
    o->why = NULL;
    json_scan_init(&o->json);
    o->mode = MODE_START;
    o->done_len = 0;
    o->field = FIELD_DOCUMENT;
    o->path[0] = PLACE_OUTSIDE;
    o->cut = o->object_error = false;
    o->words_from = FIELD_NONE;
    o->words_len = 0;
    o->words_full = false;
    o->bytes = o->text_bytes = 0;
    o->reasoning_bytes[0] = o->reasoning_bytes[1] = 0;
}

static void fail(struct openai *o, const char *why)
{
    o->mode = MODE_BAD;
    o->why = why;
}

static uint8_t place_now(const struct openai *o)
{
    size_t depth = (size_t)o->json.depth;

    return depth < sizeof o->path ? o->path[depth] : PLACE_ELSEWHERE;
}

/* memcmp() would read the piece by wider loads than it was just stored with, and wait for them. */
static bool same_bytes(const char *a, const char *b, size_t n)
{
    size_t i = 0;

    while (i < n && a[i] == b[i])
        i++;
    return i == n;
}

#define LENGTH(n) (UINT32_C(1) << (n))

/* Where a place's names begin, and what lengths they have: most keys have another. */
static const struct {
    uint8_t from;
    uint32_t lengths;
} groups[] = {
    [PLACE_TOP] = {0, LENGTH(5) | LENGTH(6) | LENGTH(7)},
    [PLACE_CHOICE] = {6, LENGTH(4) | LENGTH(5) | LENGTH(7) | LENGTH(13)},
    [PLACE_DELTA] = {10, LENGTH(4) | LENGTH(7) | LENGTH(9) | LENGTH(10) | LENGTH(13) | LENGTH(17)},
    [PLACE_PART] = {16, LENGTH(4)},
    [PLACE_USAGE] = {17, LENGTH(13) | LENGTH(17) | LENGTH(21)},
    [PLACE_DETAILS] = {20, LENGTH(13)},
    [PLACE_ERROR] = {21, LENGTH(7)},
};

static uint8_t find_field(const struct openai *o)
{
    uint8_t place = place_now(o);
    size_t n = o->json.piece_len;

    if (n >= 32 || !(groups[place].lengths & LENGTH(n)))
        return FIELD_NONE;
    for (size_t i = groups[place].from; i < COUNT_OF(names) && names[i].place == place; i++)
        if (names[i].len == n && same_bytes(names[i].text, o->json.piece, n))
            return names[i].field;
    return FIELD_NONE;
}

/* Between a BEGIN or END and the next key: what an array's elements are. */
static uint8_t element_field(uint8_t place)
{
    return place == PLACE_CHOICES ? FIELD_CHOICE
           : place == PLACE_PARTS ? FIELD_PART
           : place == PLACE_TOOLS ? FIELD_TOOL
                                  : FIELD_NONE;
}

/* A value stands where a choice, a tool call or an error is expected (null, false and "" do not).
 */
static void note_presence(struct openai *o)
{
    static const uint8_t kinds[FIELDS] = {
        [FIELD_CHOICE] = OPENAI_CHOICES,
        [FIELD_TOOL] = OPENAI_TOOL,
        [FIELD_ERROR] = OPENAI_ERROR,
    };

    o->event.kind |= kinds[o->field];
}

static void enter(struct openai *o, const uint8_t *places)
{
    size_t depth = (size_t)o->json.depth;

    note_presence(o);
    if (depth < sizeof o->path)
        o->path[depth] = places[o->field];
    o->field = element_field(place_now(o));
}

static void count_text(struct openai *o, int64_t *total, uint8_t kind)
{
    *total += (int64_t)o->json.piece_len;
    o->event.kind |= o->json.piece_len > 0 ? kind : 0;
}

static uint8_t finish_of(const char *reason)
{
    static const struct {
        const char *reason;
        uint8_t finish;
    } known[] = {
        {"stop", 1},      {"length", 2},        {"tool_calls", 3},     {"function_call", 3},
        {"eos_token", 1}, {"stop_sequence", 1}, {"content_filter", 4},
    };

    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (strcmp(reason, known[i].reason) == 0)
            return known[i].finish;
    return 5;
}

static void take_finish(struct openai *o)
{
    if (!o->cut && o->json.piece_len == 0) /* some servers write "" where others write null */
        return;
    o->event.finish = o->cut ? 5 : finish_of(o->json.piece);
    o->event.kind |= OPENAI_FINISH;
}

/* An error's own words win over those of a "message" or "detail" beside it. */
static bool may_say(const struct openai *o)
{
    bool beside = o->field == FIELD_MESSAGE || o->field == FIELD_DETAIL;
    bool owned = o->words_from == FIELD_ERROR || o->words_from == FIELD_ERROR_WORDS;

    return !(beside && owned);
}

/* How many of the piece's bytes still fit, whole characters only. */
static size_t fitting(struct openai *o)
{
    size_t room = sizeof o->event.error - 1 - o->words_len, n = o->json.piece_len;

    if (o->words_full || n <= room)
        return o->words_full ? 0 : n;
    o->words_full = true;
    while (room > 0 && ((unsigned char)o->json.piece[room] & 0xc0) == 0x80)
        room--;
    return room;
}

static void take_words(struct openai *o)
{
    size_t n;

    if (!may_say(o))
        return;
    if (!o->cut) {
        o->words_len = 0;
        o->words_full = false;
    }
    o->words_from = o->field;
    n = fitting(o);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)o->json.piece[i];

        o->event.error[o->words_len++] = (char)(c < 0x20 || c == 0x7f ? ' ' : c);
    }
    o->event.error[o->words_len] = '\0';
}

/* Strings by their pieces; @last: this piece ends one. */
static void take_string(struct openai *o, bool last)
{
    switch ((enum field)o->field) {
    case FIELD_TEXT:
        count_text(o, &o->text_bytes, OPENAI_CONTENT);
        break;
    case FIELD_REASONING:
    case FIELD_REASONING_CONTENT:
        count_text(o, &o->reasoning_bytes[o->field - FIELD_REASONING], OPENAI_REASONING);
        break;
    case FIELD_ROLE:
        o->event.kind |= OPENAI_ROLE;
        break;
    case FIELD_FINISH:
        if (last)
            take_finish(o);
        break;
    case FIELD_OBJECT:
        o->object_error |=
            last && !o->cut && o->json.piece_len == 5 && memcmp(o->json.piece, "error", 5) == 0;
        break;
    case FIELD_DETAIL:
        o->object_error = true;
        take_words(o);
        break;
    case FIELD_ERROR:
    case FIELD_ERROR_WORDS:
    case FIELD_MESSAGE:
        take_words(o);
        break;
    default:
        break;
    }
    if (o->json.piece_len > 0)
        note_presence(o);
    o->cut = !last;
}

static void take_number(struct openai *o)
{
    int32_t *count = o->field == FIELD_INPUT    ? &o->event.input_tokens
                     : o->field == FIELD_OUTPUT ? &o->event.output_tokens
                     : o->field == FIELD_CACHED ? &o->event.cached_tokens
                                                : NULL;

    note_presence(o);
    if (!count || !o->json.is_integer || o->json.integer < 0 || o->json.integer > INT32_MAX)
        return;
    *count = (int32_t)o->json.integer;
    o->event.kind |= OPENAI_USAGE;
}

static void take_key(struct openai *o)
{
    o->field = o->cut ? FIELD_NONE : find_field(o);
    o->cut = false;
}

static void take_token(struct openai *o, enum json_token token)
{
    switch (token) {
    case SCAN_OBJECT_BEGIN:
        enter(o, object_place);
        break;
    case SCAN_ARRAY_BEGIN:
        enter(o, array_place);
        break;
    case SCAN_OBJECT_END:
    case SCAN_ARRAY_END:
        o->field = element_field(place_now(o));
        break;
    case SCAN_KEY_PIECE:
        o->cut = true;
        break;
    case SCAN_KEY:
        take_key(o);
        break;
    case SCAN_STRING_PIECE:
    case SCAN_STRING:
        take_string(o, token == SCAN_STRING);
        break;
    case SCAN_NUMBER:
        take_number(o);
        break;
    case SCAN_TRUE:
        note_presence(o);
        break;
    default: /* false and null are absent */
        break;
    }
}

static void feed_json(struct openai *o, const char *at, const char *end)
{
    enum json_token token;

    while ((token = json_scan_next(&o->json, &at, end)) != SCAN_MORE && token < SCAN_DONE) {
        if (o->field == FIELD_DOCUMENT && token != SCAN_OBJECT_BEGIN) {
            fail(o, "no JSON object");
            return;
        }
        take_token(o, token);
    }
    if (token == SCAN_BAD)
        fail(o, o->json.why);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void feed_done(struct openai *o, const char *at, const char *end)
{
    static const char done[] = "[DONE]";

    for (; at < end; at++) {
        if (o->done_len < 6 ? *at != done[o->done_len] : !is_space(*at)) {
            fail(o, "neither a JSON object nor [DONE]");
            return;
        }
        o->done_len += o->done_len < 6;
    }
}

void openai_feed(struct openai *o, const char *data, size_t n)
{
    const char *at = data, *end = data + n;

    o->bytes += (int64_t)n;
    if (o->mode == MODE_START) {
        while (at < end && is_space(*at))
            at++;
        if (at < end)
            o->mode = *at == '[' ? MODE_DONE : MODE_JSON;
    }
    if (o->mode == MODE_JSON)
        feed_json(o, at, end);
    else if (o->mode == MODE_DONE)
        feed_done(o, at, end);
}

static int32_t clamp(int64_t n)
{
    return (int32_t)i64_min(n, INT32_MAX);
}

static void settle(struct openai *o)
{
    struct openai_event *e = &o->event;

    e->bytes = clamp(o->bytes);
    e->text_bytes = clamp(o->text_bytes + i64_max(o->reasoning_bytes[0], o->reasoning_bytes[1]));
    if (e->kind & (OPENAI_CONTENT | OPENAI_REASONING | OPENAI_TOOL))
        e->kind &= (uint8_t)~OPENAI_ROLE;
    if (o->object_error && !(e->kind & OPENAI_CHOICES))
        e->kind |= OPENAI_ERROR;
    if (!(e->kind & OPENAI_ERROR))
        e->error[0] = '\0';
}

int openai_end(struct openai *o, struct openai_event *ret)
{
    if (o->mode == MODE_START)
        fail(o, "an empty event");
    if (o->mode == MODE_DONE && o->done_len < 6)
        fail(o, "neither a JSON object nor [DONE]");
    if (o->mode == MODE_JSON) {
        enum json_token token = json_scan_end(&o->json);

        if (token != SCAN_DONE)
            fail(o, token == SCAN_BAD ? o->json.why : "no JSON object");
    }
    if (o->mode == MODE_BAD)
        return -EBADMSG;
    o->event.done = o->mode == MODE_DONE;
    settle(o);
    *ret = o->event;
    return 0;
}
