/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/items.c - one item more: its prefix, its history, what it comes after. */
#include "base/vec.h"
#include "plan/building.h"
#include "plan/patience.h"
#include <math.h>

enum { BLOCKS_MAX = 500000000, AFTER_MAX = 500000000 };

int building_no_memory(const struct building *b)
{
    return err_set(b->err, -ENOMEM, "schedule: out of memory after %zu items", b->s->count);
}

int building_too_many(const struct building *b)
{
    return err_set(b->err, -EINVAL,
                   "schedule: more than %d items; shorten load.duration or load.requests, lower "
                   "load.rate or trials.count",
                   SCHEDULE_MAX_ITEMS);
}

int32_t building_scaled(int32_t tokens, double factor)
{
    double v = round(tokens * factor);

    return v < 1 ? 1 : v > PROFILE_TOKENS_MAX ? PROFILE_TOKENS_MAX : (int32_t)v;
}

/* Copies the row's blocks as far as the prompt covers them. */
static int add_row_blocks(struct building *b, struct item *item, int64_t row)
{
    const struct kind *k = kind_of(b, item);
    const struct profile_row *from = &k->profile.rows[row];
    uint32_t fit = (uint32_t)(item->input_tokens / k->block_tokens);
    uint32_t n = from->block_count < fit ? from->block_count : fit;

    if (b->s->block_count + n > BLOCKS_MAX)
        return err_set(b->err, -EINVAL, "schedule: more than %d prefix blocks; use fewer requests",
                       BLOCKS_MAX);
    for (uint32_t i = 0; i < n; i++)
        if (VEC_PUSH(b->s->blocks, b->s->block_count, b->block_cap,
                     k->block_offset + k->profile.blocks[from->block_first + i]) < 0)
            return building_no_memory(b);
    item->block_count = n;
    return 0;
}

static int add_blocks(struct building *b, struct item *item, int64_t row)
{
    const struct kind *k = kind_of(b, item);

    if (!k->block_tokens)
        return 0;
    if (row >= 0 && k->profile.rows)
        return add_row_blocks(b, item, row);
    if (!k->fixed)
        return 0;
    if (VEC_PUSH(b->s->blocks, b->s->block_count, b->block_cap, k->block_offset) < 0)
        return building_no_memory(b);
    item->block_count = 1; /* the shared prefix */
    return 0;
}

int building_after(struct building *b, struct item *item, size_t position)
{
    struct schedule *s = b->s;
    uint32_t turn = s->items[position].turn + 1;

    assert(position < s->count);
    if (s->after_count >= AFTER_MAX)
        return err_set(b->err, -EINVAL, "schedule: requests come after more than %d others in all",
                       AFTER_MAX);
    if (item->after_count == 0)
        item->after_first = (uint32_t)s->after_count;
    if (VEC_PUSH(s->after, s->after_count, b->after_cap, (uint32_t)position) < 0)
        return building_no_memory(b);
    item->after_count++;
    item->turn = turn > item->turn ? turn : item->turn;
    return 0;
}

/* A later turn: what it begins with is what the turn before was asked, and the answer. */
static int add_turn(struct building *b, struct item *item)
{
    const struct item *before = schedule_history(b->s, item);
    int64_t history = (int64_t)before->input_tokens + before->output_tokens;

    if (item->turn > SCHEDULE_MAX_TURNS)
        return err_set(b->err, -EINVAL, "schedule: a session of more than %d turns",
                       SCHEDULE_MAX_TURNS);
    if (item->input_tokens <= history || item->input_tokens > PROFILE_TOKENS_MAX)
        return err_set(b->err, -EINVAL,
                       "schedule: a session's prompt grows beyond %d tokens; give it fewer or "
                       "shorter turns",
                       PROFILE_TOKENS_MAX);
    item->reuse_tokens = before->input_tokens;
    return 0;
}

static int add_prefix(struct building *b, struct item *item, int64_t row)
{
    uint32_t known = 0;
    int r;

    item->block_first = (uint32_t)b->s->block_count;
    r = add_blocks(b, item, row);
    if (r < 0)
        return r;
    if (item->block_count > 0 &&
        prefix_add(&b->seen, &known, b->s->blocks + item->block_first, item->block_count) < 0)
        return building_no_memory(b);
    item->reuse_tokens = (int32_t)known * kind_of(b, item)->block_tokens;
    return 0;
}

int building_item(struct building *b, struct item item, int64_t row)
{
    int r;

    if (b->s->count >= SCHEDULE_MAX_ITEMS)
        return building_too_many(b);
    if (!b->asks_output)
        item.output_tokens = 0;
    r = item.history ? add_turn(b, &item) : add_prefix(b, &item, row);
    if (r < 0)
        return r;
    if (item.trial < (uint32_t)b->p->trials.count) /* a capacity pilot waits for its answers */
        patience_draw(&b->patience, b->p, &item);
    return VEC_PUSH(b->s->items, b->s->count, b->item_cap, item) < 0 ? building_no_memory(b) : 0;
}

int building_drawn(struct building *b, struct item item)
{
    int64_t row = -1;

    draw_lengths(&kind_of(b, &item)->lengths, &item.input_tokens, &item.output_tokens, &row);
    if (item.history) {
        const struct item *before = schedule_history(b->s, &item);
        int64_t all = (int64_t)before->input_tokens + before->output_tokens + item.input_tokens;

        item.input_tokens = all > INT32_MAX ? INT32_MAX : (int32_t)all;
    }
    return building_item(b, item, row);
}
