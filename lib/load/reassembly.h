/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/reassembly.h - one direction of a TCP connection, put in order from its segments,
 * sans-I/O.
 *
 * Bytes are given on once, in order, with the time at which the last byte up to there had arrived:
 * a segment that came too early waits, and counts from when the hole before it was filled, because
 * no receiver could read it before. What comes twice is dropped: the first copy's time holds.
 * Waiting bytes are bounded, for one direction and for all that share a struct reassembly.
 */
#pragma once
#include "base/base.h"

enum { REASSEMBLY_HALF_MAX = 1 << 20, REASSEMBLY_MAX = 64 << 20 };

struct reassembly { /* shared by all directions */
    size_t waiting_bytes;
    uint64_t early;        /* segments that had to wait */
    uint64_t repeated;     /* segments with bytes that were there already */
    uint64_t missed_bytes; /* never seen, though the receiver acknowledged them */
};

struct piece; /* opaque */
struct half {
    bool known;    /* whether @next is */
    uint32_t next; /* sequence number of the next byte in order */
    int64_t at_ns; /* time of the last bytes given on */
    bool has_end;  /* a FIN was seen, at @end */
    uint32_t end;
    struct piece *waiting; /* by sequence number, not overlapping what is given on */
    size_t waiting_bytes;
};

/* Takes bytes in order; may call half_forget() or half_start(), which ends the delivery. */
typedef void (*half_sink)(void *ctx, const char *data, size_t n, int64_t time_ns);

void half_start(struct half *h, struct reassembly *r, uint32_t next);
/* Drops what waits, wiped; nothing is known any more. */
void half_forget(struct half *h, struct reassembly *r);
/* 0, or -ENOBUFS: too much would wait (or no memory): a hole that is never filled. */
NODISCARD int half_take(struct half *h, struct reassembly *r, uint32_t seq, const char *data,
                        size_t n, int64_t time_ns, half_sink sink, void *ctx);
/* Bytes before @ack that were never seen; 0 in the usual case. They are counted. */
size_t half_missed(const struct half *h, struct reassembly *r, uint32_t ack);
/* All bytes before the FIN were given on. */
bool half_ended(const struct half *h);
