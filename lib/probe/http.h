/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/http.h - one bounded HTTP exchange off the timed path; private to probe. */
#pragma once
#include "base/base.h"
#include "probe/probe.h"

enum { HTTP_BODY_MAX = 4 << 20 };

struct http_request {
    const char *url;
    const char *key;  /* sent as bearer; NULL: none. Never logged, never in an error. */
    const char *body; /* JSON to POST; NULL: GET */
    int64_t timeout_ns;
    const struct probe_way *way; /* NULL: the usual one */
};

struct http_answer {
    char *body; /* NUL-terminated, never NULL after success */
    size_t len;
    long status;
    char server[128]; /* Server header, "" if none */
    int64_t took_ns;  /* from its start to its last byte */
};

/* Any HTTP status is success. -EFBIG: the body is over HTTP_BODY_MAX. Other errors: the
 * connection's. */
NODISCARD int http_exchange(struct http_answer *ret, const struct http_request *q, struct err *err);
void http_answer_release(struct http_answer *a);
DEFINE_AUTO_HELD(struct http_answer, http_answer_release)

/* Exchanges over a connection that is kept. */
struct http_client;
NODISCARD int http_client_new(struct http_client **ret, struct err *err);
/* As http_exchange(). */
NODISCARD int http_client_ask(struct http_client *c, struct http_answer *ret,
                              const struct http_request *q, struct err *err);
void http_client_free(struct http_client *c); /* NULL is a no-op */
DEFINE_AUTO(struct http_client *, http_client_free)
