/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/address.h"
#include "probe/listener.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
};

static bool from_text(union address *a, const char *host, uint16_t port)
{
    *a = (union address){.any = {0}};
    if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &a->in.sin_addr) ==
        1) {
        a->in.sin_family = AF_INET;
        a->in.sin_port = htons(port);
        return true;
    }
    if (inet_pton(AF_INET6, host, &a->in6.sin6_addr) != 1)
        return false;
    a->in6.sin6_family = AF_INET6;
    a->in6.sin6_port = htons(port);
    return true;
}

/* "::ADDRESS:PORT", an IPv6 address in brackets */
static bool from_pinned(union address *a, const char *pinned)
{
    char host[80];
    const char *colon = strrchr(pinned, ':');
    const bool brackets = strncmp(pinned, "::[", 3) == 0;
    int n;

    if (strncmp(pinned, "::", 2) != 0 || !colon || colon < pinned + 3 + 2 * brackets)
        return false;
    n = (int)(colon - pinned) - 2 - 2 * brackets;
    (void)snprintf(host, sizeof host, "%.*s", n, pinned + 2 + brackets);
    return from_text(a, host, (uint16_t)strtoul(colon + 1, NULL, 10));
}

static bool find_address(union address *a, const struct probe_setup *s)
{
    const struct probe_way *way = s->way;

    if (way && way->unix_socket) {
        *a = (union address){.un = {.sun_family = AF_UNIX}};
        return snprintf(a->un.sun_path, sizeof a->un.sun_path, "%s", way->unix_socket) <
               (int)sizeof a->un.sun_path;
    }
    if (way && way->connect_to)
        return from_pinned(a, way->connect_to);
    return s->target && from_text(a, s->target->host, s->target->port);
}

int probe_target_address(struct sockaddr_storage *ret, socklen_t *len, const struct probe_setup *s)
{
    union address a;

    if (!find_address(&a, s))
        return -ENOENT;
    *ret = (struct sockaddr_storage){0};
    memcpy(ret, &a, sizeof a);
    *len = a.any.sa_family == AF_INET    ? sizeof a.in
           : a.any.sa_family == AF_INET6 ? sizeof a.in6
                                         : sizeof a.un;
    return 0;
}

int probe_engine_pid(pid_t *ret, const struct probe_setup *s)
{
    struct sockaddr_storage a;
    socklen_t len;
    int r = probe_target_address(&a, &len, s);

    return r < 0 ? r
                 : probe_listener_pid(ret, s->root ? s->root : "", (const struct sockaddr *)&a,
                                      NULL, 0);
}
