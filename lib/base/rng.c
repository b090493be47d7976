/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"
#include <math.h>

static uint64_t splitmix64(uint64_t *x)
{
    uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void rng_init(struct rng *r, uint64_t seed, uint64_t stream)
{
    uint64_t x = seed, y = stream ^ UINT64_C(0x6a09e667f3bcc909);

    x ^= splitmix64(&y);
    for (int i = 0; i < 4; i++)
        r->s[i] = splitmix64(&x);
}

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t *s = r->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

double rng_unit(struct rng *r)
{
    return (double)(rng_u64(r) >> 11) * 0x1.0p-53;
}

uint64_t rng_below(struct rng *r, uint64_t bound)
{
    uint64_t floor = -bound % bound, x;

    assert(bound > 0);
    do {
        x = rng_u64(r);
    } while (x < floor); /* the remainder of 2^64 would favour small values */
    return x % bound;
}

double rng_exponential(struct rng *r)
{
    return -log1p(-rng_unit(r));
}

double rng_normal(struct rng *r)
{
    double radius = sqrt(2 * rng_exponential(r)), angle = 2 * M_PI * rng_unit(r);

    return radius * cos(angle);
}

double rng_gamma(struct rng *r, double shape)
{
    double boost = 1, d, c, x, v, u;

    assert(shape > 0);
    if (shape < 1) {
        boost = pow(1 - rng_unit(r), 1 / shape);
        shape += 1;
    }
    d = shape - 1.0 / 3;
    c = 1 / sqrt(9 * d);
    for (;;) {
        x = rng_normal(r);
        v = 1 + c * x;
        if (v <= 0)
            continue;
        v = v * v * v;
        u = 1 - rng_unit(r);
        if (log(u) < 0.5 * x * x + d - d * v + d * log(v))
            return boost * d * v;
    }
}
