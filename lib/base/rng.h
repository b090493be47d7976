/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/base/rng.h - xoshiro256** (Blackman and Vigna 2018), seeded by splitmix64. The streams
 * and every draw below are part of the schedule's format: changing one changes digests.
 */
#pragma once
#include "base/base.h"

struct rng {
    uint64_t s[4];
};

/* Independent streams of one seed: arrivals, lengths, prompts ... each take their own @stream. */
void rng_init(struct rng *r, uint64_t seed, uint64_t stream);
uint64_t rng_u64(struct rng *r);
double rng_unit(struct rng *r);                    /* uniform in [0, 1), 53 bits */
uint64_t rng_below(struct rng *r, uint64_t bound); /* uniform in [0, bound), bound > 0 */
double rng_exponential(struct rng *r);             /* mean 1 */
double rng_normal(struct rng *r);                  /* mean 0, sd 1 (Box-Muller, one of the pair) */
double rng_gamma(struct rng *r, double shape);     /* scale 1 (Marsaglia and Tsang 2000) */
