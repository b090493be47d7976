/* SPDX-License-Identifier: Apache-2.0 */
/* Sequence numbers wrap: they are compared by the sign of their difference (RFC 9293, 3.4). */
#include "load/reassembly.h"
#include <stdlib.h>
#include <string.h>

struct piece {
    struct piece *next;
    int64_t time_ns;
    uint32_t seq;
    size_t len;
    char data[];
};

static int32_t ahead(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

static void piece_free(struct half *h, struct reassembly *r, struct piece *p)
{
    h->waiting_bytes -= p->len;
    r->waiting_bytes -= p->len;
    explicit_bzero(p->data, p->len);
    free(p);
}

void half_forget(struct half *h, struct reassembly *r)
{
    while (h->waiting) {
        struct piece *p = h->waiting;

        h->waiting = p->next;
        piece_free(h, r, p);
    }
    *h = (struct half){0};
}

void half_start(struct half *h, struct reassembly *r, uint32_t next)
{
    half_forget(h, r);
    h->known = true;
    h->next = next;
}

static int hold(struct half *h, struct reassembly *r, uint32_t seq, const char *data, size_t n,
                int64_t time_ns)
{
    struct piece **at = &h->waiting, *p;

    if (h->waiting_bytes + n > REASSEMBLY_HALF_MAX || r->waiting_bytes + n > REASSEMBLY_MAX)
        return -ENOBUFS;
    p = malloc(sizeof *p + n);
    if (!p)
        return -ENOBUFS;
    while (*at && ahead((*at)->seq, seq) <= 0)
        at = &(*at)->next;
    *p = (struct piece){.next = *at, .time_ns = time_ns, .seq = seq, .len = n};
    memcpy(p->data, data, n);
    *at = p;
    h->waiting_bytes += n;
    r->waiting_bytes += n;
    r->early++;
    return 0;
}

/* Gives on what of the bytes at @seq, at or before the next in order, is new. */
static void give(struct half *h, struct reassembly *r, uint32_t seq, const char *data, size_t n,
                 int64_t time_ns, half_sink sink, void *ctx)
{
    size_t old = h->next - seq;

    if (old > 0)
        r->repeated++;
    if (old >= n)
        return;
    h->next = seq + (uint32_t)n;
    h->at_ns = i64_max(h->at_ns, time_ns);
    sink(ctx, data + old, n - old, h->at_ns);
}

int half_take(struct half *h, struct reassembly *r, uint32_t seq, const char *data, size_t n,
              int64_t time_ns, half_sink sink, void *ctx)
{
    assert(h->known);
    if (n == 0)
        return 0;
    if (ahead(seq, h->next) > 0)
        return hold(h, r, seq, data, n, time_ns);
    give(h, r, seq, data, n, time_ns, sink, ctx);
    while (h->known && h->waiting && ahead(h->waiting->seq, h->next) <= 0) {
        struct piece *p = h->waiting;

        h->waiting = p->next;
        h->waiting_bytes -= p->len; /* it is no longer in the list that the sink may forget */
        give(h, r, p->seq, p->data, p->len, p->time_ns, sink, ctx);
        h->waiting_bytes += p->len;
        piece_free(h, r, p);
    }
    return 0;
}

size_t half_missed(const struct half *h, struct reassembly *r, uint32_t ack)
{
    uint32_t from = h->next;
    size_t missed = 0;

    if (!h->known || ahead(ack, from) <= 0 || (half_ended(h) && ack == h->end + 1))
        return 0;
    if (h->has_end && ack == h->end + 1)
        ack--; /* the FIN's own number */
    for (const struct piece *p = h->waiting; p && ahead(p->seq, ack) < 0; p = p->next) {
        if (ahead(p->seq, from) > 0)
            missed += p->seq - from;
        if (ahead(p->seq + (uint32_t)p->len, from) > 0)
            from = p->seq + (uint32_t)p->len;
    }
    if (ahead(ack, from) > 0)
        missed += ack - from;
    r->missed_bytes += missed;
    return missed;
}

bool half_ended(const struct half *h)
{
    return h->known && h->has_end && h->next == h->end;
}
