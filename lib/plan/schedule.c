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
 * one; the wait of one that comes after others), input, output, blocks, and the block ids, one
 * integer each; of one that comes after others then whether it has a history, their number, and
 * their positions in its trial. Then, for each item that hangs up, the text "hang-up" with its NUL,
 * its position, time and events. Of a mix then the text "mix" with its NUL, the number of
 * components, the tokens of a block of each, and each item's component. Of slots that change then
 * the text "slots" with its NUL, the number of changes, and time and slots of each.
 */
#include "plan/api.h"
#include "plan/building.h"
#include "plan/patience.h"
#include "plan/ramp.h"
#include "plan/slots.h"
#include <stdlib.h>
#include <string.h>

enum { PROMPT_STREAM = 0x70726f6d, ITEM_FIELDS = 6 };

static void building_release(struct building *b)
{
    mixture_release(b);
    prefix_release(&b->seen);
}
DEFINE_AUTO_HELD(struct building, building_release)

void schedule_free(struct schedule *s)
{
    if (!s)
        return;
    free(s->items);
    free(s->blocks);
    free(s->after);
    free(s->trial_first);
    free(s->slot_steps);
    free(s);
}

static int build_trials(struct building *b)
{
    struct schedule *s = b->s;

    s->trials = (size_t)b->p->trials.count + (b->p->load.capacity_requests > 0);
    s->trial_first = calloc(s->trials + 1, sizeof *s->trial_first);
    if (!s->trial_first)
        return building_no_memory(b);
    for (size_t t = 0; t < s->trials; t++) {
        int r;

        prefix_clear(&b->seen);
        s->trial_first[t] = s->count;
        r = shape_build(b, (uint32_t)t);
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
               : p->load.arrivals == ARRIVALS_REPLAY ? (double)mixture_rows(b)
               : p->load.arrivals == ARRIVALS_CLOSED
                   ? SCHEDULE_CLOSED_ITEMS
                   : b->rate_per_s * (double)p->load.duration_ns / 1e9 * sessions_mean_turns(p);

    return n * p->trials.count + p->load.capacity_requests;
}

static int choose_rate(struct building *b)
{
    const struct plan *p = b->p;
    double n;

    b->rate_per_s = p->load.stage_count      ? ramp_mean_per_s(p->load.laps, p->load.lap_count)
                    : p->load.rate_per_s > 0 ? p->load.rate_per_s
                                             : b->s->production_rate_per_s * p->scale_rate;
    if (p->load.arrivals != ARRIVALS_REPLAY && p->load.arrivals != ARRIVALS_CLOSED &&
        b->rate_per_s <= 0)
        return err_set(b->err, -EINVAL,
                       "load.rate: is missing, and the profile has no rate; write load: {rate: "
                       "4/s}");
    n = expected_items(b);
    return n > SCHEDULE_MAX_ITEMS ? building_too_many(b) : 0;
}

/* Arrivals over the time they were spread on, over all trials but the capacity pilot. */
static double offered_rate(const struct schedule *s, const struct plan *p)
{
    double span_s = 0, n = 0;

    if (p->load.arrivals == ARRIVALS_CLOSED || s->after_count > 0)
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

/* What comes after others: their number and positions in the trial, and whether it has a history.
 */
static void hash_after(struct hasher *h, const struct schedule *s, const struct item *item)
{
    if (item->trigger != TRIGGER_AFTER)
        return;
    hasher_add_i64(h, item->history);
    hasher_add_i64(h, item->after_count);
    for (uint32_t i = 0; i < item->after_count; i++)
        hasher_add_i64(h, (int64_t)(s->after[item->after_first + i] - s->trial_first[item->trial]));
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
    hash_after(h, s, item);
}

/* Behind the items, and only where there are any: a plan without hang-ups keeps its digest. */
static void hash_hang_ups(struct hasher *h, const struct schedule *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct item *item = &s->items[i];

        if (!item->hang_up_ns && !item->hang_up_events)
            continue;
        hasher_add(h, "hang-up", 8);
        hasher_add_i64(h, (int64_t)i);
        hasher_add_i64(h, item->hang_up_ns);
        hasher_add_i64(h, item->hang_up_events);
    }
}

/* Of a mix: the block lengths of its components, and each item's component. */
static void hash_components(struct hasher *h, const struct schedule *s)
{
    if (s->components == 0)
        return;
    hasher_add(h, "mix", 4);
    hasher_add_i64(h, (int64_t)s->components);
    for (size_t i = 0; i < s->components; i++)
        hasher_add_i64(h, s->component_block_tokens[i]);
    for (size_t i = 0; i < s->count; i++)
        hasher_add_i64(h, s->items[i].component);
}

static void hash_slots(struct hasher *h, const struct schedule *s)
{
    if (s->slot_step_count == 0)
        return;
    hasher_add(h, "slots", 6);
    hasher_add_i64(h, (int64_t)s->slot_step_count);
    for (size_t i = 0; i < s->slot_step_count; i++) {
        hasher_add_i64(h, s->slot_steps[i].at_ns);
        hasher_add_i64(h, s->slot_steps[i].slots);
    }
}

static int digest_items(struct building *b)
{
    AUTO(hasher_free) struct hasher *h = hasher_new();
    struct schedule *s = b->s;

    if (!h)
        return building_no_memory(b);
    hasher_add_i64(h, (int64_t)s->prompt_seed);
    hasher_add_i64(h, s->block_tokens);
    hasher_add_i64(h, (int64_t)s->trials);
    hasher_add_i64(h, (int64_t)s->count);
    for (size_t i = 0; i < s->count; i++)
        hash_item(h, s, &s->items[i]);
    hash_hang_ups(h, s);
    hash_components(h, s);
    hash_slots(h, s);
    s->digest = hasher_end(h);
    return 0;
}

static int build(struct building *b)
{
    const struct plan *p = b->p;
    struct rng rng;
    int r = mixture_open(b);

    if (r == 0)
        r = choose_rate(b);
    if (r < 0)
        return r;
    rng_init(&rng, p->seed, PROMPT_STREAM);
    b->s->prompt_seed = rng_u64(&rng);
    draw_init(&b->draw, *p->profile ? &b->kinds[0].profile : NULL, p->scale_lengths, p->seed);
    patience_init(&b->patience, p);
    b->asks_output = plan_asks_output(p);
    r = sessions_init(b);
    if (r == 0)
        r = build_trials(b);
    if (r == 0)
        r = slots_build(b->s, p, b->err);
    if (r < 0)
        return r;
    if (groups_number(b->s) < 0)
        return building_no_memory(b);
    b->s->offered_per_s = offered_rate(b->s, p);
    return digest_items(b);
}

int64_t schedule_last_at(const struct schedule *s, size_t trial)
{
    size_t i = s->trial_first[trial + 1];

    while (i > s->trial_first[trial])
        if (s->items[--i].trigger == TRIGGER_AT)
            return s->items[i].at_ns;
    return TIME_NONE;
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
