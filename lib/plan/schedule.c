/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/plan/schedule.c - builds the frozen list of items.
 *
 * One stream of lengths and one of gaps (workload/draw.h) run through all trials of a drawn
 * schedule, item by item: item k takes one draw of each, so a longer schedule begins with the
 * shorter one. A gap drawn beyond the end of a trial is dropped, and its lengths are not drawn.
 * Drawn arrivals begin with a gap; constant ones at 0. A replay takes the profile's rows as they
 * are, in each trial.
 *
 * The digest is SHA-256 over little-endian 64-bit integers: prompt seed, block tokens, trials,
 * items; then for each item trial, trigger, at_ns (the rest after the answer of an item that has
 * one), input, output, blocks, and the block ids, one integer each.
 */
#include "plan/schedule.h"
#include "base/vec.h"
#include "plan/prefix.h"
#include "plan/ramp.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PROMPT_STREAM = 0x70726f6d, BLOCKS_MAX = 500000000, ITEM_FIELDS = 6 };

struct building {
    struct schedule *s;
    const struct plan *p;
    struct profile profile;
    struct draw draw;
    struct prefix_set seen;
    size_t item_cap, block_cap;
    double rate_per_s;
    struct err *err;
};

static void building_release(struct building *b)
{
    profile_release(&b->profile);
    prefix_release(&b->seen);
}
DEFINE_AUTO_HELD(struct building, building_release)

void schedule_free(struct schedule *s)
{
    if (!s)
        return;
    free(s->items);
    free(s->blocks);
    free(s->trial_first);
    free(s);
}

static int no_memory(const struct building *b)
{
    return err_set(b->err, -ENOMEM, "schedule: out of memory after %zu items", b->s->count);
}

static int too_many(const struct building *b)
{
    return err_set(b->err, -EINVAL,
                   "schedule: more than %d items; shorten load.duration or load.requests, lower "
                   "load.rate or trials.count",
                   SCHEDULE_MAX_ITEMS);
}

static int32_t scaled(int32_t tokens, double factor)
{
    double v = round(tokens * factor);

    return v < 1 ? 1 : v > PROFILE_TOKENS_MAX ? PROFILE_TOKENS_MAX : (int32_t)v;
}

/* Copies the row's blocks as far as the prompt covers them. */
static int add_row_blocks(struct building *b, struct item *item, int64_t row)
{
    const struct profile_row *from = &b->profile.rows[row];
    uint32_t fit = (uint32_t)(item->input_tokens / b->s->block_tokens);
    uint32_t n = from->block_count < fit ? from->block_count : fit;

    if (b->s->block_count + n > BLOCKS_MAX)
        return err_set(b->err, -EINVAL, "schedule: more than %d prefix blocks; use fewer requests",
                       BLOCKS_MAX);
    for (uint32_t i = 0; i < n; i++)
        if (VEC_PUSH(b->s->blocks, b->s->block_count, b->block_cap,
                     b->profile.blocks[from->block_first + i]) < 0)
            return no_memory(b);
    item->block_count = n;
    return 0;
}

static int add_blocks(struct building *b, struct item *item, int64_t row)
{
    if (!b->s->block_tokens)
        return 0;
    if (row >= 0 && b->profile.rows)
        return add_row_blocks(b, item, row);
    if (*b->p->profile)
        return 0;
    if (VEC_PUSH(b->s->blocks, b->s->block_count, b->block_cap, 0) < 0)
        return no_memory(b);
    item->block_count = 1; /* the shared prefix */
    return 0;
}

static int add_item(struct building *b, struct item item, int64_t row)
{
    uint32_t known = 0;
    int r;

    if (b->s->count >= SCHEDULE_MAX_ITEMS)
        return too_many(b);
    item.block_first = (uint32_t)b->s->block_count;
    r = add_blocks(b, &item, row);
    if (r < 0)
        return r;
    if (item.block_count > 0 &&
        prefix_add(&b->seen, &known, b->s->blocks + item.block_first, item.block_count) < 0)
        return no_memory(b);
    item.reuse_tokens = (int32_t)known * b->s->block_tokens;
    return VEC_PUSH(b->s->items, b->s->count, b->item_cap, item) < 0 ? no_memory(b) : 0;
}

/* With lengths from the draw; @item has the rest. */
static int add_drawn(struct building *b, struct item item)
{
    int64_t row = -1;

    draw_lengths(&b->draw, &item.input_tokens, &item.output_tokens, &row);
    return add_item(b, item, row);
}

/* When a replayed row is due; longer than the clock counts never is. */
static int64_t replay_time(const struct plan *p, int64_t row_ns)
{
    double at = round((double)row_ns / (p->load.speedup * p->scale_rate));

    return at < 9e18 ? (int64_t)at : INT64_MAX;
}

static int build_replay(struct building *b, uint32_t trial)
{
    const struct plan *p = b->p;
    int64_t limit = p->load.requests ? p->load.requests : INT64_MAX;
    int64_t end_ns = p->load.duration_ns ? p->load.duration_ns : INT64_MAX;

    for (size_t i = 0; i < b->profile.row_count && (int64_t)i < limit; i++) {
        const struct profile_row *row = &b->profile.rows[i];
        struct item item = {.at_ns = replay_time(p, row->at_ns),
                            .trial = trial,
                            .trigger = TRIGGER_AT,
                            .input_tokens = scaled(row->input_tokens, p->scale_lengths),
                            .output_tokens = scaled(row->output_tokens, p->scale_lengths)};
        int r;

        if (item.at_ns >= end_ns)
            break;
        r = add_item(b, item, (int64_t)i);
        if (r < 0)
            return r;
    }
    return 0;
}

static int build_open(struct building *b, uint32_t trial)
{
    const struct plan *p = b->p;
    int64_t limit = p->load.requests ? p->load.requests : INT64_MAX;
    int64_t end_ns = p->load.duration_ns ? p->load.duration_ns : INT64_MAX;
    int64_t at_ns = 0;

    for (int64_t i = 0; i < limit; i++) {
        int64_t gap = i == 0 && p->load.arrivals == ARRIVALS_CONSTANT
                          ? 0
                          : draw_gap(&b->draw, p->load.arrivals, b->rate_per_s, p->load.burstiness);
        int r;

        if (gap >= end_ns - at_ns)
            break;
        at_ns += gap;
        r = add_drawn(b, (struct item){.at_ns = at_ns, .trial = trial, .trigger = TRIGGER_AT});
        if (r < 0)
            return r;
    }
    return 0;
}

static int build_stages(struct building *b, uint32_t trial)
{
    const struct plan *p = b->p;
    int64_t at_ns = 0;

    for (int64_t i = 0;; i++) {
        double unit = i == 0 && p->load.arrivals == ARRIVALS_CONSTANT
                          ? 0
                          : draw_unit_gap(&b->draw, p->load.arrivals, p->load.burstiness);
        int r;

        at_ns = ramp_next(p->load.stages, p->load.stage_count, at_ns, unit);
        if (at_ns == TIME_NONE)
            return 0;
        r = add_drawn(b, (struct item){.at_ns = at_ns, .trial = trial, .trigger = TRIGGER_AT});
        if (r < 0)
            return r;
    }
}

static int build_closed(struct building *b, uint32_t trial)
{
    const struct plan *p = b->p;
    int64_t n = p->load.requests ? p->load.requests : SCHEDULE_CLOSED_ITEMS;
    struct item item = {.at_ns = TIME_NONE, .trial = trial, .trigger = TRIGGER_SLOT_FREE};

    for (int64_t i = 0; i < n; i++) {
        int r;

        item.think_ns = draw_think(&b->draw, p->load.think_ns, p->load.think_exponential);
        r = add_drawn(b, item);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The same kind of requests as the trials', evenly from the whole slice, as fast as they are
 * served. */
static int build_capacity(struct building *b, uint32_t trial)
{
    int64_t n = b->p->load.capacity_requests;

    for (int64_t i = 0; i < n; i++) {
        int r;

        if (b->profile.rows)
            b->draw.next_row = (size_t)(i * (int64_t)b->profile.row_count / n);
        r = add_drawn(
            b, (struct item){.at_ns = TIME_NONE, .trial = trial, .trigger = TRIGGER_SLOT_FREE});
        if (r < 0)
            return r;
    }
    return 0;
}

static int build_trial(struct building *b, uint32_t trial)
{
    if (trial == (uint32_t)b->p->trials.count)
        return build_capacity(b, trial);
    switch (b->p->load.arrivals) {
    case ARRIVALS_REPLAY:
        return build_replay(b, trial);
    case ARRIVALS_CLOSED:
        return build_closed(b, trial);
    default:
        return b->p->load.stage_count ? build_stages(b, trial) : build_open(b, trial);
    }
}

static int build_trials(struct building *b)
{
    struct schedule *s = b->s;

    s->trials = (size_t)b->p->trials.count + (b->p->load.capacity_requests > 0);
    s->trial_first = calloc(s->trials + 1, sizeof *s->trial_first);
    if (!s->trial_first)
        return no_memory(b);
    for (size_t t = 0; t < s->trials; t++) {
        int r;

        prefix_clear(&b->seen);
        s->trial_first[t] = s->count;
        r = build_trial(b, (uint32_t)t);
        if (r < 0)
            return r;
        if (s->count == s->trial_first[t])
            return err_set(b->err, -EINVAL,
                           "schedule: trial %zu has no items; lengthen load.duration or "
                           "workload.slice, or raise the rate",
                           t + 1);
    }
    s->trial_first[s->trials] = s->count;
    return 0;
}

/* The number of items, before they are built; by expectation where they are drawn. */
static double expected_items(const struct building *b)
{
    const struct plan *p = b->p;
    double n = p->load.requests                      ? (double)p->load.requests
               : p->load.arrivals == ARRIVALS_REPLAY ? (double)b->profile.row_count
               : p->load.arrivals == ARRIVALS_CLOSED
                   ? SCHEDULE_CLOSED_ITEMS
                   : b->rate_per_s * (double)p->load.duration_ns / 1e9;

    return n * p->trials.count + p->load.capacity_requests;
}

static void learn_rate(struct building *b)
{
    const struct profile *f = &b->profile;
    struct schedule *s = b->s;

    if (f->learned) {
        s->production_rate_per_s = f->model.rate_per_s;
        s->production_span_s = f->model.span_s;
    } else if (f->row_count > 1) {
        s->production_span_s = (double)f->rows[f->row_count - 1].at_ns / 1e9;
        if (s->production_span_s > 0)
            s->production_rate_per_s = (double)(f->row_count - 1) / s->production_span_s;
    }
}

static int cut_slice(struct building *b)
{
    const struct plan *p = b->p;
    struct err why = {0};
    int64_t for_ns = p->slice_for_ns ? p->slice_for_ns : INT64_MAX - p->slice_from_ns;
    int r = p->slice_from_ns || p->slice_for_ns
                ? profile_slice(&b->profile, p->slice_from_ns, for_ns, &why)
                : 0;

    return r < 0 ? err_set(b->err, r, "workload.slice: %.200s", why.text) : 0;
}

static int open_profile(struct building *b)
{
    const struct plan *p = b->p;
    int r;

    if (!*p->profile) {
        b->s->block_tokens = p->shared_prefix;
        return 0;
    }
    r = plan_profile(&b->profile, p, b->err);
    if (r == 0)
        r = cut_slice(b);
    if (r < 0)
        return r;
    b->s->profile_digest = b->profile.digest;
    if (b->profile.header.block_tokens > 0 && b->profile.block_count > 0)
        b->s->block_tokens = scaled(b->profile.header.block_tokens, p->scale_lengths);
    learn_rate(b);
    return 0;
}

static int choose_rate(struct building *b)
{
    const struct plan *p = b->p;
    double n;

    b->rate_per_s = p->load.stage_count      ? ramp_mean_per_s(p->load.stages, p->load.stage_count)
                    : p->load.rate_per_s > 0 ? p->load.rate_per_s
                                             : b->s->production_rate_per_s * p->scale_rate;
    if (p->load.arrivals != ARRIVALS_REPLAY && p->load.arrivals != ARRIVALS_CLOSED &&
        b->rate_per_s <= 0)
        return err_set(b->err, -EINVAL,
                       "load.rate: is missing, and the profile has no rate; write load: {rate: "
                       "4/s}");
    n = expected_items(b);
    return n > SCHEDULE_MAX_ITEMS ? too_many(b) : 0;
}

/* Arrivals over the time they were spread on, over all trials but the capacity pilot. */
static double offered_rate(const struct schedule *s, const struct plan *p)
{
    double span_s = 0, n = 0;

    if (p->load.arrivals == ARRIVALS_CLOSED)
        return 0;
    for (size_t t = 0; t < (size_t)p->trials.count; t++) {
        const struct item *first = &s->items[s->trial_first[t]];
        const struct item *last = &s->items[s->trial_first[t + 1] - 1];
        bool fixed_end = p->load.duration_ns && p->load.arrivals != ARRIVALS_REPLAY;

        span_s += (double)(fixed_end ? p->load.duration_ns : last->at_ns - first->at_ns) / 1e9;
        n += (double)(last - first) + fixed_end;
    }
    return span_s > 0 ? n / span_s : 0;
}

static void put_i64(uint8_t **at, int64_t v)
{
    for (int i = 0; i < 8; i++)
        *(*at)++ = (uint8_t)((uint64_t)v >> 8 * i);
}

static void hash_item(struct hasher *h, const struct schedule *s, const struct item *item)
{
    uint8_t bytes[ITEM_FIELDS * 8], *at = bytes;

    put_i64(&at, item->trial);
    put_i64(&at, item->trigger);
    put_i64(&at, item->think_ns ? item->think_ns : item->at_ns);
    put_i64(&at, item->input_tokens);
    put_i64(&at, item->output_tokens);
    put_i64(&at, item->block_count);
    assert(at == bytes + sizeof bytes);
    hasher_add(h, bytes, sizeof bytes);
    for (uint32_t i = 0; i < item->block_count; i++)
        hasher_add_i64(h, s->blocks[item->block_first + i]);
}

static int digest_items(struct building *b)
{
    AUTO(hasher_free) struct hasher *h = hasher_new();
    struct schedule *s = b->s;

    if (!h)
        return no_memory(b);
    hasher_add_i64(h, (int64_t)s->prompt_seed);
    hasher_add_i64(h, s->block_tokens);
    hasher_add_i64(h, (int64_t)s->trials);
    hasher_add_i64(h, (int64_t)s->count);
    for (size_t i = 0; i < s->count; i++)
        hash_item(h, s, &s->items[i]);
    s->digest = hasher_end(h);
    return 0;
}

static int build(struct building *b)
{
    const struct plan *p = b->p;
    struct rng rng;
    int r = open_profile(b);

    if (r == 0)
        r = choose_rate(b);
    if (r < 0)
        return r;
    rng_init(&rng, p->seed, PROMPT_STREAM);
    b->s->prompt_seed = rng_u64(&rng);
    draw_init(&b->draw, *p->profile ? &b->profile : NULL, p->scale_lengths, p->seed);
    b->draw.fixed_input = p->fixed_input;
    b->draw.fixed_output = p->fixed_output;
    r = build_trials(b);
    if (r < 0)
        return r;
    b->s->offered_per_s = offered_rate(b->s, p);
    return digest_items(b);
}

int schedule_build(struct schedule **ret, const struct plan *p, struct err *err)
{
    AUTO(schedule_free) struct schedule *s = calloc(1, sizeof *s);
    AUTO(building_release) struct building b = {.s = s, .p = p, .err = err};
    int r;

    if (!s)
        return err_set(err, -ENOMEM, "schedule: out of memory");
    r = build(&b);
    if (r < 0)
        return r;
    *ret = TAKE(s);
    return 0;
}
