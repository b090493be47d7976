/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/wire/http1.h - HTTP/1.1 responses (RFC 9112), sans-I/O: bytes in, pieces out, any split of
 * the bytes gives the same pieces (merged), nothing is allocated, nothing is buffered beyond one
 * header line.
 *
 *   while ((step = http1_next(&p, &at, end, &piece)) ...)
 *       HTTP1_MORE    all bytes are taken; feed the next read
 *       HTTP1_HEAD    the head is complete: status, is_sse, keep_alive ... are set (once a
 *                     response; 1xx responses are skipped)
 *       HTTP1_BODY    piece is a span of body bytes inside the input, framing removed
 *       HTTP1_END     the response is complete; bytes after it are not taken. Given again until
 *                     http1_init()
 *       HTTP1_BAD_HEAD, HTTP1_BAD_CHUNK   malformed; @why says what (static text). Given again
 *
 * Strict where leniency could lose the framing: folded header lines, a second Content-Length,
 * Content-Length beside Transfer-Encoding, codings other than chunked, bare LF in chunk framing are
 * malformed. A head line may end with LF alone. Heads and trailers are bounded by HTTP1_HEAD_MAX.
 * A header line longer than @line is passed over, unless it decides the framing.
 */
#pragma once
#include "base/base.h"

enum { HTTP1_HEAD_MAX = 64 * 1024 };

enum http1_step {
    HTTP1_MORE = 0,
    HTTP1_HEAD,
    HTTP1_BODY,
    HTTP1_END,
    HTTP1_BAD_HEAD,
    HTTP1_BAD_CHUNK,
};

struct span {
    const char *data;
    size_t len;
};

struct http1 {
    /* set at HTTP1_HEAD */
    int status;
    bool keep_alive; /* what the server announces; whether it holds to it is another thing */
    bool chunked;
    bool is_sse;            /* Content-Type: text/event-stream */
    bool is_json;           /* Content-Type: application/json (or +json) */
    bool is_encoded;        /* Content-Encoding: anything but identity */
    int64_t content_length; /* -1: none given */
    char server[64];        /* Server header, cut to fit; "" if none */
    const char *why;        /* of a BAD step */
    /* private */
    uint8_t state;
    uint8_t minor;
    bool body_to_eof;
    bool close, persist; /* the tokens of Connection */
    int64_t left;        /* bytes of body or chunk still to come */
    size_t line_len;     /* of the line being collected, its cut part included */
    size_t head_len;     /* bytes of head (then of trailers) so far: bounded */
    char line[1024];
};

void http1_init(struct http1 *p);
enum http1_step http1_next(struct http1 *p, const char **at, const char *end, struct span *piece);
/* The peer closed: HTTP1_END if that completes a close-delimited body (or the response was complete
 * before), HTTP1_MORE if the response was cut short (or never began). */
enum http1_step http1_eof(struct http1 *p);
