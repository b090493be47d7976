/* SPDX-License-Identifier: Apache-2.0 */
/* lib/load/link.c - a connection's socket: connecting, reading with a stamp, watching. */
#include "load/inside.h"

uint64_t conn_tag(const struct engine *e, const struct conn *c)
{
    return (uint64_t)c->generation << 32 | (uint32_t)conn_index(e, c);
}

void link_connect(struct engine *e, struct conn *c)
{
    const struct load_target *target = &e->config->target;

    c->state = CONN_CONNECTING;
    c->active_ns = c->floor_ns = e->now_ns;
    c->writable_watched = true;
    sent_connect(c);
    c->fd = e->ops->connect(e->loop, conn_tag(e, c), (const struct sockaddr *)&target->address,
                            target->address_len);
    e->now_ns = e->ops->now(e->loop);
}

void link_watch(struct engine *e, struct conn *c, bool writable)
{
    if (c->writable_watched != writable)
        e->ops->watch(e->loop, c->fd, conn_tag(e, c), writable);
    c->writable_watched = writable;
}

/* Decides between the kernel's stamp and ours, and counts. A stamp that lies before anything unread
 * can have arrived, or after the read, was converted across a step of the clock. */
static void take_stamp(struct engine *e, struct conn *c, const struct loop_stamp *s)
{
    bool plausible = s->kernel_ns >= c->floor_ns - ANCHOR_SLACK_NS &&
                     s->kernel_ns <= s->user_ns + ANCHOR_SLACK_NS;

    c->last_ns = s->user_ns;
    c->last_flags = 0;
    if (s->kernel_ns != TIME_NONE && plausible) {
        c->last_ns = i64_min(i64_max(s->kernel_ns, c->floor_ns), s->user_ns);
        c->last_flags = REC_KERNEL;
        e->report.kernel_stamps++;
        return;
    }
    e->report.user_stamps++;
    if (s->kernel_ns == TIME_NONE)
        return;
    c->last_flags = REC_STEP;
    e->report.clock_steps++;
    e->anchor_at_ns = 0; /* tie the clocks anew at once */
}

/* What a read left behind may be as old as what it took; when it left nothing, what comes next came
 * after the read began. (Not after its end: a segment may arrive before the clock is looked at.) */
static void raise_floor(struct conn *c, int64_t before_ns, bool emptied)
{
    if (c->last_flags & REC_KERNEL)
        c->floor_ns = i64_max(c->floor_ns, c->last_ns);
    if (emptied)
        c->floor_ns = i64_max(c->floor_ns, before_ns);
}

ssize_t link_read(struct engine *e, struct conn *c, struct tls_read *got)
{
    int64_t before_ns = e->now_ns;
    ssize_t n = transport_recv(e, c, got);

    e->now_ns = got->stamp.user_ns;
    if (got->taken > 0)
        c->active_ns = e->now_ns;
    if (n <= 0)
        return n;
    take_stamp(e, c, &got->stamp);
    raise_floor(c, before_ns, got->taken < got->room);
    c->read_late = meter_read(&e->meter, (ssize_t)got->taken, (ssize_t)got->room,
                              c->last_flags & REC_KERNEL, got->stamp.user_ns - c->last_ns);
    return n;
}
