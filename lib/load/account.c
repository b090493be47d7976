/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/account.c - what a connection came to, told once when it closes: some microseconds of a
 * system call and ten records. Where the ring has little room left the row is left out, and
 * counted, rather than that a request's records are lost.
 */
#include "load/inside.h"

enum { RECORDS = CONNECTION_FIELDS / 2 };

bool account_room(const struct engine *e)
{
    return ring_used(e->ring) <= (e->ring->mask + 1) / 2;
}

void account_open(struct engine *e, struct conn *c)
{
    c->account = (struct account){.opened_ns = e->now_ns,
                                  .connected_ns = TIME_NONE,
                                  .secured_ns = TIME_NONE,
                                  .id = (uint32_t)e->thread + e->accounts++ * (uint32_t)e->threads,
                                  .open = true};
    e->report.connections++;
}

int64_t account_number(const struct conn *c)
{
    return (int64_t)c->account.id + 1;
}

static void put_tls(const struct engine *e, const struct conn *c, struct connection *ret)
{
    int version;
    bool resumed;

    tls_session(e->tls, conn_index(e, c), &version, &resumed);
    ret->v[CONNECTION_HANDSHAKE] = c->account.secured_ns - c->account.connected_ns;
    ret->v[CONNECTION_TLS] = version;
    ret->v[CONNECTION_RESUMED] = resumed;
}

static struct connection sum_up(const struct engine *e, const struct conn *c)
{
    const struct account *a = &c->account;
    struct connection k = connection_blank();

    if (c->fd >= 0 && e->ops->account)
        e->ops->account(e->loop, c->fd, &k);
    k.v[CONNECTION_ID] = a->id;
    k.v[CONNECTION_LASTED] = e->now_ns - a->opened_ns;
    k.v[CONNECTION_REQUESTS] = a->requests;
    if (a->connected_ns == TIME_NONE) {
        k.v[CONNECTION_END] = CONNECTION_NEVER;
        return k;
    }
    k.v[CONNECTION_CONNECT] = a->connected_ns - a->opened_ns;
    if (e->tls && a->secured_ns == TIME_NONE)
        k.v[CONNECTION_END] = CONNECTION_TLS_FAILED;
    else if (e->tls)
        put_tls(e, c, &k);
    return k;
}

static void tell_connection(struct engine *e, const struct connection *k)
{
    for (int f = 0; f < CONNECTION_FIELDS; f += 2)
        tell(e, e->config->trial,
             &(struct rec){.time_ns = e->account_ns,
                           .type = REC_CONNECTION,
                           .kind = (uint8_t)f,
                           .value = k->v[f],
                           .user_ns = k->v[f + 1]});
}

void account_close(struct engine *e, struct conn *c)
{
    struct connection k;

    if (!c->account.open)
        return;
    c->account.open = false;
    k = sum_up(e, c);
    e->report.connections_failed +=
        k.v[CONNECTION_END] == CONNECTION_NEVER || k.v[CONNECTION_END] == CONNECTION_TLS_FAILED;
    if (e->ring->mask + 1 - ring_used(e->ring) < (e->ring->mask + 1) / 8 + RECORDS) {
        e->report.connections_unrecorded++;
        return;
    }
    e->account_ns = i64_max(e->now_ns, e->account_ns + 1);
    tell_connection(e, &k);
}
