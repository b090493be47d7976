/* SPDX-License-Identifier: Apache-2.0 */
#include "run/selftest.h"
#include <math.h>

#define BUSY_NS (10 * NS_PER_S)

static size_t trial_count(const struct schedule *s)
{
    return s->trials > 0 ? s->trial_first[1] - s->trial_first[0] : 0;
}

/* Of the first trial; all trials are alike. */
static double mean_of(const struct schedule *s, double (*of)(const struct item *))
{
    size_t n = trial_count(s);
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += of(&s->items[s->trial_first[0] + i]);
    return n > 0 ? sum / (double)n : 0;
}

static double output_of(const struct item *i)
{
    return i->output_tokens;
}

static double think_of(const struct item *i)
{
    return (double)i->think_ns / NS_PER_S;
}

/* The most arrivals a second over any BUSY_NS of the trial (or all of it, if it is shorter). Later
 * turns have no time of their own: they come as often as what they come after. */
static double busiest_rate(const struct schedule *s)
{
    const struct item *items = s->items + (s->trials ? s->trial_first[0] : 0);
    int64_t span_ns = s->trials ? schedule_last_at(s, 0) : TIME_NONE;
    size_t n = trial_count(s), timed = 0, inside = 0, most = 0;
    int64_t window_ns = span_ns > 0 ? i64_min(span_ns, BUSY_NS) : NS_PER_S;

    for (size_t from = 0, to = 0; to < n; to++) {
        if (items[to].trigger != TRIGGER_AT)
            continue;
        timed++;
        inside++;
        for (;
             items[from].trigger != TRIGGER_AT || items[from].at_ns <= items[to].at_ns - window_ns;
             from++)
            inside -= items[from].trigger == TRIGGER_AT;
        most = inside > most ? inside : most;
    }
    return timed > 0 ? (double)most * (double)n / (double)timed * 1e9 / (double)window_ns : 0;
}

void selftest_load(struct selftest_load *ret, const struct plan *p, const struct schedule *s)
{
    struct selftest_load l = {.pace = p->load.self_test_pace_per_s,
                              .events = fmax(1, mean_of(s, output_of))};
    double answer_s = l.events / l.pace;

    if (p->load.arrivals == ARRIVALS_CLOSED) {
        double slot_s = answer_s + mean_of(s, think_of);

        l.requests_per_s = p->load.concurrency / slot_s;
        l.streams = p->load.concurrency * answer_s / slot_s;
    } else {
        l.requests_per_s = busiest_rate(s);
        l.streams = fmin(l.requests_per_s * answer_s, p->load.max_in_flight);
    }
    if (!p->target.stream) /* one document, when the stream would have ended */
        l.events = 1;
    l.streams = fmax(1, l.streams);
    l.events_per_s = l.requests_per_s * l.events;
    *ret = l;
}
