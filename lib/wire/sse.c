/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/wire/sse.c - a state machine over lines. Data is found by memchr and handed on in place; only
 * a field's name and the start of the event field's value are collected, in s->field.
 */
#include "wire/sse.h"
#include <string.h>

enum state {
    STATE_BOM = 0, /* at the stream's first bytes; field_len of the BOM's have matched */
    STATE_LINE,    /* at the first byte of a line */
    STATE_NAME,
    STATE_SPACE, /* behind "data:": one space is not data */
    STATE_DATA,
    STATE_EVENT_SPACE,
    STATE_EVENT,
    STATE_IGNORED, /* the rest of the line says nothing to us */
    STATE_BAD,
};

static const char bom[] = "\xef\xbb\xbf";

void sse_init(struct sse *s)
{
    *s = (struct sse){.state = STATE_BOM};
}

static enum sse_step bad(struct sse *s, const char *why)
{
    s->why = why;
    s->state = STATE_BAD;
    return SSE_BAD;
}

static bool field_is(const struct sse *s, const char *word)
{
    return s->field_len == strlen(word) && memcmp(s->field, word, s->field_len) == 0;
}

/* The line's data begin. Those of an earlier line are joined to them by a line feed. */
static enum sse_step begin_data(struct sse *s, struct span *piece)
{
    bool joined = s->in_event;

    s->in_event = true;
    piece->data = "\n";
    piece->len = 1;
    return joined ? SSE_DATA : SSE_MORE;
}

/* The name in s->field is complete, by a colon or by the end of its line. */
static enum sse_step end_name(struct sse *s, struct span *piece)
{
    bool data = field_is(s, "data"), event = field_is(s, "event");

    if (!data && !event && !field_is(s, "id") && !field_is(s, "retry"))
        return bad(s, "a line that is no field of Server-Sent Events");
    s->state = data ? STATE_SPACE : event ? STATE_EVENT_SPACE : STATE_IGNORED;
    s->field_len = 0;
    return data ? begin_data(s, piece) : SSE_MORE;
}

static void end_event_field(struct sse *s)
{
    s->is_error = field_is(s, "error");
}

/* A line has ended; @c is its CR or LF. */
static enum sse_step end_line(struct sse *s, char c, struct span *piece)
{
    enum sse_step step = SSE_MORE;

    s->skip_lf = c == '\r';
    if (s->state == STATE_LINE) { /* empty: the event ends */
        step = s->in_event ? SSE_DISPATCH : SSE_MORE;
        s->in_event = false;
        s->dispatched = true;
        return step;
    }
    if (s->state == STATE_NAME)
        step = end_name(s, piece);
    if (s->state == STATE_EVENT || s->state == STATE_EVENT_SPACE)
        end_event_field(s);
    if (s->state != STATE_BAD)
        s->state = STATE_LINE;
    return step;
}

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

/* From @at to the next CR or LF, or @end. */
static const char *find_line_end(const char *at, const char *end)
{
    const char *lf = memchr(at, '\n', (size_t)(end - at));
    const char *stop = lf ? lf : end;
    const char *cr = memchr(at, '\r', (size_t)(stop - at));

    return cr ? cr : stop;
}

static void take_bom(struct sse *s, const char **at)
{
    if (**at == bom[s->field_len]) {
        (*at)++;
        s->field_len++;
    } else if (s->field_len > 0) { /* began like one: then it is a name, and no good one */
        memcpy(s->field, bom, s->field_len);
        s->state = STATE_NAME;
        return;
    } else
        s->state = STATE_LINE;
    if (s->field_len == 3)
        s->state = STATE_LINE;
}

static enum sse_step take_name(struct sse *s, const char **at, struct span *piece)
{
    char c = *(*at)++;

    if (c == ':')
        return end_name(s, piece);
    if (is_line_end(c))
        return end_line(s, c, piece);
    if (s->field_len == sizeof s->field)
        return bad(s, "a line that is no field of Server-Sent Events");
    s->field[s->field_len++] = c;
    return SSE_MORE;
}

static enum sse_step take_line_start(struct sse *s, const char **at, const char *end,
                                     struct span *piece)
{
    char c = **at;

    s->field_len = 0;
    if (end - *at >= 6 && memcmp(*at, "data: ", 6) == 0) { /* nearly always */
        *at += 6;
        s->state = STATE_DATA;
        return begin_data(s, piece);
    }
    if (is_line_end(c)) {
        (*at)++;
        return end_line(s, c, piece);
    }
    *at += c == ':';
    s->state = c == ':' ? STATE_IGNORED : STATE_NAME;
    return SSE_MORE;
}

static enum sse_step take_value(struct sse *s, const char **at, const char *end, struct span *piece)
{
    const char *stop = find_line_end(*at, end);

    piece->data = *at;
    piece->len = (size_t)(stop - *at);
    *at = stop;
    if (piece->len > 0)
        return s->state == STATE_DATA ? SSE_DATA : SSE_MORE;
    (*at)++;
    return end_line(s, *stop, piece);
}

static enum sse_step take_event(struct sse *s, const char **at, struct span *piece)
{
    char c = *(*at)++;

    if (is_line_end(c))
        return end_line(s, c, piece);
    if (s->field_len < sizeof s->field)
        s->field[s->field_len++] = c;
    return SSE_MORE;
}

static void take_space(struct sse *s, const char **at)
{
    *at += **at == ' ';
    s->state = s->state == STATE_SPACE ? STATE_DATA : STATE_EVENT;
}

static enum sse_step advance(struct sse *s, const char **at, const char *end, struct span *piece)
{
    switch ((enum state)s->state) {
    case STATE_BOM:
        take_bom(s, at);
        return SSE_MORE;
    case STATE_LINE:
        return take_line_start(s, at, end, piece);
    case STATE_NAME:
        return take_name(s, at, piece);
    case STATE_SPACE:
    case STATE_EVENT_SPACE:
        take_space(s, at);
        return SSE_MORE;
    case STATE_DATA:
    case STATE_IGNORED:
        return take_value(s, at, end, piece);
    case STATE_EVENT:
        return take_event(s, at, piece);
    case STATE_BAD:
        return SSE_BAD;
    }
    return SSE_BAD;
}

enum sse_step sse_next(struct sse *s, const char **at, const char *end, struct span *piece)
{
    enum sse_step step = SSE_MORE;

    if (s->dispatched) /* is_error was the last event's */
        s->dispatched = s->is_error = false;
    if (s->state == STATE_BAD)
        return SSE_BAD;
    while (step == SSE_MORE && *at < end) {
        bool skip = s->skip_lf && **at == '\n';

        s->skip_lf = false;
        *at += skip;
        if (!skip)
            step = advance(s, at, end, piece);
    }
    return step;
}
