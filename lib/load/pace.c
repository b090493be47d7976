/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/pace.c - when each item is due, and its request ready before it is.
 *
 * Due times are absolute: an item that is released late keeps the time at which it should have been
 * released, so that no delay of ours (or of a full house) is omitted from what is measured.
 */
#include "load/inside.h"

enum { RELEASE_BATCH = 64 }; /* then what has arrived is served first */

bool pace_may_start(const struct engine *e)
{
    int64_t duration_ns = e->config->duration_ns;

    if (e->stopping || pace_next_due(e) == INT64_MAX)
        return false;
    return !e->closed || duration_ns <= 0 || e->now_ns < e->config->start_ns + duration_ns;
}

bool pace_all_started(const struct engine *e)
{
    return e->released == e->share && follow_all_started(e);
}

/* Position in the schedule of this thread's @nth item that waits for no other. */
static uint32_t index_of(const struct engine *e, size_t nth)
{
    if (e->chain)
        return chain_root(e->chain, nth);
    return (uint32_t)(e->config->first + (size_t)e->thread + nth * (size_t)e->threads);
}

static int64_t own_due(const struct engine *e)
{
    if (e->released == e->share)
        return INT64_MAX;
    if (e->closed)
        return e->slots ? i64_min(e->slot_free[0], slots_next_ns(e)) : slots_next_ns(e);
    return e->config->start_ns + e->config->schedule->items[index_of(e, e->released)].at_ns;
}

int64_t pace_next_due(const struct engine *e)
{
    return i64_min(own_due(e), follow_due(e));
}

struct ready pace_rendered(struct engine *e, uint32_t index)
{
    const struct load_render *render = &e->config->render;
    struct ready r = {.index = index, .buffer = buffer_take(e)};

    r.length = render->request(render->ctx, index, buffer_at(e, r.buffer), render->max_bytes);
    assert(r.length > 0 && r.length <= render->max_bytes);
    return r;
}

static bool render_own(struct engine *e)
{
    size_t most = e->chain ? ENGINE_AHEAD / 2 : ENGINE_AHEAD; /* leaves buffers for the others */

    if (e->rendered == e->share || e->rendered - e->released == most || e->buffers_left == 0)
        return false;
    e->ahead[e->rendered % ENGINE_AHEAD] = pace_rendered(e, index_of(e, e->rendered));
    e->rendered++;
    return true;
}

bool pace_render(struct engine *e)
{
    return follow_render(e) || render_own(e);
}

void pace_slot_free(struct engine *e, int64_t from_ns)
{
    int32_t place;

    if (slots_retire(e))
        return;
    place = e->slots++;
    assert(e->slots <= e->cap);
    for (; place > 0 && from_ns < e->slot_free[(place - 1) / 2]; place = (place - 1) / 2)
        e->slot_free[place] = e->slot_free[(place - 1) / 2];
    e->slot_free[place] = from_ns;
}

/* The slot that may be used first is used now. */
static void take_slot(struct engine *e)
{
    int64_t moved_ns = e->slot_free[--e->slots];
    int32_t place = 0;

    for (int32_t child = 1; child < e->slots; child = 2 * place + 1) {
        child += child + 1 < e->slots && e->slot_free[child + 1] < e->slot_free[child];
        if (e->slot_free[child] >= moved_ns)
            break;
        e->slot_free[place] = e->slot_free[child];
        place = child;
    }
    e->slot_free[place] = moved_ns;
}

void pace_start(struct engine *e, const struct ready *ready, int64_t due_ns)
{
    if (!e->closed && due_ns < e->full_until_ns)
        e->report.cap_waits++;
    e->now_ns = e->ops->now(e->loop);
    conn_start(e, ready, due_ns);
}

static bool release_own(struct engine *e)
{
    int64_t due_ns = own_due(e);

    if (e->rendered == e->released && !render_own(e))
        return false; /* all buffers are out: one comes back when a request is sent */
    if (e->closed)
        take_slot(e);
    pace_start(e, &e->ahead[e->released++ % ENGINE_AHEAD], due_ns);
    return true;
}

/* Starts the next item if it is due and can be started. */
static bool release_one(struct engine *e)
{
    if (e->closed)
        slots_adjust(e);
    if (!pace_may_start(e) || pace_next_due(e) > e->now_ns || e->in_flight == e->cap ||
        (e->h2 && !h2_room(e)))
        return false;
    return follow_due(e) < own_due(e) ? follow_release(e) : release_own(e);
}

void pace_release(struct engine *e)
{
    for (int i = 0; i < RELEASE_BATCH && release_one(e); i++)
        ;
}
