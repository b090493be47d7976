/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/packets.h - a capture of one port's TCP packets on all interfaces: an AF_PACKET ring
 * (TPACKET_V3) that the kernel fills whatever its reader is doing. Needs CAP_NET_RAW.
 */
#pragma once
#include "base/base.h"

/* The ring is 64 MiB of the kernel's memory. A block is handed over when it is full, or
 * PACKETS_HOLD_MS after its first packet, however little is in it: at any rate the ring holds what
 * comes in half a second, unless that is more than it has room for. Held longer, a connection would
 * be gone before anybody could ask whose it was. */
enum { PACKETS_BLOCK = 1 << 18, PACKETS_BLOCKS = 256, PACKETS_SNAP = 1 << 17, PACKETS_HOLD_MS = 2 };

struct packet {
    const void *data; /* from the IP header on; valid until the next call */
    size_t len;       /* captured: all of it, up to PACKETS_SNAP */
    int64_t real_ns;  /* the kernel's stamp, CLOCK_REALTIME */
};

struct packets; /* opaque */
/* From now on packets from and to @port are kept. -EPERM: no CAP_NET_RAW, and the words say so. */
NODISCARD int packets_open(struct packets **ret, uint16_t port, struct err *err);
/* Waits until there are packets or the time is over. */
void packets_wait(struct packets *p, int timeout_ms);
/* The next packet, in the order of their capture; false: none is there yet. */
bool packets_next(struct packets *p, struct packet *ret);
/* Since the capture began: packets kept, and packets that found the ring full. */
void packets_counts(struct packets *p, uint64_t *kept, uint64_t *dropped);
void packets_close(struct packets *p);
DEFINE_AUTO(struct packets *, packets_close)
