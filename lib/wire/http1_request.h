/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/wire/http1_request.h - HTTP/1.1 requests as somebody beside the connection sees them,
 * sans-I/O: where one begins and ends, its method and its X-Request-Id. Bodies are passed over. Any
 * split of the bytes gives the same steps. Fields and framing are read by http1.c, as strictly as
 * there.
 *
 *   HTTP1_MORE   all bytes are taken
 *   HTTP1_HEAD   the head is complete: @method and @id are set
 *   HTTP1_END    the request is complete; bytes after it are not taken. Given again
 *   HTTP1_BAD_HEAD, HTTP1_BAD_CHUNK   no HTTP/1.1 request; @why says what. Given again
 */
#pragma once
#include "wire/http1.h"

struct http1_request {
    /* set at HTTP1_HEAD */
    char method[16];
    char id[128]; /* X-Request-Id; "" if none, or one that doesn't fit */
    const char *why;
    /* private */
    struct http1 framing;
    uint8_t state;
    bool target;     /* the request line is past its method */
    size_t line_len; /* of the request line, then of the header line */
    char line[192];  /* the beginning of the header line */
    char tail[8];    /* the last bytes of the request line */
};

void http1_request_init(struct http1_request *r);
enum http1_step http1_request_next(struct http1_request *r, const char **at, const char *end);
