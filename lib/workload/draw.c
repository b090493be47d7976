/* SPDX-License-Identifier: Apache-2.0 */
/* Learned lengths are drawn by a Gaussian copula: two normals whose correlation gives the model's
 * rank correlation (Pearson = 2 sin(pi/6 Spearman), Kruskal 1958), each turned into a uniform and
 * looked up in its own quantile table. */
#include "workload/draw.h"
#include <math.h>

enum { STREAM_LENGTHS = 0x6c656e01, STREAM_ARRIVALS = 0x61727201, STREAM_THINKS = 0x74686e01 };

void draw_init(struct draw *d, const struct profile *p, double length_scale, uint64_t seed)
{
    assert(length_scale > 0);
    *d = (struct draw){.profile = p, .length_scale = length_scale};
    if (p && p->learned)
        d->gap_mean = profile_table_mean(p->model.inter_arrival_q);
    rng_init(&d->lengths, seed, STREAM_LENGTHS);
    rng_init(&d->arrivals, seed, STREAM_ARRIVALS);
    rng_init(&d->thinks, seed, STREAM_THINKS);
}

static int32_t scaled(const struct draw *d, double tokens)
{
    double v = round(tokens * d->length_scale);

    return v < 1 ? 1 : v > PROFILE_TOKENS_MAX ? PROFILE_TOKENS_MAX : (int32_t)v;
}

static double uniform_of(double normal)
{
    return 0.5 * erfc(-normal / M_SQRT2);
}

static void draw_learned(struct draw *d, int32_t *input, int32_t *output)
{
    const struct profile_learned *m = &d->profile->model;
    double rho = 2 * sin(M_PI / 6 * m->rank_correlation);
    double a = rng_normal(&d->lengths), b = rng_normal(&d->lengths);

    b = rho * a + sqrt(1 - fmin(rho * rho, 1)) * b;
    *input = scaled(d, round(profile_quantile(m->input_q, uniform_of(a))));
    *output = scaled(d, round(profile_quantile(m->output_q, uniform_of(b))));
}

void draw_lengths(struct draw *d, int32_t *input, int32_t *output, int64_t *row)
{
    const struct profile *p = d->profile;

    *row = -1;
    if (!p) {
        *input = scaled(d, d->fixed_input);
        *output = scaled(d, d->fixed_output);
    } else if (p->learned) {
        draw_learned(d, input, output);
    } else {
        assert(p->row_count > 0);
        *row = (int64_t)d->next_row;
        *input = scaled(d, p->rows[d->next_row].input_tokens);
        *output = scaled(d, p->rows[d->next_row].output_tokens);
        d->next_row = (d->next_row + 1) % p->row_count;
    }
}

static double draw_learned_gap(struct draw *d)
{
    assert(d->profile && d->profile->learned && d->gap_mean > 0);
    return profile_quantile(d->profile->model.inter_arrival_q, rng_unit(&d->arrivals)) /
           d->gap_mean;
}

double draw_unit_gap(struct draw *d, enum arrivals kind, double shape)
{
    switch (kind) {
    case ARRIVALS_REPLAY:
        return draw_learned_gap(d);
    case ARRIVALS_POISSON:
        return rng_exponential(&d->arrivals);
    case ARRIVALS_GAMMA:
        return rng_gamma(&d->arrivals, shape) / shape;
    case ARRIVALS_CONSTANT:
    case ARRIVALS_CLOSED:
        break;
    }
    assert(kind == ARRIVALS_CONSTANT); /* a closed loop has no gaps */
    return 1;
}

int64_t draw_gap(struct draw *d, enum arrivals kind, double rate_per_s, double burstiness)
{
    assert(rate_per_s > 0);
    return llround(draw_unit_gap(d, kind, burstiness) / rate_per_s * 1e9);
}

int64_t draw_think(struct draw *d, int64_t mean_ns, bool exponential)
{
    return exponential ? llround(rng_exponential(&d->thinks) * (double)mean_ns) : mean_ns;
}
