/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/condition.h"
#include <math.h>
#include <string.h>

#define OF_THE_SENDER (VOIDS_SEND | VOIDS_CLOSED)
#define OF_A_RATE (VOIDS_CLOSED | VOIDS_OPEN)
#define OF_THE_TIMES (VOIDS_ARRIVAL | VOIDS_ORDER)

static const struct {
    unsigned voids, voids_user; /* enum voids; the latter too, where stamps are the user's */
} rules[GATE_COUNT_] = {
    [GATE_STAMPS] = {OF_THE_TIMES, 0},
    [GATE_COALESCED] = {VOIDS_ORDER, 0},
    [GATE_UNREAD] = {OF_THE_TIMES, 0},
    [GATE_LOOP] = {OF_THE_SENDER, OF_THE_TIMES},
    [GATE_RUN_DELAY] = {OF_THE_SENDER, OF_THE_TIMES},
    [GATE_CPU] = {OF_THE_SENDER, 0},
    [GATE_LATENESS] = {VOIDS_SEND, 0},
    [GATE_CAP] = {VOIDS_SEND | VOIDS_OPEN, 0},
    [GATE_HEADROOM] = {OF_THE_SENDER, 0},
};

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
    int64_t work_ns = second_work_ns(s->v[SECOND_CPU], s->v[SECOND_SPUN], s->v[SECOND_RUN_DELAY]);

    return work_ns < 0 ? (double)NAN : percent(work_ns, s->v[SECOND_LENGTH]);
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
    case GATE_CAP:
    case GATE_HEADROOM:
    case GATE_COUNT_:
        break;
    }
    return (double)NAN;
}

enum gate_state gate_state(enum gate g, const struct gate_limit limits[GATE_COUNT_], double figure)
{
    const struct gate_limit *l = &limits[g];
    bool below = gate_name(g)->below;

    if (below ? figure < l->refuse : figure > l->refuse)
        return GATE_REFUSES;
    return (below ? figure < l->warn : figure > l->warn) ? GATE_WARNS : GATE_PASSES;
}

unsigned gate_voids(enum gate g, const struct second *s, bool wire)
{
    if (wire) /* nothing but what may have closed the receive window touches its stamps */
        return g == GATE_STAMPS || g == GATE_COALESCED ? 0 : rules[g].voids;
    return rules[g].voids | (by_user(s) ? rules[g].voids_user : 0);
}

enum condition second_condition(const struct second *s, const struct gate_limit limits[GATE_COUNT_])
{
    enum gate_state worst = GATE_PASSES;

    for (enum gate g = 0; g < GATE_SECONDS_; g++) {
        enum gate_state now = gate_state(g, limits, gate_figure(g, s));

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
        {"throughput.requests@1", OF_A_RATE},
        {"throughput.output_tokens@1", OF_A_RATE},
        {"throughput.total_tokens@1", OF_A_RATE},
        {"goodput@1", OF_A_RATE},
        {"cost.per_million_output@1", OF_A_RATE},
        {"energy.per_output_token@1", OF_A_RATE},
    };

    for (size_t i = 0; i < COUNT_OF(of); i++)
        if (strcmp(of[i].id, id) == 0)
            return of[i].by & ~(unsigned)(closed_loop ? VOIDS_OPEN : VOIDS_CLOSED);
    return 0;
}
