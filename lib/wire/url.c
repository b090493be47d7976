/* SPDX-License-Identifier: Apache-2.0 */
/* lib/wire/url.c - one pass over the text into a local struct, copied out only when all is well. */
#include "wire/url.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* RFC 3986 pchar and '/', without the percent sign. */
static bool is_path_char(char c)
{
    return c != '\0' && (is_alnum(c) || strchr("/-._~!$&'()*+,;=:@", c));
}

static int parse_scheme(struct url *u, const char **at, struct err *err)
{
    if (strncasecmp(*at, "http://", 7) == 0)
        *at += 7;
    else if (strncasecmp(*at, "https://", 8) == 0) {
        u->tls = true;
        *at += 8;
    } else
        return err_set(err, -EINVAL, "a URL begins with http:// or https://");
    u->port = u->tls ? 443 : 80;
    return 0;
}

static int copy_host(struct url *u, const char *host, size_t n, struct err *err)
{
    if (n == 0)
        return err_set(err, -EINVAL, "the URL names no host");
    if (n >= sizeof u->host)
        return err_set(err, -EINVAL, "the URL's host is longer than %zu bytes", sizeof u->host - 1);
    memcpy(u->host, host, n);
    u->host[n] = '\0';
    return 0;
}

/* @at stands behind the opening bracket. */
static int parse_ipv6(struct url *u, const char **at, const char *end, struct err *err)
{
    const char *close = memchr(*at, ']', (size_t)(end - *at));
    struct in6_addr unused;
    int r;

    if (!close)
        return err_set(err, -EINVAL, "the URL's '[' has no ']'");
    r = copy_host(u, *at, (size_t)(close - *at), err);
    if (r < 0)
        return r;
    if (inet_pton(AF_INET6, u->host, &unused) != 1)
        return err_set(err, -EINVAL, "[%s] is no IPv6 address", u->host);
    *at = close + 1;
    return 0;
}

static int parse_name(struct url *u, const char **at, const char *end, struct err *err)
{
    const char *host = *at;

    while (*at < end && (is_alnum(**at) || **at == '-' || **at == '.' || **at == '_'))
        (*at)++;
    if (*at < end && **at != ':')
        return err_set(err, -EINVAL, "the URL's host has a byte that no host name has");
    return copy_host(u, host, (size_t)(*at - host), err);
}

static int parse_port(struct url *u, const char **at, const char *end, struct err *err)
{
    unsigned port = 0;

    if (*at == end)
        return 0;
    if (**at != ':')
        return err_set(err, -EINVAL, "a ':' and a port may follow the URL's host, nothing else");
    for ((*at)++; *at < end && is_digit(**at) && port <= 65535; (*at)++)
        port = port * 10 + (unsigned)(**at - '0');
    if (*at != end || port == 0 || port > 65535)
        return err_set(err, -EINVAL, "the URL's port is no number from 1 to 65535");
    u->port = (uint16_t)port;
    return 0;
}

/* The words must not repeat the user info: it may be a secret. */
static int parse_authority(struct url *u, const char **at, struct err *err)
{
    const char *end = *at + strcspn(*at, "/?#");
    int r;

    if (memchr(*at, '@', (size_t)(end - *at)))
        return err_set(err, -EINVAL, "the URL carries user info: give a key by env: or file:");
    if (**at == '[') {
        (*at)++;
        r = parse_ipv6(u, at, end, err);
    } else
        r = parse_name(u, at, end, err);
    return r < 0 ? r : parse_port(u, at, end, err);
}

static int parse_path(struct url *u, const char *at, struct err *err)
{
    size_t n = 0;

    for (; at[n] != '\0'; n++) {
        if (at[n] == '?' || at[n] == '#')
            return err_set(err, -EINVAL, "the URL of an API base has no query and no fragment");
        if (!is_path_char(at[n]) && !(at[n] == '%' && is_hex(at[n + 1]) && is_hex(at[n + 2])))
            return err_set(err, -EINVAL, "the URL's path has a byte that must be percent-encoded");
    }
    while (n > 0 && at[n - 1] == '/')
        n--;
    if (n >= sizeof u->path)
        return err_set(err, -EINVAL, "the URL's path is longer than %zu bytes", sizeof u->path - 1);
    memcpy(u->path, n > 0 ? at : "/", n > 0 ? n : 1);
    return 0;
}

int url_parse(struct url *ret, const char *text, struct err *err)
{
    struct url u = {0};
    int r = parse_scheme(&u, &text, err);

    if (r == 0)
        r = parse_authority(&u, &text, err);
    if (r == 0)
        r = parse_path(&u, text, err);
    if (r < 0)
        return r;
    *ret = u;
    return 0;
}

void url_host_header(const struct url *u, char *buf, size_t size)
{
    bool v6 = strchr(u->host, ':') != NULL;
    char port[8] = "";

    if (u->port != (u->tls ? 443 : 80))
        (void)snprintf(port, sizeof port, ":%u", (unsigned)u->port);
    (void)snprintf(buf, size, "%s%s%s%s", v6 ? "[" : "", u->host, v6 ? "]" : "", port);
}
