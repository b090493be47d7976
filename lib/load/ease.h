/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/ease.h - how a real-time thread leaves room for others. Time is looked at in windows of
 * a tenth of a second; the CPU time of the last one decides for the next:
 *
 * - polling gets what nine tenths leave of the window beside twice the thread's own work, because
 *   what it works others (the recorder, a server on this host) have to work, too;
 * - a thread that works nearly all the time, or whose records pile up, gives up its real-time
 * priority until it has been at ease for a second. The kernel would stop it for 50 ms of each
 * second otherwise (sched_rt_runtime_us), and the recorder on the same CPU would never run.
 */
#pragma once
#include "base/base.h"

struct ease {
    int64_t window_ns; /* when it began */
    int64_t cpu_ns;    /* of the thread then; -1: not known */
    int64_t spun_ns;   /* polled in vain since then */
    int64_t may_spin_ns;
    int32_t calm;     /* windows in a row without strain */
    bool real_time;   /* held, or never had */
    int64_t given_up; /* windows without the priority */
};

enum ease_step { EASE_STAY, EASE_GIVE_UP, EASE_TAKE_BACK };

void ease_init(struct ease *m, int64_t now_ns);
/* The window is over at @now_ns. */
bool ease_over(const struct ease *m, int64_t now_ns);
/* Ends it: @cpu_ns of the thread so far, -1 if nobody knows; @full: share of the ring that waits
 * for the recorder, in [0, 1]. Begins the next, and says what becomes of the priority. */
enum ease_step ease_window(struct ease *m, int64_t now_ns, int64_t cpu_ns, double full);
static inline bool ease_may_spin(const struct ease *m)
{
    return m->spun_ns < m->may_spin_ns;
}
