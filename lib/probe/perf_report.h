/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/perf_report.h - counted places made into functions; private to probe. */
#pragma once
#include "base/arena.h"
#include "probe/perf_follow.h"

struct perf_row { /* strings live in the report's arena */
    uint32_t phase;
    const char *library, *build_id, *function; /* as of a struct dispatch_row */
    uint64_t samples;
};

struct perf_report {
    struct arena arena;
    struct perf_row *rows; /* by phase, then library, build id and function */
    size_t count, cap;
    uint64_t unsymbolised; /* samples of user code without a function */
};

/* Names what @f, which has stopped, counted. 0 or -ENOMEM. */
NODISCARD int perf_report_init(struct perf_report *p, struct perf_follow *f);
/* "LIBRARY FUNCTION 61.2 %, ...": the five with most samples, in the phases whose names begin with
 * "trial", or in all where there is none; "" without samples. */
void perf_report_top(char *buf, size_t size, const struct perf_report *p,
                     const char *const *phases);
void perf_report_release(struct perf_report *p);
DEFINE_AUTO_HELD(struct perf_report, perf_report_release)
