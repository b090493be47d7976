/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/follow.c - items that come after others (load/chain.h) in the engine's turn.
 *
 * They become due in another order than the schedule's, so those due soon are rendered ahead into a
 * short list of their own, by due time; what becomes due faster than that is rendered when it is
 * due. A user's slot of a closed loop is kept for the whole session.
 */
#include "load/inside.h"
#include <string.h>

#define SOON_NS (200 * NS_PER_MS)

int follow_init(struct engine *e)
{
    return chain_new(&e->chain, e->config, e->thread, e->threads);
}

int64_t follow_due(const struct engine *e)
{
    if (!e->chain)
        return INT64_MAX;
    return i64_min(chain_due(e->chain), e->soon_count ? e->soon[0].due_ns : INT64_MAX);
}

bool follow_all_started(const struct engine *e)
{
    return !e->chain || e->followed + chain_skipped(e->chain) == chain_dependents(e->chain);
}

int32_t follow_never_started(const struct engine *e)
{
    if (!e->chain)
        return 0;
    return (int32_t)(chain_dependents(e->chain) - chain_skipped(e->chain) - e->followed);
}

static bool wants_render(const struct engine *e)
{
    int64_t due_ns = e->chain ? chain_due(e->chain) : INT64_MAX;

    return due_ns < INT64_MAX && due_ns - e->now_ns < SOON_NS;
}

static struct soon render_first(struct engine *e)
{
    struct soon s = {.due_ns = chain_due(e->chain)};

    s.ready = pace_rendered(e, chain_take(e->chain));
    return s;
}

bool follow_render(struct engine *e)
{
    int32_t place = e->soon_count;
    struct soon s;

    if (!wants_render(e) || e->soon_count == FOLLOW_AHEAD || e->buffers_left == 0)
        return false;
    s = render_first(e);
    for (; place > 0 && s.due_ns < e->soon[place - 1].due_ns; place--)
        e->soon[place] = e->soon[place - 1];
    e->soon[place] = s;
    e->soon_count++;
    return true;
}

bool follow_release(struct engine *e)
{
    struct soon s;

    if (e->soon_count > 0 && e->soon[0].due_ns <= chain_due(e->chain)) {
        s = e->soon[0];
        memmove(e->soon, e->soon + 1, (size_t)--e->soon_count * sizeof e->soon[0]);
    } else if (e->buffers_left > 0) {
        s = render_first(e);
    } else {
        return false; /* all buffers are out: one comes back when a request is sent */
    }
    e->followed++;
    pace_start(e, &s.ready, s.due_ns);
    return true;
}

void follow_ended(struct engine *e, uint32_t index, bool well, int64_t time_ns)
{
    const struct item *items = e->config->schedule->items;
    uint32_t first = index;

    if (e->chain) {
        struct chain_end end = chain_ended(e->chain, index, well, time_ns);

        if (!end.last)
            return;
        first = end.first;
    }
    if (e->closed)
        pace_slot_free(e, time_ns + items[first].think_ns);
}
