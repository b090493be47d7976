/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request a socket, by its addresses: what it costs doesn't grow with the number of sockets, as
 * reading /proc/net/tcp would. An IPv4 connection of an IPv6 socket is found under its IPv4
 * addresses. A socket without an inode is one that its process has closed: nobody's any more.
 */
#include "load/owner.h"
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>

struct request {
    struct nlmsghdr head;
    struct inet_diag_req_v2 body;
};

union reply {
    struct nlmsghdr head;
    char bytes[4096];
};

int owner_open(int *ret, struct err *err)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

    if (fd < 0)
        return err_set(err, -errno, "socket diagnostics: %s", strerror(errno));
    *ret = fd;
    return 0;
}

static struct request request_for(const struct segment_end *local, const struct segment_end *remote)
{
    struct request q = {
        .head = {.nlmsg_len = sizeof q,
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST},
        .body = {.sdiag_family = local->family == 4 ? AF_INET : AF_INET6,
                 .sdiag_protocol = IPPROTO_TCP,
                 .idiag_states = UINT32_MAX,
                 .id = {.idiag_sport = htons(local->port),
                        .idiag_dport = htons(remote->port),
                        .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
    };

    memcpy(q.body.id.idiag_src, local->address, sizeof local->address);
    memcpy(q.body.id.idiag_dst, remote->address, sizeof remote->address);
    return q;
}

int owner_of(uid_t *ret, int fd, const struct segment_end *local, const struct segment_end *remote)
{
    const struct request q = request_for(local, remote);
    union reply reply;
    struct inet_diag_msg m;
    ssize_t n;

    if (send(fd, &q, sizeof q, 0) < 0)
        return -errno;
    n = recv(fd, &reply, sizeof reply, 0);
    if (n < 0)
        return -errno;
    if ((size_t)n < NLMSG_LENGTH(sizeof m) || reply.head.nlmsg_type != SOCK_DIAG_BY_FAMILY)
        return -ENOENT;
    memcpy(&m, NLMSG_DATA(&reply.head), sizeof m);
    if (m.idiag_inode == 0 || m.id.idiag_sport != htons(local->port) ||
        m.id.idiag_dport != htons(remote->port)) /* a listener may be found in its place */
        return -ENOENT;
    *ret = m.idiag_uid;
    return 0;
}
