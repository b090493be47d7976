/* SPDX-License-Identifier: Apache-2.0 */
/* lib/record/series.h - numbers over time, as probes tell them: what a series is, and where it
 * goes. */
#pragma once
#include "record/fact.h"

struct series {
    const char *scope;  /* as of a fact: host, cgroup, client, engine.process, engine, gpu.0 ... */
    const char *name;   /* dotted lower case: cpu.use, memory.resident_bytes */
    const char *unit;   /* "s", "bytes", "1/s", "1" */
    const char *source; /* /proc/PID/schedstat, GET /metrics vllm:num_requests_running ... */
    enum known known;   /* measured, derived or reported */
};

struct telemetry_row {
    uint32_t series;
    int64_t time_ns; /* since the run's anchor */
    double value;    /* finite */
};

/* Where series go. A value that is absent is not put: absent is not zero. */
struct series_sink {
    /* *@id is the sink's number of it. 0 or a negative errno; copies what it keeps. */
    int (*declare)(void *ctx, uint32_t *id, const struct series *s);
    /* @time_ns: CLOCK_MONOTONIC. Never blocks on a disk; what finds no room is counted, and so is
     * what is no finite number. */
    void (*put)(void *ctx, uint32_t id, int64_t time_ns, double value);
    void *ctx;
};
