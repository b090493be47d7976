/* SPDX-License-Identifier: Apache-2.0 */
/* lib/load/h2_inside.h - shared by h2.c (connections) and h2_session.c (what nghttp2 reports). */
#pragma once
#include "load/fields.h"
#include "load/h2.h"
#include "load/inside.h"
#include "load/slab.h"

enum {
    H2_OUT_BYTES = 64 * 1024,
    H2_FRAME_MOST = 9 + 16 * 1024 + 256, /* of those we send */
};

enum h2_state {
    H2_CLOSED,
    H2_CONNECTING,
    H2_HANDSHAKE, /* of TLS */
    H2_GREETING,  /* the server's SETTINGS are awaited */
    H2_OPEN,
    H2_LEAVING, /* no new stream */
};

struct h2_link {
    enum h2_state state;
    struct engine *engine;
    nghttp2_session *session;
    bool busy;                /* nghttp2 is at work on it, and must not be entered again */
    int32_t streams;          /* requests on it */
    int32_t limit;            /* the server's, of streams */
    int32_t last_id;          /* of GOAWAY: streams above it were not processed */
    uint64_t carried;         /* requests so far */
    struct conn_list waiting; /* requests: for the connection, */
    struct conn_list sending; /* and those that aren't all written yet */
    bool broken;              /* HTTP/2 can't go on: @why */
    char why[100];
    int send_code; /* -errno of a failed send: reading goes on */
    /* bytes out: handed over by nghttp2, and taken by the socket, since the connection began */
    uint64_t queued, written;
    size_t out_at, out_len; /* of @out: not taken yet */
    char *out;
};

struct h2_stream { /* what struct conn doesn't say of a request */
    int32_t link, id;
    uint64_t begin, end; /* of its request in the link's bytes out; end 0: not known yet */
    size_t wire_bytes;   /* of its frames so far */
    int status;          /* of the head being read; 0: none */
    bool is_sse, is_encoded, has_head;
    bool waiting, sending; /* in the link's list of that name */
    bool peer_reset;       /* the server reset the stream */
};

struct h2 {
    struct slab slab;
    nghttp2_mem mem;
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    int32_t connections, link_count, stream_count;
    int32_t chosen; /* the link that the next request would take; NO_CONN: no room */
    bool opened;
    int64_t full_until_ns; /* when last room came up: what was due before had to wait */
    struct h2_link *links;
    struct h2_stream *streams;
    char *out;
    struct fields fields;
    /* the read that is being taken apart */
    const char *stop, *tail; /* @tail: up to here all belongs to the held event and its stream */
    int64_t user_ns;
    bool shared;
    int32_t held_by; /* whose event is held back until it is known what follows; NO_CONN: none */
    struct openai_event held;
};

static inline struct h2_link *h2_link_of(const struct engine *e, const struct conn *link)
{
    return &e->h2->links[conn_index(e, link)];
}

static inline struct conn *h2_conn_of(const struct engine *e, const struct h2_link *l)
{
    return &e->conns[l - e->h2->links];
}

static inline struct h2_stream *h2_stream_of(const struct engine *e, const struct conn *c)
{
    return &e->h2->streams[conn_index(e, c) - e->h2->link_count];
}

/* h2_session.c */
NODISCARD int h2_session_init(struct h2 *h); /* callbacks and options: -ENOMEM */
NODISCARD int h2_session_open(struct h2 *h, struct h2_link *l);
NODISCARD int h2_session_request(struct engine *e, struct h2_link *l, struct conn *c);
void h2_session_failed(struct h2_link *l, int code); /* of nghttp2's */
/* Takes one read apart. */
void h2_session_read(struct engine *e, struct h2_link *l, size_t n, const struct tls_read *got);

/* h2.c */
void h2_settled(struct engine *e, struct h2_link *l); /* the server's SETTINGS have come */
void h2_leaving(struct engine *e, struct h2_link *l); /* GOAWAY has come */
/* @c, not processed by the server that is leaving, is sent again on another connection. */
void h2_resend(struct engine *e, struct conn *c);
