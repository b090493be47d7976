/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/witness.h - what somebody beside the connections sees of a client's run: TCP segments
 * in, records out (the same as the engine's own, record/record.h), sans-I/O.
 *
 * Each connection to the watched port is put in order (reassembly.h), its requests are read by
 * wire/http1_request.h, its answers by response.h. Times are those of segments: a request's first
 * and last, the first of the answer, and for each event the segment that completed it. Requests
 * that are no POST are followed but not recorded. Payload is in the waiting pieces only, and wiped
 * there; records hold times, lengths and kinds, and of a failure words that are ours, never the
 * server's.
 *
 * A connection that was open before is followed from its next request on. Where bytes are missing
 * (a packet that the capture dropped), or where what is said is no plain HTTP/1.1, it is lost: its
 * sample ends as interrupted, and it is followed again from its next request on.
 */
#pragma once
#include "load/segment.h"
#include "record/record.h"
#include "wire/reply.h"

struct witness_ops {
    /* May this connection be watched? Asked once a connection. */
    bool (*may_watch)(void *ctx, const struct segment_end *client,
                      const struct segment_end *server);
    /* A POST's head is complete: the sample to record it as, or -1 not to. */
    int64_t (*request)(void *ctx, const char *request_id, int64_t time_ns);
    void (*record)(void *ctx, const struct rec *r);
    void *ctx;
    const struct reply_spec *reply; /* the endpoint; NULL: chat or completions */
};

struct witness_counts {
    uint64_t segments, repeated, early;
    uint64_t missed_bytes;   /* acknowledged by their receiver, never seen here */
    uint64_t connections;    /* watched */
    uint64_t not_watched;    /* by may_watch() */
    uint64_t too_many;       /* connections beyond WITNESS_FLOWS_MAX */
    uint64_t tls, not_http1; /* connections that speak something else */
    uint64_t requests;       /* recorded */
    uint64_t other_requests; /* not recorded */
    uint64_t events;
    uint64_t lost; /* times a connection was lost */
};

enum { WITNESS_FLOWS_MAX = 16384 };

struct witness; /* opaque */
/* NULL: out of memory. @ops is copied. */
struct witness *witness_new(uint16_t port, const struct witness_ops *ops);
void witness_segment(struct witness *w, const struct segment *s);
/* Ends what is in flight as interrupted. */
void witness_end(struct witness *w, int64_t time_ns);
struct witness_counts witness_counts(const struct witness *w);
void witness_free(struct witness *w);
DEFINE_AUTO(struct witness *, witness_free)
