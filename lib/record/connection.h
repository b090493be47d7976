/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/record/connection.h - what became of one connection: written once, when it is closed. What
 * the kernel counted is TCP's (TCP_INFO) and absent for other sockets.
 *
 * On its way through the ring a connection is a row of REC_CONNECTION records, two fields each, in
 * the order of the enum; the last one completes it.
 */
#pragma once
#include "base/base.h"
#include "record/record.h"

enum connection_field {                       /* in the evidence as columns: connection_name() */
                        CONNECTION_ID,        /* unique in its trial; samples name it */
                        CONNECTION_END,       /* enum connection_end; none: not known */
                        CONNECTION_LASTED,    /* ns from the call to connect to the close */
                        CONNECTION_CONNECT,   /* ns of it until connected; none: it never was */
                        CONNECTION_HANDSHAKE, /* ns of TLS; none: no TLS, or it failed */
                        CONNECTION_TLS,       /* as on the wire: 0x303, 0x304; none */
                        CONNECTION_RESUMED,   /* 1: a TLS session went on; none: no TLS */
                        CONNECTION_REQUESTS,  /* that were begun on it */
                        CONNECTION_BYTES_OUT, /* payload, retransmissions left out */
                        CONNECTION_BYTES_IN,
                        CONNECTION_SEGMENTS_OUT, /* all, empty ones too */
                        CONNECTION_SEGMENTS_IN,
                        CONNECTION_RETRANSMITS, /* segments */
                        CONNECTION_BYTES_RETRANSMITTED,
                        CONNECTION_OUT_OF_ORDER, /* segments received so */
                        CONNECTION_RTT,          /* ns, smoothed, at the close */
                        CONNECTION_RTT_VARIATION,
                        CONNECTION_RTT_MIN,
                        CONNECTION_SOURCE, /* which of the plan's source addresses, from 0; none */
                        CONNECTION_PORT,   /* our own; none: no TCP */
                        CONNECTION_FIELDS,
};
_Static_assert(CONNECTION_FIELDS % 2 == 0, "two fields a record");
#define CONNECTION_NONE INT64_C(-1)

/* In the evidence as numbers: never renumber. */
enum connection_end {
    CONNECTION_CLOSED = 0,         /* by asrun */
    CONNECTION_CLOSED_BY_PEER = 1, /* its goodbye had come before ours */
    CONNECTION_RESET = 2,          /* broken */
    CONNECTION_NEVER = 3,          /* refused, timed out ... */
    CONNECTION_TLS_FAILED = 4,
    CONNECTION_ENDS_,
};

struct connection {
    uint32_t trial, thread;
    int64_t closed_ns; /* since the run's anchor; on the timed path CLOCK_MONOTONIC */
    int64_t v[CONNECTION_FIELDS];
};

struct connection connection_blank(void); /* no field is known */
/* "connection", "lasted_ns", ...; times end in _ns. */
const char *connection_name(enum connection_field f);
const char *connection_end_name(enum connection_end e); /* "closed", "closed_by_peer", ... */
