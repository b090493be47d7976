/* SPDX-License-Identifier: Apache-2.0 */
/* Lengths that a packet states are bounds, never trusted beyond what was captured. A stated length
 * of 0 is a packet of more than 64 KiB that the host never sends whole: then it is what was
 * captured.
 */
#include "load/segment.h"
#include <string.h>

enum { IPV4_MIN = 20, IPV6_HEAD = 40, TCP_MIN = 20, PROTOCOL_TCP = 6 };

static uint16_t be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static size_t bounded(size_t stated, size_t captured)
{
    return stated > 0 && stated < captured ? stated : captured;
}

/* *@n: of the whole packet, then of its payload. The payload, or NULL. */
static const uint8_t *ipv4(struct segment *s, const uint8_t *p, size_t *n)
{
    size_t head = (size_t)(p[0] & 15) * 4;

    if (*n < IPV4_MIN || head < IPV4_MIN || head > *n || p[9] != PROTOCOL_TCP ||
        (be16(p + 6) & 0x3fff) != 0)
        return NULL;
    *n = bounded(be16(p + 2), *n);
    if (*n < head)
        return NULL;
    s->from.family = s->to.family = 4;
    memcpy(s->from.address, p + 12, 4);
    memcpy(s->to.address, p + 16, 4);
    *n -= head;
    return p + head;
}

static const uint8_t *ipv6(struct segment *s, const uint8_t *p, size_t *n)
{
    if (*n < IPV6_HEAD || p[6] != PROTOCOL_TCP)
        return NULL;
    s->from.family = s->to.family = 6;
    memcpy(s->from.address, p + 8, 16);
    memcpy(s->to.address, p + 24, 16);
    *n = bounded(be16(p + 4), *n - IPV6_HEAD);
    return p + IPV6_HEAD;
}

int segment_parse(struct segment *ret, const void *packet, size_t n)
{
    const uint8_t *p = packet;
    struct segment s = {.time_ns = TIME_NONE};
    size_t head;

    if (n == 0)
        return -EBADMSG;
    p = p[0] >> 4 == 4 ? ipv4(&s, p, &n) : p[0] >> 4 == 6 ? ipv6(&s, p, &n) : NULL;
    if (!p || n < TCP_MIN)
        return -EBADMSG;
    head = (size_t)(p[12] >> 4) * 4;
    if (head < TCP_MIN || head > n)
        return -EBADMSG;
    s.from.port = be16(p);
    s.to.port = be16(p + 2);
    s.seq = be32(p + 4);
    s.ack = be32(p + 8);
    s.flags = p[13];
    s.data = (const char *)p + head;
    s.len = n - head;
    *ret = s;
    return 0;
}
