/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/record/sample.h - one request with all its raw times, and its response events. Times are ns
 * since the run's anchor; TIME_NONE where a thing did not happen; COUNT_NONE where a number is not
 * known. Event times (and the two content times derived from them) are whole microseconds.
 */
#pragma once
#include "base/base.h"
#include "record/record.h"

#define COUNT_NONE (-1)

struct sample {
    uint32_t id;    /* position in the schedule */
    uint32_t trial; /* from 0 */
    int64_t due_ns, released_ns;
    int64_t connect_start_ns, connect_end_ns;
    int64_t tls_end_ns; /* the TLS handshake, which began at connect_end_ns, was done */
    int64_t sent_ns, sent_last_ns;
    int64_t sent_kernel_ns; /* the packet with the last byte of the first write left the kernel */
    int64_t first_byte_ns;
    int64_t first_choice_ns;  /* first event with choices */
    int64_t first_content_ns; /* first event with content, reasoning or tool call */
    int64_t last_content_ns;
    int64_t end_ns; /* end of the response, or the moment it failed */
    int32_t input_requested, output_requested;
    int32_t input_reported, output_reported, cached_reported; /* usage; COUNT_NONE if absent */
    int32_t reuse_expected; /* tokens of the prompt that the plan expects to be cached */
    int32_t content_events; /* events with EVENT_TOKENS */
    int32_t events;         /* all events */
    int32_t http_status;    /* 0: none */
    int64_t request_bytes, response_bytes;
    int32_t component; /* of the plan's workload.mix; COUNT_NONE: there is no mix */
    int32_t session,
        turn;           /* what waits for one another, by its number in the trial; how many items
                         * came before, one after the other; COUNT_NONE: none of the trial waits */
    uint8_t outcome;    /* enum outcome */
    uint8_t finish;     /* enum finish_reason */
    uint8_t reused;     /* on a connection that had carried a request before */
    uint8_t resent;     /* times it was sent again because a reused connection was stale (0 or 1) */
    uint8_t kernel;     /* all event stamps are kernel stamps */
    uint8_t hang_up;    /* enum hang_up: drawn to hang up, whatever came of it */
    int64_t connection; /* which of its trial's connections carried it, the last one if it was
                           sent again; COUNT_NONE: not known */
    char error[112];    /* words of a failure, "" if none; never payload of a good answer */
};

struct event {
    int64_t time_ns; /* whole microseconds */
    int32_t lag_us;  /* user-space stamp minus time */
    int32_t bytes;
    uint8_t kind;  /* enum event_kind bits */
    uint8_t flags; /* low byte of enum rec_flag */
};
