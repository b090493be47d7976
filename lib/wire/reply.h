/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/wire/reply.h - what an answer of another endpoint than chat and completions carries, read in
 * one pass over any split of the bytes, without buffering or allocation: places in the document
 * ("usage.prompt_tokens", each
 * "data[].embedding") are watched, all else is passed over.
 *
 *   REPLY_RESPONSES   one event of the OpenAI responses API (response.output_text.delta,
 *                      response.completed, response.failed ...), or the whole response object
 *   REPLY_EMBEDDINGS  data[].embedding, usage.prompt_tokens or total_tokens
 *   REPLY_RERANK      results[].relevance_score, usage.prompt_tokens or total_tokens
 *   REPLY_JSON        any JSON value; good where the watched place is there, and equal
 *
 * The events are those of wire/openai.h, so that all endpoints are recorded alike. An answer that
 * isn't streamed is one event, with the content bit where it holds what was asked for.
 */
#pragma once
#include "base/base.h"
#include "wire/json.h"
#include "wire/openai.h"

enum reply_kind {
    REPLY_OPENAI, /* wire/openai.h reads it */
    REPLY_RESPONSES,
    REPLY_EMBEDDINGS,
    REPLY_RERANK,
    REPLY_JSON
};

enum { REPLY_STEPS = 8, REPLY_DEPTH = REPLY_STEPS + 1 };

struct reply_step {
    const char *key; /* of a member, "~0" and "~1" as a pointer writes them, not terminated */
    size_t len;
    int32_t index; /* of an array's element; -1: any; -2: none */
};

struct reply_path {
    uint8_t field; /* private */
    uint8_t count;
    struct reply_step step[REPLY_STEPS];
};

struct reply_spec {
    enum reply_kind kind;
    int status;             /* the one good HTTP status; 0: any of 200 to 299 */
    struct reply_path test; /* REPLY_JSON: must be there, and not null; count 0: no test */
    const char *equals;     /* its text, as JSON writes numbers and words; NULL: any */
};

struct reply {
    struct openai_event event;
    const char *why; /* of a failed reply_end() */
    bool good;       /* after reply_end(): it holds what was asked for */
    struct json_scan json;
    /* private */
    const struct reply_spec *spec;
    const struct reply_path *paths; /* the endpoint's own */
    size_t path_count;
    uint32_t mask[REPLY_DEPTH + 1]; /* paths that the container at this depth is on */
    int32_t index[REPLY_DEPTH + 1]; /* of the next element; -1: an object */
    uint32_t here;                  /* paths that the current value is on */
    uint8_t field;                  /* what the current value is */
    bool cut, bad, empty, object_error, differs, matched;
    char type[48], status[16], reason[24], object[16];
    size_t equal_len, words_len;
    uint8_t words_from;
    int64_t bytes, delta_bytes, text_bytes, items;
    int32_t total;
};

/* Reads a JSON pointer (RFC 6901) of 1 to REPLY_STEPS steps: "/outputs/0/name". Points into @text.
 * -EINVAL: it is none. */
NODISCARD int reply_pointer_parse(struct reply_path *ret, const char *text);

void reply_begin(struct reply *a, const struct reply_spec *spec); /* borrows @spec */
void reply_feed(struct reply *a, const char *data, size_t n);
/* The document is complete: 0 and *@ret, or -EBADMSG when it is no JSON. */
NODISCARD int reply_end(struct reply *a, struct openai_event *ret);
