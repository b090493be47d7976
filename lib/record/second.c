/* SPDX-License-Identifier: Apache-2.0 */
#include "record/second.h"

const char *second_name(enum second_field f)
{
    static const char *const names[SECOND_FIELDS] = {
        "length_ns",    "released",     "reads",        "bytes",         "events",
        "token_events", "unstamped",    "not_last",     "coalesced",     "full_reads",
        "unread_max",   "lag_p50_ns",   "lag_p99_ns",   "lag_max_ns",    "loops",
        "loop_p99_ns",  "loop_max_ns",  "stuck_5ms_ns", "stuck_20ms_ns", "late_p99_ns",
        "late_max_ns",  "run_delay_ns", "cpu_ns",       "spun_ns",       "in_flight_max",
        "ring_max_ppm"};

    return (size_t)f < SECOND_FIELDS ? names[f] : "?";
}
