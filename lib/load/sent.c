/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/sent.c - when a request left, by the kernel.
 *
 * The first write of a request asks for a stamp of the packet that holds the write's last byte. It
 * is in the socket's error queue when the write returns, unless the packet had to wait; then the
 * queue makes the socket ready, and it is taken before the answer is read. A stamp is known by the
 * place of its byte in the stream, so that a late one is never taken for the next request's.
 */
#include "load/inside.h"

static bool asked(const struct engine *e)
{
    return e->config->send_stamps && e->ops->send_stamped && !e->tls && !e->h2;
}

void sent_connect(struct conn *c)
{
    c->sent_stamp = (struct sent){0};
}

ssize_t sent_send(struct engine *e, struct conn *c, int64_t before_ns, const char *data, size_t len)
{
    struct sent *s = &c->sent_stamp;
    ssize_t n;

    if (!asked(e))
        return transport_send(e, c, data, len);
    n = c->told_sent ? transport_send(e, c, data, len)
                     : e->ops->send_stamped(e->loop, c->fd, data, len);
    if (n <= 0)
        return n;
    s->stream += (uint32_t)n;
    if (!c->told_sent)
        *s = (struct sent){true, s->stream, s->stream - 1, before_ns};
    return n;
}

/* One that lies before the write, or after it was taken, was converted across a step of the clock.
 */
static void take(struct engine *e, struct conn *c, int64_t kernel_ns)
{
    int64_t after_ns = c->sent_stamp.after_ns;

    c->sent_stamp.awaited = false;
    if (kernel_ns < after_ns - ANCHOR_SLACK_NS || kernel_ns > e->now_ns + ANCHOR_SLACK_NS) {
        e->report.sent_steps++;
        e->anchor_at_ns = 0; /* tie the clocks anew at once */
        return;
    }
    e->report.sent_stamps++;
    tell_point(e, c, POINT_SENT_KERNEL, i64_min(i64_max(kernel_ns, after_ns), e->now_ns), 0, 0);
}

bool sent_collect(struct engine *e, struct conn *c)
{
    struct loop_sent stamp;
    bool any = false;

    if (!asked(e) || c->fd < 0)
        return false;
    while (e->ops->sent_stamp(e->loop, c->fd, &stamp)) {
        any = true;
        e->now_ns = e->ops->now(e->loop);
        if (c->sent_stamp.awaited && stamp.last == c->sent_stamp.last && conn_in_flight(c))
            take(e, c, stamp.kernel_ns);
    }
    return any;
}
