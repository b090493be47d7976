/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/gauges.h - readings of one source as series: counters become rates. Private to probe.
 */
#pragma once
#include "record/series.h"

enum { GAUGES_MAX = 16 };

struct gauge {
    const char *name, *unit, *source;
    double scale; /* of the reading, to come to @unit */
    bool counter; /* what is put is how fast it grows, by the second */
};

struct gauges {
    const struct series_sink *sink; /* set by the caller, with the two below */
    const char *scope;
    const struct gauge *of; /* at most GAUGES_MAX, ends with a NULL name */
    struct {
        uint32_t id;
        bool declared;
        double last;
        int64_t last_ns; /* TIME_NONE: there is no last one */
    } state[GAUGES_MAX];
    bool begun;
};

/* Readings in the order of @g->of; COUNTER_NONE: not read now, and nothing is put. A series is
 * declared with its first value. A counter that went back begins anew. Returns what the sink's
 * declare() returned. */
NODISCARD int gauges_put(struct gauges *g, int64_t now_ns, const double *readings);
