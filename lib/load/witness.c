/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of connections, and what TCP's flags mean for them.
 *
 * Causality keeps the two directions in step: an acknowledgement follows what it acknowledges
 * through the same capture, so bytes that are acknowledged and were never seen are bytes that were
 * missed.
 */
#include "load/witness_flow.h"
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096 };
#define IDLE_NS (60 * NS_PER_S) /* after that a connection may be forgotten to make room */

static bool same_end(const struct segment_end *a, const struct segment_end *b)
{
    return a->port == b->port && a->family == b->family &&
           memcmp(a->address, b->address, sizeof a->address) == 0;
}

static size_t bucket_of(const struct segment_end *client, const struct segment_end *server)
{
    uint64_t hash = client->port;

    for (size_t i = 0; i < sizeof client->address; i++)
        hash = (hash ^ client->address[i] ^ (uint64_t)server->address[i] << 8) *
               UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(hash >> 40) % BUCKETS;
}

struct witness *witness_new(uint16_t port, const struct witness_ops *ops)
{
    AUTO(witness_free) struct witness *w = calloc(1, sizeof *w);

    if (!w)
        return NULL;
    w->port = port;
    w->ops = *ops;
    w->buckets = calloc(BUCKETS, sizeof(struct flow *));
    return w->buckets ? TAKE(w) : NULL;
}

/* Unlinks and frees the connection at *@at. */
static void drop(struct witness *w, struct flow **at)
{
    struct flow *f = *at;

    *at = f->next;
    half_forget(&f->up, &w->reassembly);
    half_forget(&f->down, &w->reassembly);
    explicit_bzero(f, sizeof *f);
    free(f);
    w->flow_count--;
}

void witness_free(struct witness *w)
{
    if (!w)
        return;
    for (size_t i = 0; w->buckets && i < BUCKETS; i++)
        while (w->buckets[i])
            drop(w, &w->buckets[i]);
    free(w->buckets);
    free(w);
}

static void drop_idle(struct witness *w, int64_t now_ns)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        struct flow **at = &w->buckets[i];

        while (*at) {
            if (now_ns - (*at)->seen_ns > IDLE_NS && !(*at)->recorded)
                drop(w, at);
            else
                at = &(*at)->next;
        }
    }
}

static void begin(struct flow *f)
{
    f->state = FLOW_LOST;
    f->connect_start_ns = f->connect_end_ns = TIME_NONE;
    f->up_end_ns = f->down_end_ns = TIME_NONE;
    f->reused = true; /* unless its SYN is seen */
    f->tls = (struct flow_tls){0};
}

static struct flow *add(struct witness *w, const struct segment_end *client,
                        const struct segment_end *server, int64_t now_ns)
{
    struct flow **at = &w->buckets[bucket_of(client, server)], *f;

    if (w->flow_count >= WITNESS_FLOWS_MAX)
        drop_idle(w, now_ns);
    f = w->flow_count < WITNESS_FLOWS_MAX ? calloc(1, sizeof *f) : NULL;
    if (!f) {
        w->counts.too_many++;
        return NULL;
    }
    f->witness = w;
    f->client = *client;
    f->server = *server;
    begin(f);
    f->next = *at;
    *at = f;
    w->flow_count++;
    if (w->ops.may_watch(w->ops.ctx, client, server)) {
        w->counts.connections++;
    } else {
        f->state = FLOW_IGNORED;
        w->counts.not_watched++;
    }
    return f;
}

static struct flow **find(struct witness *w, const struct segment_end *client,
                          const struct segment_end *server)
{
    struct flow **at = &w->buckets[bucket_of(client, server)];

    while (*at && !(same_end(&(*at)->client, client) && same_end(&(*at)->server, server)))
        at = &(*at)->next;
    return at;
}

/* "POST ", "GET " ...: upper case letters and a space. */
static bool begins_request(const struct segment *s)
{
    size_t n = 0;

    while (n < s->len && n < 8 && s->data[n] >= 'A' && s->data[n] <= 'Z')
        n++;
    return n >= 3 && n < s->len && s->data[n] == ' ';
}

static void client_segment(struct flow *f, const struct segment *s)
{
    struct reassembly *r = &f->witness->reassembly;
    bool missed = half_missed(&f->down, r, s->ack) > 0;

    if (missed)
        flow_lose(f, "bytes of the answer were not seen", s->time_ns);
    if (f->state == FLOW_LOST && begins_request(s)) {
        half_start(&f->up, r, s->seq);
        half_start(&f->down, r, s->ack);
        f->state = FLOW_OPEN;
    }
    if (f->state != FLOW_OPEN)
        return;
    if (s->len > 0 && !f->down.known)
        half_start(&f->down, r, s->ack);
    if (half_take(&f->up, r, s->seq, s->data, s->len, s->time_ns, flow_client_bytes, f) < 0)
        flow_lose(f, "bytes of the request were not seen", s->time_ns);
}

static void server_segment(struct flow *f, const struct segment *s)
{
    struct reassembly *r = &f->witness->reassembly;

    if (f->state != FLOW_OPEN)
        return;
    if (half_missed(&f->up, r, s->ack) > 0) {
        flow_lose(f, "bytes of the request were not seen", s->time_ns);
        return;
    }
    if (f->down.known &&
        half_take(&f->down, r, s->seq, s->data, s->len, s->time_ns, flow_server_bytes, f) < 0)
        flow_lose(f, "bytes of the answer were not seen", s->time_ns);
}

/* A connection begins, perhaps with the addresses of one whose end was not seen. */
static void syn(struct flow *f, const struct segment *s, bool from_client)
{
    struct reassembly *r = &f->witness->reassembly;

    if (!from_client) {
        if (f->state == FLOW_OPEN && !f->down.known) {
            half_start(&f->down, r, s->seq + 1);
            f->connect_end_ns = s->time_ns;
        }
        return;
    }
    if (f->state == FLOW_OPEN && f->up.next == s->seq + 1)
        return; /* the SYN, again */
    flow_lose(f, "the connection began anew", s->time_ns);
    begin(f);
    f->state = FLOW_OPEN;
    f->reused = false;
    f->connect_start_ns = s->time_ns;
    half_start(&f->up, r, s->seq + 1);
}

static void fin(struct flow *f, const struct segment *s, bool from_client)
{
    struct half *h = from_client ? &f->up : &f->down;
    int64_t *end_ns = from_client ? &f->up_end_ns : &f->down_end_ns;

    h->has_end = h->known;
    h->end = s->seq + (uint32_t)s->len;
    if (*end_ns == TIME_NONE)
        *end_ns = s->time_ns;
}

/* After the segment's bytes: has a direction come to its end? */
static void ended(struct flow *f)
{
    if (!half_ended(&f->down))
        return;
    if (half_ended(&f->up) && f->up_end_ns < f->down_end_ns)
        flow_hang_up(f, f->up_end_ns);
    else
        flow_server_end(f, 0, i64_max(f->down_end_ns, f->down.at_ns));
}

static void reset(struct flow *f, const struct segment *s, bool from_client)
{
    if (!from_client)
        flow_server_end(f, -ECONNRESET, s->time_ns);
    else
        flow_hang_up(f, f->up_end_ns != TIME_NONE ? f->up_end_ns : s->time_ns);
}

static void segment_of(struct flow *f, const struct segment *s, bool from_client)
{
    f->seen_ns = s->time_ns;
    if (f->state == FLOW_IGNORED)
        return;
    if (s->flags & SEGMENT_SYN)
        syn(f, s, from_client);
    else if (from_client)
        client_segment(f, s);
    else
        server_segment(f, s);
    if (s->flags & SEGMENT_FIN)
        fin(f, s, from_client);
    ended(f);
}

void witness_segment(struct witness *w, const struct segment *s)
{
    bool from_client = s->to.port == w->port;
    const struct segment_end *client = from_client ? &s->from : &s->to;
    const struct segment_end *server = from_client ? &s->to : &s->from;
    struct flow **at = find(w, client, server), *f = *at;

    w->counts.segments++;
    if (f && f->state == FLOW_IGNORED && from_client && (s->flags & SEGMENT_SYN)) {
        drop(w, at); /* another connection with the same addresses */
        f = NULL;
    }
    if (!f && (s->flags & SEGMENT_RST || (!(s->flags & SEGMENT_SYN) && s->len == 0)))
        return;
    if (!f)
        f = add(w, client, server, s->time_ns);
    if (!f)
        return;
    segment_of(f, s, from_client);
    if (s->flags & SEGMENT_RST)
        reset(f, s, from_client);
    if (s->flags & SEGMENT_RST ||
        (f->up_end_ns != TIME_NONE && f->down_end_ns != TIME_NONE && !f->recorded))
        drop(w, find(w, client, server));
}

void witness_end(struct witness *w, int64_t time_ns)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct flow *f = w->buckets[i]; f; f = f->next)
            if (f->recorded)
                flow_lose(f, "in flight when the witness ended", time_ns);
}

struct witness_counts witness_counts(const struct witness *w)
{
    struct witness_counts c = w->counts;

    c.repeated = w->reassembly.repeated;
    c.early = w->reassembly.early;
    c.missed_bytes = w->reassembly.missed_bytes;
    return c;
}
