/* SPDX-License-Identifier: Apache-2.0 */
/* lib/load/segment.h - one TCP segment out of an IP packet (v4, v6), sans-I/O. */
#pragma once
#include "base/base.h"

enum segment_flag { SEGMENT_FIN = 1, SEGMENT_SYN = 2, SEGMENT_RST = 4, SEGMENT_ACK = 16 };

struct segment_end {
    uint8_t address[16]; /* an IPv4 address is in the first four bytes, zeros follow */
    uint16_t port;
    uint8_t family; /* 4 or 6 */
    uint8_t zero;
};

struct segment {
    int64_t time_ns; /* the caller's to fill: when the kernel saw it, CLOCK_MONOTONIC */
    struct segment_end from, to;
    uint32_t seq, ack;
    uint8_t flags;    /* enum segment_flag bits, others may be set */
    const char *data; /* payload, inside the packet */
    size_t len;       /* what was captured of it */
};

/* @packet begins with its IP header. -EBADMSG: no whole TCP header, or a fragment. */
NODISCARD int segment_parse(struct segment *ret, const void *packet, size_t n);
