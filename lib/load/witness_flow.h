/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/witness_flow.h - inside the witness, shared by its two files only: witness.c has the
 * table of connections and TCP's signals, witness_http.c the requests and answers of one
 * connection.
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
