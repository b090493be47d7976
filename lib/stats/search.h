/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/stats/search.h - the highest load that meets a criterion, where each answer is a noisy trial:
 * what to try next, and where it ended. No I/O, no clock, no randomness: the same answers give the
 * same loads.
 *
 * From the lowest load upwards, doubling, until one is not met (unbounded search: Bentley and Yao,
 * Information Processing Letters 5, 1976, 82), so that the target is never asked for more than
 * twice what it can do; then the bracket is halved on a log scale. A trial that can't tell is
 * repeated at the same load, twice as long each time, with other randomness (bisection with noisy
 * responses: Waeber, Frazier and Henderson, SIAM J. Control Optim. 51, 2013, 2261); a load that
 * can't be told by the longest trial is left, and both its sides are narrowed. Trials are never
 * pooled: each answer is that of one trial whose length was fixed before it began.
 */
#pragma once
#include "base/base.h"

enum search_answer { SEARCH_MET, SEARCH_NOT_MET, SEARCH_CANNOT_TELL };

struct search_rules {
    double from, to;   /* 0 < from < to */
    double resolution; /* done when no neighbours of the bracket are further apart; 0.05: 5 % */
    bool whole;        /* loads are whole numbers: slots */
    int32_t repeats;   /* of a load that can't be told; each doubles the length */
    int32_t steps;     /* at most, all together */
};

enum search_phase {
    SEARCH_CLIMBS,  /* looks for a load that is not met */
    SEARCH_HALVES,  /* has one */
    SEARCH_REPEATS, /* the same load, longer */
    SEARCH_DONE,    /* as narrow as asked for, or as can be told */
    SEARCH_SPENT,   /* out of steps */
};

struct search {
    struct search_rules rules;
    double met, not_met;           /* highest that was, lowest that was not; NAN: none */
    double unsure_from, unsure_to; /* loads that can't be told; NAN: none */
    double load;                   /* the current step's */
    int32_t repeat, step;          /* of the current step, from 0 */
    enum search_phase phase;
};

void search_init(struct search *s, const struct search_rules *rules);
/* Whether there is a next step: then @load and @repeat (its trial is 2^repeat times as long) say
 * which. */
bool search_going(const struct search *s);
/* The answer of that step. @longer: a longer trial might tell. */
void search_feed(struct search *s, enum search_answer a, bool longer);
/* Whether the bracket is as narrow as asked for: met and not_met are neighbours, or the end of the
 * range was met or its beginning was not. */
bool search_found(const struct search *s);
