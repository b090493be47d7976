/* SPDX-License-Identifier: Apache-2.0 */
/* lib/wire/url.h - http and https URLs of targets (RFC 3986, the part that an API base needs). */
#pragma once
#include "base/base.h"

struct url {
    bool tls;
    char host[256]; /* without brackets for IPv6 */
    uint16_t port;
    char path[512]; /* begins with '/', no trailing slash unless it is "/"; no query, no fragment */
};

/* -EINVAL with words: scheme, host, port, user info (secrets do not belong in a URL) ... */
NODISCARD int url_parse(struct url *ret, const char *text, struct err *err);
/* "host:port" as for a Host header (brackets for IPv6, default port left out). */
void url_host_header(const struct url *u, char *buf, size_t size);
