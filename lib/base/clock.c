/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec t;

    (void)clock_gettime(id, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t clock_mono_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_real_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

struct clock_anchor clock_anchor_take(void)
{
    struct clock_anchor best = {.width_ns = INT64_MAX};

    for (int i = 0; i < 8; i++) {
        int64_t before = clock_mono_ns(), real = clock_real_ns(), after = clock_mono_ns();

        if (after - before < best.width_ns)
            best = (struct clock_anchor){before + (after - before) / 2, real, after - before};
    }
    return best;
}

struct clock_text clock_rfc3339(int64_t real_ns)
{
    time_t s = (time_t)(real_ns / NS_PER_S);
    struct clock_text out = {""};
    char date[24];
    struct tm tm;

    if (gmtime_r(&s, &tm) && strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm) > 0)
        (void)snprintf(out.text, sizeof out.text, "%s.%03dZ", date,
                       (int)(real_ns % NS_PER_S / NS_PER_MS));
    return out;
}
