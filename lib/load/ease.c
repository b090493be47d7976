/* SPDX-License-Identifier: Apache-2.0 */
#include "load/ease.h"

#define WINDOW_NS (100 * NS_PER_MS)
#define MOST_NS (90 * NS_PER_MS) /* of a window: polling and twice the work */
enum { CALM_WINDOWS = 10 };
static const double work_strained = 0.94, work_calm = 0.85, ring_strained = 0.25, ring_calm = 0.06;

void ease_init(struct ease *m, int64_t now_ns)
{
    *m =
        (struct ease){.window_ns = now_ns, .cpu_ns = -1, .may_spin_ns = MOST_NS, .real_time = true};
}

bool ease_over(const struct ease *m, int64_t now_ns)
{
    return now_ns - m->window_ns >= WINDOW_NS;
}

static enum ease_step next_step(struct ease *m, double work, double full)
{
    bool strained = work > work_strained || full > ring_strained;

    m->calm = work < work_calm && full < ring_calm ? m->calm + 1 : 0;
    if (m->real_time && strained) {
        m->real_time = false;
        return EASE_GIVE_UP;
    }
    if (!m->real_time && m->calm >= CALM_WINDOWS) {
        m->real_time = true;
        return EASE_TAKE_BACK;
    }
    return EASE_STAY;
}

enum ease_step ease_window(struct ease *m, int64_t now_ns, int64_t cpu_ns, double full)
{
    bool known = cpu_ns >= 0 && m->cpu_ns >= 0 && now_ns > m->window_ns;
    int64_t work_ns = known ? i64_max(0, cpu_ns - m->cpu_ns - m->spun_ns) : 0;
    double work = known ? (double)work_ns / (double)(now_ns - m->window_ns) : 0;

    m->given_up += !m->real_time;
    m->may_spin_ns = i64_max(0, MOST_NS - (int64_t)(2 * work * (double)WINDOW_NS));
    m->window_ns = now_ns;
    m->cpu_ns = cpu_ns;
    m->spun_ns = 0;
    return next_step(m, work, full);
}
