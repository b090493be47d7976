/* SPDX-License-Identifier: Apache-2.0 */
#include "load/source.h"
#include <netinet/in.h>
#include <string.h>

static socklen_t length_of(const struct sockaddr_storage *a)
{
    return a->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

int source_bind(const struct load_target *t, int fd, uint32_t turn)
{
    const struct sockaddr_storage *a;
    int on = 1;

    if (t->source_count == 0)
        return 0;
    a = &t->sources[turn % t->source_count];
    /* Refused, the port is chosen here and without regard to the target: fewer connections fit. */
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return bind(fd, (const struct sockaddr *)a, length_of(a)) < 0 ? -errno : 0;
}

static bool same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;
    const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;

    if (a->ss_family != b->ss_family)
        return false;
    if (a->ss_family == AF_INET6)
        return memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof a6->sin6_addr) == 0;
    return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
}

int64_t source_find(const struct load_target *t, int fd)
{
    struct sockaddr_storage own;
    socklen_t len = sizeof own;

    if (t->source_count == 0 || getsockname(fd, (struct sockaddr *)&own, &len) < 0)
        return -1;
    for (size_t i = 0; i < t->source_count; i++)
        if (same_host(&own, &t->sources[i]))
            return (int64_t)i;
    return -1;
}
