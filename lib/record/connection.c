/* SPDX-License-Identifier: Apache-2.0 */
#include "record/connection.h"

struct connection connection_blank(void)
{
    struct connection c = {0};

    for (int f = 0; f < CONNECTION_FIELDS; f++)
        c.v[f] = CONNECTION_NONE;
    return c;
}

const char *connection_name(enum connection_field f)
{
    static const char *const names[CONNECTION_FIELDS] = {"connection",       "ended",
                                                         "lasted_ns",        "connect_ns",
                                                         "handshake_ns",     "tls_version",
                                                         "tls_resumed",      "requests",
                                                         "bytes_out",        "bytes_in",
                                                         "segments_out",     "segments_in",
                                                         "retransmits",      "bytes_retransmitted",
                                                         "out_of_order",     "rtt_ns",
                                                         "rtt_variation_ns", "rtt_min_ns",
                                                         "source",           "port"};

    return (size_t)f < CONNECTION_FIELDS ? names[f] : "?";
}

const char *connection_end_name(enum connection_end e)
{
    static const char *const names[CONNECTION_ENDS_] = {"closed", "closed_by_peer", "reset",
                                                        "never_connected", "tls_failed"};

    return (size_t)e < CONNECTION_ENDS_ ? names[e] : "?";
}
