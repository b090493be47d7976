/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/workload/draw.h - a prefix-stable stream of requests: asking for more never changes what came
 * before; the same seed gives the same stream on every machine. (The doubles pass through libm's
 * log and pow; lengths and times are rounded to tokens and ns, and the schedule's digest pins
 * them.)
 */
#pragma once
#include "base/rng.h"
#include "workload/profile.h"

enum arrivals {
    ARRIVALS_REPLAY,
    ARRIVALS_POISSON,
    ARRIVALS_GAMMA,
    ARRIVALS_CONSTANT,
    ARRIVALS_CLOSED
};

struct draw {
    const struct profile *profile; /* or NULL: fixed lengths */
    int32_t fixed_input, fixed_output;
    double length_scale; /* 1 = as in the profile; lengths are rounded, at least 1 */
    struct rng lengths, arrivals, thinks;
    double gap_mean; /* of a learned profile's inter-arrival table */
    size_t next_row; /* row profiles are walked in order, wrapping; learned ones are drawn from */
};

void draw_init(struct draw *d, const struct profile *p, double length_scale, uint64_t seed);
/* Lengths (and prefix blocks: @row is the profile row, -1 if none) of the next request. */
void draw_lengths(struct draw *d, int32_t *input, int32_t *output, int64_t *row);
/* Next gap where the mean gap is 1, of the same stream: exponential, gamma, constant or learned. */
double draw_unit_gap(struct draw *d, enum arrivals kind, double burstiness);
/* Next gap in ns: exponential, gamma with shape 1/cv^2 = @burstiness, or constant, mean 1/rate.
 * ARRIVALS_REPLAY is for learned profiles: their own inter-arrival times, scaled to mean 1/rate. */
int64_t draw_gap(struct draw *d, enum arrivals kind, double rate_per_s, double burstiness);
/* Next rest of a closed loop's slot, from a stream of its own. */
int64_t draw_think(struct draw *d, int64_t mean_ns, bool exponential);
