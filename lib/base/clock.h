/* SPDX-License-Identifier: Apache-2.0 */
/* lib/base/clock.h - time as int64_t nanoseconds; CLOCK_MONOTONIC inside a run. */
#pragma once
#include "base/base.h"

int64_t clock_mono_ns(void);
int64_t clock_real_ns(void);

/* A pair of readings that ties MONOTONIC to REALTIME. */
struct clock_anchor {
    int64_t mono_ns, real_ns;
    int64_t width_ns; /* time between the two MONOTONIC reads around the REALTIME read */
};
/* Takes the narrowest of several pairs. */
struct clock_anchor clock_anchor_take(void);

struct clock_text {
    char text[40];
};
/* RFC 3339 UTC with milliseconds: 2026-11-24T15:04:05.123Z */
struct clock_text clock_rfc3339(int64_t real_ns);
