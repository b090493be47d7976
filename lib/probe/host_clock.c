/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/host_clock.c - which clock the kernel reads, and whether it follows the world's. */
#include "probe/host.h"
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>

/* Reading needs no privilege; the kernel calls a clock unsynchronised until something steers it. */
static int put_synchronised(const struct facts *f)
{
    struct timex t = {0};
    const int state = adjtimex(&t);
    char text[32];
    int r;

    if (state < 0)
        return facts_absent(f, "clock.synchronised", "adjtimex: %s", strerror(errno));
    r = facts_put(f, KNOWN_MEASURED, "clock.synchronised",
                  state == TIME_ERROR || t.status & STA_UNSYNC ? "no" : "yes", "", "adjtimex");
    if (r < 0 || t.status & STA_UNSYNC)
        return r < 0 ? r : facts_absent(f, "clock.error_max", "the clock is not synchronised");
    (void)snprintf(text, sizeof text, "%.6f", (double)t.maxerror / 1e6);
    return facts_put(f, KNOWN_MEASURED, "clock.error_max", text, "s", "adjtimex maxerror");
}

int host_clock(const struct facts *f, const char *root)
{
    static const char *const lines[][2] = {
        {"clock.source", "/sys/devices/system/clocksource/clocksource0/current_clocksource"},
        {"clock.available", "/sys/devices/system/clocksource/clocksource0/available_clocksource"},
    };
    int r = 0;

    for (size_t i = 0; i < COUNT_OF(lines) && r == 0; i++)
        r = host_put_line(f, root, lines[i][0], lines[i][1]);
    return r < 0 ? r : put_synchronised(f);
}
