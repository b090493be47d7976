/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A name is looked up once. Where it has several addresses, the first that takes a connection is
 * the target's for the whole run, side requests included: two addresses may be two machines.
 */
#include "run/target_route.h"
#include "base/fs.h"
#include "run/target_proxy.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum { ADDRESSES = 16, TRY_MS = 3000 };

struct address_text {
    char text[72];
};

/* "127.0.0.1:80", "[::1]:80"; @port false: without it, and no brackets. */
static struct address_text address_text(const struct sockaddr *a, socklen_t len, bool port)
{
    char host[48] = "?", service[8] = "?";
    struct address_text t;

    (void)getnameinfo(a, len, host, sizeof host, service, sizeof service,
                      NI_NUMERICHOST | NI_NUMERICSERV);
    if (!port)
        (void)snprintf(t.text, sizeof t.text, "%s", host);
    else
        (void)snprintf(t.text, sizeof t.text, a->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
                       service);
    return t;
}

static int put(struct fact_list *facts, struct err *err, const char *name, const char *source,
               const char *value)
{
    int r = fact_list_put(facts, "target", name, source, KNOWN_MEASURED, "%s", value);

    return r < 0 ? err_set(err, r, "out of memory for facts") : 0;
}

/* 0: a connection came about (and is closed again); -errno. */
static int try_address(const struct addrinfo *a)
{
    AUTO(fd_close) int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    socklen_t len = sizeof(int);
    int code = 0;

    if (fd < 0)
        return -errno;
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return -errno;
    if (poll(&p, 1, TRY_MS) != 1)
        return -ETIMEDOUT;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
        return -errno;
    return -code;
}

/* NULL: none takes a connection, and @err says what each of them said. */
static const struct addrinfo *choose(const struct addrinfo *list, const char *host, struct err *err)
{
    char said[200] = "";
    size_t used = 0;

    if (!list->ai_next)
        return list; /* what it says will be said by the first request */
    for (const struct addrinfo *a = list; a; a = a->ai_next) {
        int code = try_address(a);

        if (code == 0)
            return a;
        if (used < sizeof said)
            used += (size_t)snprintf(said + used, sizeof said - used, "%s%s: %s", used ? "; " : "",
                                     address_text(a->ai_addr, a->ai_addrlen, true).text,
                                     strerror(-code));
    }
    (void)err_set(err, -ECONNREFUSED, "target.url: %.100s can't be used: %s", host, said);
    return NULL;
}

static int put_addresses(struct target *t, const struct addrinfo *list, struct fact_list *facts,
                         struct err *err)
{
    char all[ADDRESSES * sizeof(struct address_text)] = "";
    size_t used = 0;
    int r;

    for (const struct addrinfo *a = list; a && used < sizeof all; a = a->ai_next)
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", used ? ", " : "",
                                 address_text(a->ai_addr, a->ai_addrlen, false).text);
    r = put(facts, err, "addresses", "getaddrinfo, once before the run", all);
    if (r < 0)
        return r;
    return put(
        facts, err, "address",
        list->ai_next ? "the first address that took a connection; used for the whole run"
                      : "the only address",
        address_text((const struct sockaddr *)&t->address.address, t->address.address_len, true)
            .text);
}

static int resolve(struct target *t, const struct url *u, int family, struct fact_list *facts,
                   struct err *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = family};
    struct addrinfo *list = NULL;
    const struct addrinfo *chosen;
    char port[8];
    int r;

    (void)snprintf(port, sizeof port, "%u", (unsigned)u->port);
    r = getaddrinfo(u->host, port, &hints, &list);
    if (r != 0)
        return err_set(err, -EHOSTUNREACH, "target.url: %s: %s", u->host, gai_strerror(r));
    chosen = choose(list, u->host, err);
    r = chosen ? 0 : -ECONNREFUSED;
    if (chosen) {
        memcpy(&t->address.address, chosen->ai_addr, chosen->ai_addrlen);
        t->address.address_len = chosen->ai_addrlen;
        (void)snprintf(t->route.pinned, sizeof t->route.pinned, "::%s",
                       address_text(chosen->ai_addr, chosen->ai_addrlen, true).text);
        r = put_addresses(t, list, facts, err);
    }
    freeaddrinfo(list);
    return r;
}

static int open_unix(struct target *t, const struct plan *p, struct fact_list *facts,
                     struct err *err)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&t->address.address;
    char *path = t->route.unix_socket, text[sizeof t->route.unix_socket + 8];
    char beside[PATH_MAX];

    (void)snprintf(path, sizeof t->route.unix_socket, "%.*s", (int)sizeof t->route.unix_socket - 1,
                   plan_beside(beside, sizeof beside, p, p->target.unix_socket));
    if (strlen(path) >= sizeof un->sun_path)
        return err_set(err, -EINVAL, "target.unix_socket: a socket's path has at most %zu bytes",
                       sizeof un->sun_path - 1);
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, strlen(path) + 1);
    t->address.address_len = sizeof *un;
    (void)snprintf(text, sizeof text, "unix:%s", path);
    return put(facts, err, "address", "target.unix_socket of the plan", text);
}

/* Parses the plan's addresses (checked there), and sees that each is ours. */
static int read_sources(struct target *t, const struct plan *p, struct err *err)
{
    size_t n = p->target.source_count;

    t->route.sources = calloc(n + 1, sizeof *t->route.sources);
    if (!t->route.sources)
        return err_set(err, -ENOMEM, "out of memory for source addresses");
    for (size_t i = 0; i < n; i++) {
        const char *text = p->target.sources[i];
        struct sockaddr_in6 *a6 = (struct sockaddr_in6 *)&t->route.sources[i];
        struct sockaddr_in *a4 = (struct sockaddr_in *)&t->route.sources[i];
        bool six = strchr(text, ':') != NULL;
        AUTO(fd_close)
        int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        t->route.sources[i].ss_family = six ? AF_INET6 : AF_INET;
        if (inet_pton(six ? AF_INET6 : AF_INET, text,
                      six ? (void *)&a6->sin6_addr : (void *)&a4->sin_addr) != 1)
            return err_set(err, -EINVAL, "target.source_addresses: '%.60s' is no address", text);
        if (fd < 0 || bind(fd, (const struct sockaddr *)&t->route.sources[i],
                           six ? sizeof *a6 : sizeof *a4) < 0)
            return err_set(err, -EADDRNOTAVAIL,
                           "target.source_addresses: %s: %s; an address of this host is needed, "
                           "as 'ip address add %s dev DEVICE' would make it",
                           text, strerror(errno), text);
    }
    t->address.sources = t->route.sources;
    t->address.source_count = n;
    return 0;
}

static int put_sources(const struct plan *p, struct fact_list *facts, struct err *err)
{
    AUTO(str_release) struct str s = {0};

    if (p->target.source_count == 0)
        return 0;
    for (size_t i = 0; i < p->target.source_count; i++)
        str_addf(&s, "%s%s", i ? ", " : "", p->target.sources[i]);
    if (!str_ok(&s))
        return err_set(err, -ENOMEM, "out of memory for facts");
    return put(facts, err, "source_addresses", "target.source_addresses of the plan, in turn",
               s.data);
}

int target_route_policy(const struct target *t, const struct plan *p, struct fact_list *facts,
                        struct err *err)
{
    static const char *const words[] = {
        [TRI_AUTO] = "kept after plain answers, and after streams once the server is seen to",
        [TRI_YES] = "kept, and used again for any request",
        [TRI_NO] = "a fresh one for each request"};
    char of_http2[80];

    if (p->target.own_connections)
        return put(facts, err, "connections", "target.connection_per_slot of the plan",
                   "each slot of the closed loop keeps one of its own");
    if (!t->http2)
        return put(facts, err, "connections", "target.keep_alive of the plan",
                   words[p->target.keep_alive]);
    (void)snprintf(of_http2, sizeof of_http2, "%d, opened before a trial, each for many requests",
                   (int)p->target.http2_connections);
    return put(facts, err, "connections", "target.http2.connections of the plan", of_http2);
}

static void set_way(struct target *t, const struct plan *p)
{
    struct target_route *r = &t->route;

    r->way = (struct probe_way){
        .tls = target_tls(t),
        .unix_socket = r->unix_socket[0] ? r->unix_socket : NULL,
        .connect_to = r->pinned[0] && !r->proxy[0] ? r->pinned : NULL,
        .source = p->target.source_count ? p->target.sources[0] : NULL,
        .proxy = r->proxy[0] ? r->proxy : NULL,
    };
}

int target_route_open(struct target *t, const struct plan *p, struct fact_list *facts,
                      struct err *err)
{
    struct url to = t->url;
    int family = AF_UNSPEC, r;

    r = read_sources(t, p, err);
    if (r == 0 && p->target.source_count)
        family = t->route.sources[0].ss_family;
    if (r == 0)
        r = target_proxy(t, &to, p, facts, err);
    if (r == 0)
        r = *p->target.unix_socket ? open_unix(t, p, facts, err)
                                   : resolve(t, &to, family, facts, err);
    if (r == 0)
        r = put_sources(p, facts, err);
    set_way(t, p);
    return r;
}

void target_route_release(struct target *t)
{
    free(t->route.sources);
    t->route.sources = NULL;
}
