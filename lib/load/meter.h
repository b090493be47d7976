/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/meter.h - an I/O thread's own measure of itself, second by second: counts and small
 * fixed histograms, added to in a few nanoseconds, closed once a second. Allocates nothing.
 *
 * A turn of the loop goes from the moment it woke (or should have) to its next look at what is
 * ready: whatever arrives meanwhile waits. Over a turn of length L, something arriving at a random
 * moment waits more than x for the first L - x of it; the sum of these is the "stuck" time, which
 * is how a few long turns weigh as much as they should among thousands of short ones.
 */
#pragma once
#include "load/loop.h"
#include "record/ring.h"
#include "record/second.h"

enum { METER_SUB_BITS = 3, METER_BUCKETS = (65 - METER_SUB_BITS) << METER_SUB_BITS };

struct meter_histogram { /* logarithmic: eight buckets an octave */
    uint32_t count[METER_BUCKETS];
    uint32_t total;
    int64_t max;
};

struct meter {
    int64_t zero_ns;            /* of the trial: what came before is left out */
    int64_t start_ns, until_ns; /* of the second; until INT64_MAX: the trial is over */
    int64_t woke_ns, overslept_ns;
    bool idle;               /* the last wait was an empty poll */
    struct loop_usage usage; /* at its start */
    struct meter_histogram lag, loop, late;
    int64_t v[SECOND_FIELDS];
};

void meter_init(struct meter *m, int64_t zero_ns);
/* One read of @bytes; @lag_ns: from its stamp to the clock. True if it came late. */
bool meter_read(struct meter *m, ssize_t bytes, ssize_t cap, bool stamped, int64_t lag_ns);
void meter_event(struct meter *m, bool tokens, bool last, bool read_late);
void meter_release(struct meter *m, int64_t late_ns, int64_t in_flight);
/* A wait ended: how long it polled for nothing, how late it ended. */
void meter_wake(struct meter *m, int64_t now_ns, int64_t spun_ns, int64_t overslept_ns);
void meter_turn(struct meter *m, int64_t now_ns, const struct ring *ring);
/* Fills in what is derived. False: nothing to tell of (before the trial's zero, or too short). */
bool meter_close(struct meter *m, int64_t now_ns, struct loop_usage usage);
void meter_open(struct meter *m, int64_t now_ns); /* begins the next second */
static inline struct loop_usage loop_usage_unknown(void)
{
    return (struct loop_usage){.cpu_ns = -1, .run_delay_ns = -1};
}
