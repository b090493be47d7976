/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/transport.c - what lies between a connection's bytes and its socket: nothing, or TLS.
 * Without TLS each call is the loop's own. A framing of several requests on one connection would
 * stand on these calls, too.
 */
#include "load/inside.h"

int transport_open(struct engine *e, struct conn *c)
{
    int r = e->tls ? tls_open(e->tls, conn_index(e, c), c->fd) : 0;

    return r == 0 ? transport_handshake(e, c) : r;
}

int transport_handshake(struct engine *e, struct conn *c)
{
    return e->tls ? tls_handshake(e->tls, conn_index(e, c)) : TLS_DONE;
}

ssize_t transport_send(struct engine *e, struct conn *c, const char *data, size_t len)
{
    if (e->tls)
        return tls_send(e->tls, conn_index(e, c), data, len);
    return e->ops->send(e->loop, c->fd, data, len);
}

ssize_t transport_recv(struct engine *e, struct conn *c, struct tls_read *ret)
{
    ssize_t n;

    if (e->tls)
        return tls_recv(e->tls, conn_index(e, c), e->read_buffer, ret);
    n = e->ops->recv(e->loop, c->fd, e->read_buffer, READ_BYTES, &ret->stamp);
    ret->taken = n > 0 ? (size_t)n : 0;
    ret->room = READ_BYTES;
    ret->shared = false;
    return n;
}

bool transport_over(const struct engine *e, const struct conn *c)
{
    return e->tls && tls_over(e->tls, conn_index(e, c));
}

const char *transport_words(const struct engine *e, const struct conn *c)
{
    return e->tls ? tls_words(e->tls, conn_index(e, c)) : "";
}

void transport_close(struct engine *e, struct conn *c)
{
    if (e->tls)
        tls_close(e->tls, conn_index(e, c));
}
