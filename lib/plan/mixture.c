/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/plan/mixture.c - the kinds of requests a schedule is made of: one, or those of workload.mix.
 *
 * Each kind has lengths from a stream of its own, and which kind an arrival is comes from one more
 * stream, one draw an arrival, so that a longer schedule begins with the shorter one. Blocks of
 * different kinds are never the same: the numbers of each begin behind the last of the one before.
 */
#include "plan/building.h"
#include <stdlib.h>
#include <string.h>

enum { STREAM_MIX = 0x6d697801 };

void mixture_release(struct building *b)
{
    for (size_t i = 0; i < b->kind_count; i++) {
        profile_release(&b->kinds[i].profile);
        free(b->kinds[i].positions);
    }
    free(b->kinds);
}

static int cut_slice(struct building *b, struct profile *profile)
{
    const struct plan *p = b->p;
    struct err why = {0};
    int64_t for_ns = p->slice_for_ns ? p->slice_for_ns : INT64_MAX - p->slice_from_ns;
    int r = (p->slice_from_ns || p->slice_for_ns) && !profile->learned
                ? profile_slice(profile, p->slice_from_ns, for_ns, &why)
                : 0;

    return r < 0 ? err_set(b->err, r, "workload.slice: %.200s", why.text) : 0;
}

static int open_kind(struct building *b, struct kind *k, const struct plan_component *c,
                     uint64_t seed)
{
    int r;

    k->share = c->share;
    if (*c->profile) {
        r = plan_profile_named(&k->profile, b->p, c->profile, c->profile_digest, b->err);
        if (r == 0)
            r = cut_slice(b, &k->profile);
        if (r < 0)
            return r;
    }
    draw_init(&k->lengths, *c->profile ? &k->profile : NULL, b->p->scale_lengths, seed);
    k->lengths.fixed_input = c->fixed_input;
    k->lengths.fixed_output = c->fixed_output;
    k->block_tokens = c->shared_prefix;
    if (k->profile.header.block_tokens > 0 && k->profile.block_count > 0)
        k->block_tokens = building_scaled(k->profile.header.block_tokens, b->p->scale_lengths);
    k->fixed = !*c->profile;
    return 0;
}

static uint32_t last_block(const struct kind *k)
{
    uint32_t last = 0;

    for (size_t i = 0; i < k->profile.block_count; i++)
        last = k->profile.blocks[i] > last ? k->profile.blocks[i] : last;
    return last;
}

static int prepare_mix(struct building *b)
{
    uint64_t offset = 0;

    for (size_t i = 0; i < b->kind_count; i++) {
        struct kind *k = &b->kinds[i];

        k->positions = calloc(k->profile.row_count + 1, sizeof *k->positions);
        if (!k->positions)
            return building_no_memory(b);
        k->block_offset = (uint32_t)offset;
        offset += (uint64_t)last_block(k) + 1;
        if (offset > UINT32_MAX)
            return err_set(b->err, -EINVAL, "workload.mix: more than 2^32 prefix blocks");
        b->s->component_block_tokens[i] = k->block_tokens;
    }
    b->s->components = b->kind_count;
    return 0;
}

/* The plan's one workload as a component. */
static struct plan_component whole(const struct plan *p)
{
    return (struct plan_component){.share = 1,
                                   .profile = p->profile,
                                   .profile_digest = p->profile_digest,
                                   .fixed_input = p->fixed_input,
                                   .fixed_output = p->fixed_output,
                                   .shared_prefix = p->shared_prefix};
}

static void learn_rates(struct building *b)
{
    struct schedule *s = b->s;

    for (size_t i = 0; i < b->kind_count; i++) {
        const struct profile *f = &b->kinds[i].profile;
        double span_s = 0;

        if (f->learned) {
            s->production_rate_per_s += f->model.rate_per_s;
            span_s = f->model.span_s;
        } else if (f->row_count > 1) {
            span_s = (double)f->rows[f->row_count - 1].at_ns / 1e9;
            if (span_s > 0)
                s->production_rate_per_s += (double)(f->row_count - 1) / span_s;
        }
        if (span_s > s->production_span_s)
            s->production_span_s = span_s;
    }
}

int mixture_open(struct building *b)
{
    const struct plan *p = b->p;
    const struct plan_component one = whole(p), *list = p->mix_count ? p->mix : &one;
    size_t count = p->mix_count ? p->mix_count : 1;
    int r = 0;

    b->kinds = calloc(count, sizeof *b->kinds);
    if (!b->kinds)
        return building_no_memory(b);
    b->kind_count = count;
    rng_init(&b->mixing, p->seed, STREAM_MIX);
    for (size_t i = 0; i < count && r == 0; i++)
        r = open_kind(b, &b->kinds[i], &list[i],
                      p->mix_count ? p->seed + (i + 1) * UINT64_C(0x9e3779b97f4a7c15) : p->seed);
    if (r == 0 && p->mix_count)
        r = prepare_mix(b);
    if (r < 0)
        return r;
    if (!p->mix_count) {
        b->s->block_tokens = b->kinds[0].block_tokens;
        b->s->profile_digest = b->kinds[0].profile.digest;
    }
    learn_rates(b);
    return 0;
}

uint8_t mixture_draw(struct building *b)
{
    double u = b->kind_count > 1 ? rng_unit(&b->mixing) : 0;
    size_t i = 0;

    for (; i + 1 < b->kind_count && u >= b->kinds[i].share; i++)
        u -= b->kinds[i].share;
    return (uint8_t)i;
}

struct kind *kind_of(const struct building *b, const struct item *item)
{
    return &b->kinds[item->component];
}

/* Of the kinds whose next row is still to come, the one whose is the earliest. */
struct kind *mixture_next_row(const struct building *b)
{
    struct kind *next = NULL;

    for (size_t i = 0; i < b->kind_count; i++) {
        struct kind *k = &b->kinds[i];

        if (k->next_row < k->profile.row_count &&
            (!next ||
             k->profile.rows[k->next_row].at_ns < next->profile.rows[next->next_row].at_ns))
            next = k;
    }
    return next;
}

size_t mixture_rows(const struct building *b)
{
    size_t rows = 0;

    for (size_t i = 0; i < b->kind_count; i++)
        rows += b->kinds[i].profile.row_count;
    return rows;
}
