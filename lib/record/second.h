/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/record/second.h - what an I/O thread knows of itself in one second of a trial. Counts and
 * times only; what they mean for the result is decided in analysis, by gates.
 *
 * On its way through the ring a second is a row of REC_SECOND records, two fields each, in the
 * order of the enum; the last one completes it.
 */
#pragma once
#include "base/base.h"
#include "record/record.h"

enum second_field {                  /* in the evidence as columns of these names: second_name() */
                    SECOND_LENGTH,   /* ns; not 1e9 where the thread was late, or the trial ended */
                    SECOND_RELEASED, /* requests started */
                    SECOND_READS,    /* that returned bytes */
                    SECOND_BYTES,    /* read */
                    SECOND_EVENTS,   /* response events */
                    SECOND_TOKEN_EVENTS, /* of them with content, reasoning or a tool call */
                    SECOND_UNSTAMPED, /* reads without a kernel stamp, or with an implausible one */
                    SECOND_NOT_LAST,  /* events that were not the last of their read */
                    SECOND_COALESCED, /* token events that were not, in reads more than 1 ms late */
                    SECOND_FULL_READS, /* reads more than 1 ms late that filled the buffer: more was
                                          unread */
                    SECOND_UNREAD_MAX, /* most bytes that waited for one read, up to the buffer's
                                          size */
                    SECOND_LAG_P50, /* ns from the kernel's stamp to ours, by read; none: no stamp
                                     */
                    SECOND_LAG_P99,
                    SECOND_LAG_MAX,
                    SECOND_LOOPS,    /* turns of the event loop, empty polls left out */
                    SECOND_LOOP_P99, /* ns from the moment the loop could have served to its next
                                        look, by turn */
                    SECOND_LOOP_MAX,
                    SECOND_STUCK_5MS,  /* ns in which something that arrived would have waited more
                                          than 5 ms */
                    SECOND_STUCK_20MS, /* the same, 20 ms */
                    SECOND_LATE_P99,   /* ns from due to released, by request */
                    SECOND_LATE_MAX,
                    SECOND_RUN_DELAY, /* ns runnable without a CPU; none: not readable */
                    SECOND_CPU,       /* ns on a CPU; none: not readable */
                    SECOND_SPUN,      /* ns of it polled for the sake of punctuality */
                    SECOND_IN_FLIGHT, /* most requests at once */
                    SECOND_RING, /* most records that waited in the ring, parts per million of its
                                    size */
                    SECOND_FIELDS,
};
_Static_assert(SECOND_FIELDS % 2 == 0, "two fields a record");
#define SECOND_NONE INT64_C(-1) /* not known, or nothing to speak of */
#define SECOND_LATE_READ_NS NS_PER_MS

struct second {
    uint32_t trial, thread;
    int64_t start_ns; /* since the run's anchor; on the timed path CLOCK_MONOTONIC */
    int64_t v[SECOND_FIELDS];
};

/* CPU time that was no polling; SECOND_NONE: not known. What was polled is time on the clock, waits
 * for a CPU included: these are taken to have been there, so that the work is rather told too
 * large. */
static inline int64_t second_work_ns(int64_t cpu_ns, int64_t spun_ns, int64_t run_delay_ns)
{
    int64_t polled_ns = i64_max(0, spun_ns - i64_max(0, run_delay_ns));

    return cpu_ns < 0 ? SECOND_NONE : i64_max(0, cpu_ns - polled_ns);
}

/* "length_ns", "reads", ...; times end in _ns. */
const char *second_name(enum second_field f);
