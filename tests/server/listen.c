/* SPDX-License-Identifier: Apache-2.0 */
/* Where the server listens, and who connects. */
#include "refserver.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The address of @at with @port; its length, 0: there is no such one. */
static socklen_t address_of(struct sockaddr_storage *ret, const char *at, int64_t port)
{
    struct sockaddr_in *a4 = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *a6 = (struct sockaddr_in6 *)ret;
    struct sockaddr_un *un = (struct sockaddr_un *)ret;

    *ret = (struct sockaddr_storage){0};
    if (strchr(at, '/')) {
        un->sun_family = AF_UNIX;
        (void)snprintf(un->sun_path, sizeof un->sun_path, "%s", at);
        return strlen(at) < sizeof un->sun_path ? sizeof *un : 0;
    }
    if (inet_pton(AF_INET, at, &a4->sin_addr) == 1) {
        a4->sin_family = AF_INET;
        a4->sin_port = htons((uint16_t)port);
        return sizeof *a4;
    }
    a6->sin6_family = AF_INET6;
    a6->sin6_port = htons((uint16_t)port);
    return inet_pton(AF_INET6, at, &a6->sin6_addr) == 1 ? sizeof *a6 : 0;
}

static int bind_and_listen(int fd, struct sockaddr_storage *a, socklen_t len, bool shared)
{
    const int one = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) < 0) ||
        bind(fd, (struct sockaddr *)a, len) < 0 || listen(fd, 4096) < 0 ||
        getsockname(fd, (struct sockaddr *)a, &len) < 0)
        return -errno;
    return 0;
}

int listen_on(const char *at, int64_t *port, bool shared, struct err *err)
{
    struct sockaddr_storage a;
    socklen_t len = address_of(&a, at ? at : "127.0.0.1", *port);
    int fd, r;

    if (len == 0)
        return err_set(err, -EINVAL, "--listen: %s is no address and no path", at);
    fd = socket(a.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    r = bind_and_listen(fd, &a, len, shared);
    if (r < 0) {
        if (fd >= 0)
            close(fd);
        return err_set(err, r, "%s, port %" PRId64 ": %s", at ? at : "", *port, strerror(-r));
    }
    *port = a.ss_family == AF_INET    ? ntohs(((struct sockaddr_in *)&a)->sin_port)
            : a.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&a)->sin6_port)
                                      : 0;
    return fd;
}

void log_peer(struct log *l, int fd, int64_t ns)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof a;
    char host[64] = "?";

    if (getpeername(fd, (struct sockaddr *)&a, &len) == 0)
        (void)getnameinfo((struct sockaddr *)&a, len, host, sizeof host, NULL, 0, NI_NUMERICHOST);
    log_note(l, "peer", host, ns);
}
