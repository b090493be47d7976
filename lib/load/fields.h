/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/fields.h - the head of a rendered HTTP/1.1 request as the header fields of HTTP/2
 * (RFC 9113, 8.2 and 8.3): request line and Host become pseudo-header fields, names become lower
 * case (in place), fields of the connection are left out. So a request is rendered one way.
 */
#pragma once
#include "base/base.h"
#include "plan/plan.h"
#include <nghttp2/nghttp2.h>

enum { FIELDS_MAX = PLAN_HTTP2_HEADERS + 28 }; /* the plan's own, and what each request has */

struct fields {
    nghttp2_nv nv[FIELDS_MAX]; /* names and values point into the head or are static */
    size_t count;
    size_t head_len; /* where the body begins */
};

/* @tls: the scheme is https. -EINVAL: no complete head, or too many fields. */
NODISCARD int fields_read(struct fields *ret, char *request, size_t len, bool tls);
