/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/wire/openai.h - what one event (or one whole JSON answer) of an OpenAI-style API carries,
 * read in one pass by a streaming JSON scanner: no buffering of payload, any split of the bytes.
 * Knows chat (choices[].delta / choices[].message: content, also as parts, reasoning,
 * reasoning_content, tool_calls, role, finish_reason) and completions (choices[].text), usage, and
 * errors (top-level "error", {"object":"error","message":...}, {"detail":"..."} without choices);
 * "[DONE]" is its own answer. Null is absent, everything else is passed over.
 */
#pragma once
#include "base/base.h"
#include "wire/json.h"

/* Bits of openai_event.kind; the same values as enum event_kind of record/record.h, a rung beside
 * this one (load/ asserts that they agree). */
enum openai_kind {
    OPENAI_ROLE = 1, /* a role, and no text, reasoning or tool call beside it */
    OPENAI_CONTENT = 2,
    OPENAI_REASONING = 4,
    OPENAI_TOOL = 8,
    OPENAI_FINISH = 16,
    OPENAI_USAGE = 32,
    OPENAI_ERROR = 64,
    OPENAI_CHOICES = 128,
};

struct openai_event {
    uint8_t kind;       /* enum openai_kind bits */
    bool done;          /* the payload was [DONE] */
    uint8_t finish;     /* 0 none, 1 stop, 2 length, 3 tool calls, 4 content filter, 5 other */
    int32_t text_bytes; /* decoded bytes of content + reasoning + text; reasoning that comes under
                           both its names counts once */
    int32_t bytes;      /* payload bytes */
    int32_t input_tokens, output_tokens, cached_tokens; /* -1: not in this event */
    char error[96]; /* message of an error, cut to fit, control characters as spaces */
};

struct openai {
    struct openai_event event;
    const char *why; /* of a failed openai_end() */
    struct json_scan json;
    /* private: where in the document the scanner is; fixed size (see openai.c) */
    uint8_t mode, done_len;
    uint8_t field;      /* what the next value is */
    uint8_t path[8];    /* what the containers around it are, from depth 0 */
    bool cut;           /* pieces of this key or string have come before */
    bool object_error;  /* "object":"error" or "detail" */
    uint8_t words_from; /* the field that event.error came from, 0 none */
    size_t words_len;
    bool words_full;
    int64_t bytes, text_bytes, reasoning_bytes[2];
};

void openai_begin(struct openai *o);                            /* before each event's payload */
void openai_feed(struct openai *o, const char *data, size_t n); /* payload bytes, any split */
/* The payload is complete: 0 and *@ret, or -EBADMSG when it is no JSON object (nor [DONE]). */
NODISCARD int openai_end(struct openai *o, struct openai_event *ret);
