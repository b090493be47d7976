/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/analysis/limited.h - what a run was limited by: of its wall time, what kept more requests
 * from being completed; of its requests' own time, what it was spent on. Each class has one rule
 * (docs/method.md, "What limits a run"); what no rule tells is unknown.
 */
#pragma once
#include "base/base.h"

enum limit {
    LIMIT_ARRIVALS, /* nothing waited: more was not asked for */
    LIMIT_CLIENT,   /* due, but not sent; or the client was saturated */
    LIMIT_NETWORK,  /* connections being opened; a round trip a request */
    LIMIT_QUEUE,    /* held back at the target by others: a queue, no room in the KV cache */
    LIMIT_PREFILL,
    LIMIT_DECODE,
    LIMIT_HOST_CPU, /* the engine's processes were on all the CPUs they may use */
    LIMIT_UNKNOWN,
    LIMIT_COUNT_,
};
const char *limit_name(enum limit l); /* "arrivals", ..., "host_cpu", "unknown" */

struct limit_shares {
    enum limit by; /* what has over half of it; else unknown */
    double share[LIMIT_COUNT_];
    double seconds; /* what the shares are of; 0: there is nothing to tell, and @share is 0 */
};

struct analysis;
/* An open loop whose requests in flight did not grow all along: it completes what arrives. */
bool limited_keeps_up(const struct analysis *a);

struct limited {
    struct limit_shares wall; /* without prefill and decode: a request in service limits nobody */
    struct limit_shares time; /* of the requests that ended well, together */
    /* Did a request wait for its first token the longer the more others it found in flight? */
    bool compared, grows;
    int64_t few_at_most, many_at_least; /* in flight at the sending */
    size_t few, many;                   /* requests */
    double few_times, many_times;       /* their median wait, in times of the least */
    double round_trip_s;                /* median over connections; NAN: not known */
    bool queue_seen, cpu_seen; /* series of the engine's queue, of its processes' CPU were there */
};
