/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/witness_flow.h - inside the witness, shared by its files only: witness.c has the table
 * of connections and TCP's signals, witness_http.c the requests and answers of one connection,
 * witness_tls.c the records of one that speaks TLS.
 */
#pragma once
#include "load/reassembly.h"
#include "load/response.h"
#include "load/witness.h"
#include "wire/http1_request.h"

enum flow_state {
    FLOW_LOST, /* waits for a segment of the client's that begins a request */
    FLOW_OPEN,
    FLOW_IGNORED, /* not to be watched, or not HTTP/1.1 */
};

struct tls_scan { /* of one direction */
    uint8_t head[5], have;
    uint16_t left; /* of the record's payload */
};

struct flow_tls {
    bool spoken;
    bool is_13;        /* by the order of its records */
    bool client_spoke; /* application data, or what looks like it */
    int64_t asked_last_ns, last_ns;
    struct tls_scan up, down;
};

struct flow {
    struct flow *next;
    struct witness *witness;
    struct segment_end client, server;
    uint8_t state; /* enum flow_state */
    struct half up, down;
    int64_t seen_ns, connect_start_ns, connect_end_ns;
    int64_t up_end_ns, down_end_ns; /* of the FINs; TIME_NONE */
    /* the exchange in progress */
    bool reused;    /* a request came before */
    bool asking;    /* a request has begun and isn't complete */
    bool answering; /* its answer isn't */
    bool recorded;  /* under @sample */
    bool first_byte_told;
    uint32_t sample;
    int64_t asked_ns;
    int64_t asked_bytes;
    struct http1_request request;
    struct response response;
    struct flow_tls tls;
};

struct witness {
    uint16_t port;
    struct witness_ops ops;
    struct witness_counts counts;
    struct reassembly reassembly;
    struct flow **buckets;
    size_t flow_count;
};

/* Sinks of the two directions; @ctx is the flow. */
void flow_client_bytes(void *ctx, const char *data, size_t n, int64_t time_ns);
void flow_server_bytes(void *ctx, const char *data, size_t n, int64_t time_ns);
/* The server ended its direction (@code 0) or reset the connection (-errno). */
void flow_server_end(struct flow *f, int code, int64_t time_ns);
/* The client hung up. */
void flow_hang_up(struct flow *f, int64_t time_ns);
/* Nothing more is known until a next request: the sample, if any, ends as interrupted. */
void flow_lose(struct flow *f, const char *words, int64_t time_ns);

/* What both kinds of connection tell. @id: the request's own, "" if it has none. */
void flow_record(struct flow *f, const char *id, int64_t time_ns);
void flow_tell_sent(struct flow *f, int64_t time_ns); /* all of the request */
void flow_tell_read(struct flow *f, size_t n, int64_t time_ns);
void flow_tell_event(struct flow *f, const struct openai_event *event, int64_t time_ns, bool last);
/* @words: ours, static. */
void flow_tell_end(struct flow *f, enum outcome outcome, const char *words, int64_t time_ns);

/* witness_tls.c */
void flow_tls_bytes(struct flow *f, bool from_client, const char *data, size_t n, int64_t time_ns);
void flow_tls_end(struct flow *f, bool by_client); /* of the connection */
