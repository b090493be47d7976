/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/check_route.c - how connections get to the target: what excludes what. */
#include "plan/reading.h"
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static const struct node *where(const struct reading *r, const char *key)
{
    return r->seen[key_index(key_find(key))];
}

static int family_of(const char *text)
{
    struct in6_addr a;

    return inet_pton(AF_INET, text, &a) == 1    ? AF_INET
           : inet_pton(AF_INET6, text, &a) == 1 ? AF_INET6
                                                : 0;
}

static int check_sources(struct reading *r)
{
    static const char key[] = "target.source_addresses";
    const struct plan *p = r->plan;

    for (size_t i = 0; i < p->target.source_count; i++) {
        const char *text = p->target.sources[i];

        if (family_of(text) == 0)
            return reading_fail(r, where(r, key), key,
                                "'%.60s' is no IPv4 or IPv6 address; write 10.0.0.7 or fd00::7",
                                text);
        if (family_of(text) != family_of(p->target.sources[0]))
            return check_fail(r, key,
                              "mixes IPv4 and IPv6; a run has one target address, of one kind");
        for (size_t k = 0; k < i; k++)
            if (strcmp(text, p->target.sources[k]) == 0)
                return reading_fail(r, where(r, key), key, "names %.60s twice", text);
    }
    return 0;
}

int route_check(struct reading *r)
{
    const struct plan *p = r->plan;

    if (*p->target.unix_socket && p->target.source_count)
        return check_fail(r, "target.source_addresses",
                          "is for TCP, not for a unix_socket; keep one");
    if (*p->target.unix_socket && p->target.proxy)
        return check_fail(r, "target.proxy", "is for TCP, not for a unix_socket; keep one");
    if (p->target.proxy && strncasecmp(p->target.url, "https:", 6) == 0)
        return check_fail(
            r, "target.proxy",
            "goes with http:// only: TLS through a proxy would need CONNECT, which asrun "
            "does not speak; reach the target directly");
    if (p->target.own_connections && p->load.arrivals != ARRIVALS_CLOSED)
        return check_fail(r, "target.connection_per_slot",
                          "goes with load.arrivals: closed, which has slots; leave it out");
    if (p->target.own_connections && p->target.keep_alive == TRI_NO)
        return check_fail(r, "target.connection_per_slot",
                          "keeps connections, keep_alive: false does not; keep one");
    if (p->target.own_connections && p->target.http != PLAN_HTTP_1)
        return check_fail(r, "target.connection_per_slot",
                          "is of HTTP/1.1; leave it out, or target.http");
    return check_sources(r);
}
