/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/keep.c - what becomes of a connection between two requests.
 *
 * Servers announce keep-alive after an event stream and close all the same. So the first few
 * connections that carried a stream are kept aside and watched: closed within WATCH_NS, and none is
 * used again after a stream; alive after it, and all are. (A plain answer's announcement is
 * believed.) One that was believed and is dead all the same is conn.c's stale case.
 */
#include "load/inside.h"

void keep_close(struct engine *e, struct conn *c)
{
    deadline_clear(e, c);
    account_close(e, c);
    transport_close(e, c);
    if (c->fd >= 0)
        e->ops->close(e->loop, c->fd);
    c->fd = -1;
    c->generation++;
}

void keep_free(struct engine *e, struct conn *c)
{
    keep_close(e, c);
    c->state = CONN_FREE;
    list_add(e, &e->free, c);
}

void keep_drop(struct engine *e, struct conn *c)
{
    assert(c->state == CONN_IDLE || c->state == CONN_WATCHED);
    list_remove(e, c->state == CONN_IDLE ? &e->idle : &e->watched, c);
    keep_free(e, c);
}

/* The rest of its slot began with the answer's last byte: with that time it is known again. */
static int64_t slot_after(const struct engine *e, const struct conn *c)
{
    return c->last_ns + e->config->schedule->items[c->sample].think_ns;
}

static void become_idle(struct engine *e, struct conn *c)
{
    c->slot_ns = slot_after(e, c);
    deadline_clear(e, c);
    c->state = CONN_IDLE;
    list_add(e, &e->idle, c);
}

static void become_watched(struct engine *e, struct conn *c)
{
    c->state = CONN_WATCHED;
    list_add(e, &e->watched, c);
    deadline_set(e, c, e->now_ns + WATCH_NS);
}

/* Believes what a server does, not what it says. */
void keep_or_free(struct engine *e, struct conn *c)
{
    bool doubtful = c->response.is_sse && e->config->keep == LOAD_KEEP_AUTO;

    if (e->config->keep == LOAD_KEEP_NEVER || (doubtful && e->sse_keeps == KEEPS_NO))
        keep_free(e, c);
    else if (!doubtful || e->sse_keeps == KEEPS_YES)
        become_idle(e, c);
    else if (e->watched.count < ENGINE_WATCHED)
        become_watched(e, c);
    else
        keep_free(e, c);
}

/* An idle connection has nothing to say: whatever it reports, it is of no more use. */
void keep_idle_event(struct engine *e, struct conn *c)
{
    if (c->state == CONN_WATCHED)
        e->sse_keeps = KEEPS_NO;
    keep_drop(e, c);
    while (e->sse_keeps == KEEPS_NO && (c = list_first(e, &e->watched)))
        keep_drop(e, c);
}

/* It lived through the watch: this server keeps connections, the others may be used, too. */
void keep_seen(struct engine *e)
{
    struct conn *c;

    e->sse_keeps = KEEPS_YES;
    while ((c = list_first(e, &e->watched))) {
        list_remove(e, &e->watched, c);
        become_idle(e, c);
    }
}

static struct conn *next_of(const struct engine *e, const struct conn *c)
{
    return c->next == NO_CONN ? NULL : &e->conns[c->next];
}

/* The connection of the slot that goes on at @due_ns; the one that rests longest is looked at
 * first. NULL: it was closed, or there was none yet. */
static struct conn *own_idle(struct engine *e, int64_t due_ns)
{
    struct conn *c = list_first(e, &e->idle);

    while (c && c->slot_ns != due_ns)
        c = next_of(e, c);
    if (!c && e->free.count == 0) /* of a slot that opened another meanwhile */
        keep_drop(e, list_first(e, &e->idle));
    return c;
}

/* The last idle one has been idle for the shortest time: the likeliest to be alive. */
struct conn *keep_take(struct engine *e, int64_t due_ns)
{
    struct conn *c = e->config->own_connections ? own_idle(e, due_ns) : list_last(e, &e->idle);

    if (c) {
        list_remove(e, &e->idle, c);
        c->reused = true;
        return c;
    }
    c = list_last(e, &e->free);
    assert(c); /* no more are in flight than the cap, or watched than ENGINE_WATCHED */
    list_remove(e, &e->free, c);
    c->reused = false;
    return c;
}
