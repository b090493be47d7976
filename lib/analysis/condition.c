/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/condition.h"
#include <math.h>
#include <string.h>

#define OF_THE_SENDER (VOIDS_SEND | VOIDS_CLOSED)
#define OF_THE_TIMES (VOIDS_ARRIVAL | VOIDS_ORDER)

static const struct gate_rule rules[GATE_COUNT_] = {
    [GATE_STAMPS] = {"stamps", "reads without a kernel stamp", "%", 0.1, 1, OF_THE_TIMES, 0},
    [GATE_COALESCED] = {"coalesced", "token events that shared a read over 1 ms late", "%", 0.1, 1,
                        VOIDS_ORDER, 0},
    [GATE_UNREAD] = {"unread", "late reads that left bytes behind", "%", 0.1, 1, OF_THE_TIMES, 0},
    [GATE_LOOP_5] = {"loop_5ms", "time in which an arrival would wait over 5 ms", "%", 1, NAN, 0,
                     0},
    [GATE_LOOP] = {"loop", "time in which an arrival would wait over 20 ms", "%", NAN, 1,
                   OF_THE_SENDER, OF_THE_TIMES},
    [GATE_RUN_DELAY] = {"run_delay", "time spent waiting for a CPU", "%", 1, 10, OF_THE_SENDER,
                        OF_THE_TIMES},
    [GATE_CPU] = {"cpu", "CPU of the busiest I/O thread, polling apart", "%", 60, 85, OF_THE_SENDER,
                  0},
    [GATE_LATENESS] = {"lateness", "p99 of release after due", "ms", 5, NAN, 0, 0},
    [GATE_RING] = {"ring", "records waiting in the ring", "%", 50, NAN, 0, 0},
};

const struct gate_rule *gate_rule(enum gate g)
{
    assert((unsigned)g < GATE_COUNT_);
    return &rules[g];
}

const char *condition_name(enum condition c)
{
    static const char *const names[CONDITION_COUNT_] = {"clean", "strained", "saturated"};

    return (unsigned)c < CONDITION_COUNT_ ? names[c] : "?";
}

static double percent(int64_t part, int64_t whole)
{
    return part < 0 || whole <= 0 ? (double)NAN : 100.0 * (double)part / (double)whole;
}

static bool by_user(const struct second *s)
{
    return s->v[SECOND_UNSTAMPED] * 2 > s->v[SECOND_READS];
}

static double cpu_figure(const struct second *s)
{
    if (s->v[SECOND_CPU] < 0)
        return (double)NAN;
    return percent(i64_max(0, s->v[SECOND_CPU] - s->v[SECOND_SPUN]), s->v[SECOND_LENGTH]);
}

double gate_figure(enum gate g, const struct second *s)
{
    const int64_t *v = s->v;

    switch (g) {
    case GATE_STAMPS: /* a run by the user's stamps is judged by the loop instead */
        return by_user(s) ? (double)NAN : percent(v[SECOND_UNSTAMPED], v[SECOND_READS]);
    case GATE_COALESCED:
        return percent(v[SECOND_COALESCED], v[SECOND_TOKEN_EVENTS]);
    case GATE_UNREAD:
        return percent(v[SECOND_FULL_READS], v[SECOND_READS]);
    case GATE_LOOP_5:
        return percent(v[SECOND_STUCK_5MS], v[SECOND_LENGTH]);
    case GATE_LOOP:
        return percent(v[SECOND_STUCK_20MS], v[SECOND_LENGTH]);
    case GATE_RUN_DELAY:
        return percent(v[SECOND_RUN_DELAY], v[SECOND_LENGTH]);
    case GATE_CPU:
        return cpu_figure(s);
    case GATE_LATENESS:
        return v[SECOND_LATE_P99] < 0 ? (double)NAN : (double)v[SECOND_LATE_P99] / 1e6;
    case GATE_RING:
        return (double)v[SECOND_RING] / 1e4;
    case GATE_COUNT_:
        break;
    }
    return (double)NAN;
}

enum gate_state gate_state(enum gate g, double figure)
{
    const struct gate_rule *r = gate_rule(g);

    return figure > r->refuse ? GATE_REFUSES : figure > r->warn ? GATE_WARNS : GATE_PASSES;
}

unsigned gate_voids(enum gate g, const struct second *s)
{
    return gate_rule(g)->voids | (by_user(s) ? gate_rule(g)->voids_user : 0);
}

enum condition second_condition(const struct second *s)
{
    enum gate_state worst = GATE_PASSES;

    for (int g = 0; g < GATE_COUNT_; g++) {
        enum gate_state now = gate_state((enum gate)g, gate_figure((enum gate)g, s));

        worst = now > worst ? now : worst;
    }
    return worst == GATE_REFUSES ? CONDITION_SATURATED
           : worst == GATE_WARNS ? CONDITION_STRAINED
                                 : CONDITION_CLEAN;
}

static bool is_largest(int f)
{
    return f == SECOND_UNREAD_MAX || (f >= SECOND_LAG_P50 && f <= SECOND_LAG_MAX) ||
           f == SECOND_LOOP_P99 || f == SECOND_LOOP_MAX || f == SECOND_LATE_P99 ||
           f == SECOND_LATE_MAX || f == SECOND_IN_FLIGHT || f == SECOND_RING;
}

void second_add(struct second *sum, const struct second *s)
{
    for (int f = 0; f < SECOND_FIELDS; f++) {
        if (is_largest(f) || s->v[f] < 0 || sum->v[f] < 0)
            sum->v[f] = is_largest(f) ? i64_max(sum->v[f], s->v[f]) : SECOND_NONE;
        else
            sum->v[f] += s->v[f];
    }
}

unsigned metric_voided_by(const char *id, bool closed_loop)
{
    static const struct {
        const char *id;
        unsigned by;
    } of[] = {
        {"ttft.content.due@1", OF_THE_TIMES | VOIDS_SEND},
        {"ttft.content.sent@1", OF_THE_TIMES},
        {"ttft.choice.sent@1", OF_THE_TIMES},
        {"latency.due@1", VOIDS_ARRIVAL | VOIDS_SEND},
        {"latency.sent@1", VOIDS_ARRIVAL},
        {"wait.client@1", VOIDS_SEND},
        {"itl.gap@1", OF_THE_TIMES},
        {"tpot.after_first@1", OF_THE_TIMES},
        {"throughput.requests@1", VOIDS_CLOSED},
        {"throughput.output_tokens@1", VOIDS_CLOSED},
        {"throughput.total_tokens@1", VOIDS_CLOSED},
        {"goodput@1", VOIDS_CLOSED},
        {"cost.per_million_output@1", VOIDS_CLOSED},
        {"energy.per_output_token@1", VOIDS_CLOSED},
    };

    for (size_t i = 0; i < COUNT_OF(of); i++)
        if (strcmp(of[i].id, id) == 0)
            return closed_loop ? of[i].by : of[i].by & ~(unsigned)VOIDS_CLOSED;
    return 0;
}
