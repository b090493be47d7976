/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/response.h - one response, from bytes to events and a verdict: HTTP framing, then SSE or
 * one JSON document, then what each event carries. Sans-I/O, no times. What is behind the framing
 * (body.c) is the same for any framing; HTTP/1.1's is in front of it here (response.c).
 *
 *   while ((step = response_next(&r, &at, end, &event)) == RESPONSE_EVENT) ...
 *   RESPONSE_MORE    all bytes are taken
 *   RESPONSE_END     complete or malformed: outcome, status, text ... are set; nothing may follow
 */
#pragma once
#include "record/record.h"
#include "wire/http1.h"
#include "wire/openai.h"
#include "wire/reply.h"
#include "wire/sse.h"

enum response_step { RESPONSE_MORE = 0, RESPONSE_EVENT, RESPONSE_END };

struct response {
    /* set at RESPONSE_END */
    enum outcome outcome;
    bool may_keep;  /* the framing is complete and the server announced that it keeps the socket */
    char text[112]; /* words of a failure, "" if none */
    /* as far as known */
    bool is_sse;
    bool between_events;           /* no byte of an event has come after the last one */
    int status;                    /* 0: no head yet */
    int32_t content_events;        /* events that carried text or a tool call */
    int32_t input, output, cached; /* usage; -1 if absent */
    uint8_t finish;                /* enum finish_reason */
    /* private */
    bool done, json_ended, good;
    const struct reply_spec *spec; /* NULL: chat or completions */
    char error[96];
    struct span piece;
    struct http1 http;
    struct sse sse;
    union {
        struct openai openai;
        struct reply reply; /* with @spec */
    };
};

/* @spec: the endpoint, borrowed; NULL: chat or completions. */
void response_init(struct response *r, const struct reply_spec *spec);
enum response_step response_next(struct response *r, const char **at, const char *end,
                                 struct openai_event *event);
/* @code: a connection that ended, but not as TLS ends: nothing proves that this was all. */
enum { RESPONSE_CUT = -ENODATA };
/* The peer closed (@code 0) or broke (-errno) the connection: RESPONSE_EVENT or RESPONSE_END. */
enum response_step response_eof(struct response *r, int code, struct openai_event *event);

/* For a framing: what it found, in order. RESPONSE_MORE or RESPONSE_END. */
enum response_step response_head(struct response *r, int status, bool is_sse, bool is_encoded);
/* The next event of @piece, which the framing has filled with body bytes; until RESPONSE_MORE. */
enum response_step response_body(struct response *r, struct openai_event *event);
/* The framing is complete: until RESPONSE_END. A JSON answer is one event first. */
enum response_step response_complete(struct response *r, struct openai_event *event);
/* The framing failed: RESPONSE_END with @outcome, or with an error status that came before. */
enum response_step response_fail(struct response *r, enum outcome outcome, const char *words);
