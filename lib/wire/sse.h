/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/wire/sse.h - Server-Sent Events (WHATWG HTML, section 9.2), sans-I/O, nothing buffered: the
 * data of an event comes out in spans of the input, a dispatch ends it. CR, LF and CRLF end lines;
 * a leading BOM, comments, id, retry are passed over; several data lines are joined by "\n" (its
 * own span, static). A field name other than data, event, id, retry is SSE_BAD: the standard lets a
 * browser ignore it, but here it is a server that lost its framing. An event that the stream's end
 * cuts off is not dispatched (in_event tells).
 */
#pragma once
#include "wire/http1.h" /* struct span */

enum sse_step {
    SSE_MORE = 0, /* all bytes are taken */
    SSE_DATA,     /* piece: data bytes of the current event */
    SSE_DISPATCH, /* the current event is complete (only if it had data, if only an empty line) */
    SSE_BAD,      /* @why says what; given again */
};

struct sse {
    bool is_error; /* at SSE_DISPATCH: the event field said "error" */
    bool in_event; /* data has come that no dispatch has ended */
    const char *why;
    /* private */
    uint8_t state;
    uint8_t field_len; /* of the field name, or of the event field's value: counted to the size */
    bool skip_lf;      /* the line just ended with CR */
    bool dispatched;
    char field[8];
};

void sse_init(struct sse *s);
enum sse_step sse_next(struct sse *s, const char **at, const char *end, struct span *piece);
