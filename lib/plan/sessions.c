/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/plan/sessions.c - requests that come after others: drawn sessions, and a profile's rows.
 *
 * The number of turns and the waits before them are streams of their own, and lengths are drawn
 * turn by turn, so a longer schedule begins with the shorter one, which may end inside a session.
 */
#include "plan/api.h"
#include "plan/building.h"
#include <math.h>

enum { TURNS_STREAM = 0x7475726e, WAITS_STREAM = 0x77616974 };

/* Of a profile whose rows wait for others: what would take them apart. */
static const char *unfit(const struct plan *p)
{
    if (p->load.arrivals != ARRIVALS_REPLAY)
        return "load.arrivals: would take the profile's sessions apart; only replay keeps them";
    if (p->load.capacity_requests)
        return "load.capacity.requests: measures independent requests, but rows of the profile "
               "wait for others; leave it out";
    if (!plan_asks_output(p))
        return "target.api: gives no answers of some length, which the later turns of the "
               "profile's sessions begin with";
    return NULL;
}

int sessions_init(struct building *b)
{
    const char *why = unfit(b->p);

    rng_init(&b->turns, b->p->seed, TURNS_STREAM);
    rng_init(&b->waits, b->p->seed, WAITS_STREAM);
    for (size_t i = 0; i < b->kind_count && why; i++)
        if (b->kinds[i].profile.after_count > 0)
            return err_set(b->err, -EINVAL, "%s", why);
    return 0;
}

double sessions_mean_turns(const struct plan *p)
{
    const struct plan_turns *t = &p->sessions.turns;

    return t->mean > 0 ? t->mean : t->most > 0 ? ((double)t->least + t->most) / 2 : 1;
}

/* One turn and, of the mean m, each further one with probability 1 - 1/m. */
static int32_t draw_turns(struct building *b)
{
    const struct plan_turns *t = &b->p->sessions.turns;
    double more;

    if (t->mean == 0)
        return t->least + (int32_t)rng_below(&b->turns, (uint64_t)(t->most - t->least + 1));
    more = t->mean > 1 ? floor(rng_exponential(&b->turns) / -log1p(-1 / t->mean)) : 0;
    return more < SCHEDULE_MAX_TURNS - 1 ? 1 + (int32_t)more : SCHEDULE_MAX_TURNS;
}

static int64_t draw_wait(struct building *b)
{
    int64_t mean_ns = b->p->sessions.think_ns;

    return b->p->sessions.think_exponential ? llround(rng_exponential(&b->waits) * (double)mean_ns)
                                            : mean_ns;
}

static int add_turn(struct building *b, uint32_t trial)
{
    struct item item = {
        .at_ns = TIME_NONE, .trial = trial, .trigger = TRIGGER_AFTER, .history = true};
    int r = building_after(b, &item, b->s->count - 1);

    item.component = b->s->items[b->s->count - 1].component;
    item.think_ns = draw_wait(b);
    return r < 0 ? r : building_drawn(b, item);
}

int building_arrival(struct building *b, struct item first, int64_t most)
{
    int64_t turns = 1;
    int r;

    first.component = mixture_draw(b);
    r = building_drawn(b, first);

    if (b->p->sessions.turns.most > 0)
        turns = i64_min(draw_turns(b), most);
    for (int64_t i = 1; i < turns && r == 0; i++)
        r = add_turn(b, first.trial);
    return r;
}

/* Scaling rounds each length; what a turn adds stays at least one token. */
static void grow(const struct building *b, struct item *item, const struct profile_row *row)
{
    const struct item *before = schedule_history(b->s, item);
    const struct profile *profile = &kind_of(b, item)->profile;
    const struct profile_row *from = &profile->rows[profile->after[row->after_first]];
    int32_t own = row->input_tokens - from->input_tokens - from->output_tokens;
    int64_t all = (int64_t)before->input_tokens + before->output_tokens +
                  building_scaled(own, b->p->scale_lengths);

    item->input_tokens = all > INT32_MAX ? INT32_MAX : (int32_t)all;
}

int building_row(struct building *b, struct item item, size_t row)
{
    const struct kind *k = kind_of(b, &item);
    const struct profile_row *from = &k->profile.rows[row];
    size_t first = b->s->trial_first[item.trial];

    for (uint32_t i = 0; i < from->after_count; i++) {
        uint32_t before = k->profile.after[from->after_first + i];
        int r = building_after(b, &item, k->positions ? k->positions[before] : first + before);

        if (r < 0)
            return r;
    }
    if (item.after_count > 0) {
        item.at_ns = TIME_NONE;
        item.trigger = TRIGGER_AFTER;
        item.think_ns = llround((double)from->delay_ns / b->p->load.speedup);
        item.history = from->history;
    }
    if (item.history)
        grow(b, &item, from);
    return building_item(b, item, (int64_t)row);
}
