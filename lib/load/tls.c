/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/tls.c - OpenSSL between the loop and the connections.
 *
 * A BIO of our own writes by the loop's send. What it reads depends on the phase: the handshake
 * reads the socket, and no more than the record that OpenSSL asks for; after it tls_recv() has
 * read the socket, and the BIO hands out those bytes until none is left. read_ahead stays off, so
 * OpenSSL keeps at most one unfinished record to itself, and nothing that is whole.
 */
#include "load/tls_inside.h"
#include <openssl/bio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RECORD_MAX = 16 * 1024 + 512,            /* plain bytes of a record that was begun before */
    IN_BYTES = TLS_ROOM - RECORD_MAX - 1024, /* so all that one read decrypts to fits TLS_ROOM */
    RECORD_HEAD = 5,
};
_Static_assert(IN_BYTES > RECORD_MAX, "a read takes a record");

struct link {
    SSL *ssl;
    struct tls *tls;
    int fd;
    int code;    /* -errno of the socket, if that is what failed */
    bool shaken; /* the handshake is done */
    bool over;   /* no byte will come any more: end_code says why */
    int end_code;
    char words[112];
};

struct tls {
    const struct tls_context *context;
    const struct loop_ops *ops;
    void *loop;
    BIO_METHOD *method;
    SSL_SESSION *latest;
    struct tls_counts counts;
    size_t in_at, in_len, wanted; /* of @in; what the BIO was last asked for in vain */
    int32_t link_count;
    struct link *links;
    char in[IN_BYTES];
};

static int feed(struct tls *t, char *buf, int size)
{
    size_t left = t->in_len - t->in_at, n = left < (size_t)size ? left : (size_t)size;

    if (n == 0)
        t->wanted = (size_t)size;
    memcpy(buf, t->in + t->in_at, n);
    t->in_at += n;
    return n > 0 ? (int)n : -EAGAIN;
}

static int bio_read(BIO *bio, char *buf, int size)
{
    struct link *l = BIO_get_data(bio);
    struct loop_stamp unused;
    ssize_t n = l->shaken ? feed(l->tls, buf, size)
                          : l->tls->ops->recv(l->tls->loop, l->fd, buf, (size_t)size, &unused);

    BIO_clear_retry_flags(bio);
    if (n == -EAGAIN || n == -EINTR)
        BIO_set_retry_read(bio);
    else if (n < 0)
        l->code = (int)n;
    return n < 0 ? -1 : (int)n;
}

static int bio_write(BIO *bio, const char *data, int size)
{
    struct link *l = BIO_get_data(bio);
    ssize_t n = l->tls->ops->send(l->tls->loop, l->fd, data, (size_t)size);

    BIO_clear_retry_flags(bio);
    if (n == -EAGAIN || n == -EINTR)
        BIO_set_retry_write(bio);
    else if (n < 0)
        l->code = (int)n;
    return n < 0 ? -1 : (int)n;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH; /* nothing is held back here */
}

static BIO_METHOD *method_new(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "loop");

    if (m && BIO_meth_set_read(m, bio_read) && BIO_meth_set_write(m, bio_write) &&
        BIO_meth_set_ctrl(m, bio_control))
        return m;
    BIO_meth_free(m);
    return NULL;
}

int tls_new(struct tls **ret, const struct tls_context *c, const struct loop_ops *ops, void *loop,
            int32_t links, struct err *err)
{
    AUTO(tls_free) struct tls *t = calloc(1, sizeof *t);

    if (!t)
        return err_set(err, -ENOMEM, "TLS: out of memory");
    t->context = c;
    t->ops = ops;
    t->loop = loop;
    t->link_count = links;
    t->method = method_new();
    t->links = calloc((size_t)links, sizeof *t->links);
    if (!t->method || !t->links)
        return err_set(err, -ENOMEM, "TLS: out of memory for %d connections", (int)links);
    memset(t->in, 0, sizeof t->in); /* page faults belong before the start */
    for (int32_t i = 0; i < links; i++)
        t->links[i] = (struct link){.tls = t, .fd = -1};
    *ret = TAKE(t);
    return 0;
}

void tls_free(struct tls *t)
{
    if (!t)
        return;
    for (int32_t i = 0; t->links && i < t->link_count; i++)
        SSL_free(t->links[i].ssl);
    SSL_SESSION_free(t->latest);
    BIO_meth_free(t->method);
    free(t->links);
    free(t);
}

const struct tls_counts *tls_counts(struct tls *t)
{
    t->counts.allocations = tls_memory().allocations;
    t->counts.beyond_pool = tls_memory().beyond;
    return &t->counts;
}

static BIO *bio_new(struct link *l)
{
    BIO *bio = BIO_new(l->tls->method);

    if (!bio)
        return NULL;
    BIO_set_data(bio, l);
    BIO_set_init(bio, 1);
    return bio;
}

int tls_open(struct tls *t, int32_t link, int fd)
{
    struct link *l = &t->links[link];
    BIO *bio = bio_new(l);
    SSL *ssl = tls_session_new(t->context);

    assert(!l->ssl);
    *l = (struct link){.tls = t, .fd = fd, .words = "out of memory for a TLS session"};
    if (!bio || !ssl) {
        (void)BIO_free(bio);
        SSL_free(ssl);
        return -ENOMEM;
    }
    SSL_set_bio(ssl, bio, bio);
    (void)SSL_set_app_data(ssl, l);
    if (t->latest)
        (void)SSL_set_session(ssl, t->latest); /* refused: a full handshake */
    l->ssl = ssl;
    l->words[0] = '\0';
    return 0;
}

/* Owns the reference that OpenSSL holds out: returns 1. */
int tls_take_session(SSL *ssl, SSL_SESSION *session)
{
    struct link *l = SSL_get_app_data(ssl);

    if (!l)
        return 0;
    SSL_SESSION_free(l->tls->latest);
    l->tls->latest = session;
    return 1;
}

void tls_explain(char *words, size_t size, const SSL *ssl)
{
    long verdict = SSL_get_verify_result(ssl);

    if (SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE && verdict != X509_V_OK)
        (void)snprintf(words, size, "certificate verify failed: %s",
                       X509_verify_cert_error_string(verdict));
    else if (ERR_peek_error() != 0)
        (void)snprintf(words, size, "TLS: %s", tls_reason());
    else
        (void)snprintf(words, size, "TLS: the peer closed the connection");
}

/* The socket's own error is told as such; all else is TLS's. */
static int failed(struct link *l)
{
    const char *words = l->code < 0 ? strerrordesc_np(-l->code) : NULL;

    if (l->code == 0)
        tls_explain(l->words, sizeof l->words, l->ssl);
    else
        (void)snprintf(l->words, sizeof l->words, "TLS: %s", words ? words : "connection broken");
    return l->code < 0 ? l->code : -EPROTO;
}

void tls_session(const struct tls *t, int32_t link, int *version, bool *resumed)
{
    const struct link *l = &t->links[link];

    *version = SSL_version(l->ssl);
    *resumed = SSL_session_reused(l->ssl) != 0;
}

int tls_handshake(struct tls *t, int32_t link)
{
    struct link *l = &t->links[link];
    int rc;

    ERR_clear_error();
    rc = SSL_do_handshake(l->ssl);
    if (rc == 1) {
        l->shaken = true;
        t->counts.handshakes++;
        t->counts.resumed += SSL_session_reused(l->ssl) != 0;
        return TLS_DONE;
    }
    rc = SSL_get_error(l->ssl, rc);
    if (rc == SSL_ERROR_WANT_READ)
        return TLS_WANTS_READ;
    if (rc == SSL_ERROR_WANT_WRITE)
        return TLS_WANTS_WRITE;
    t->counts.failed++;
    return failed(l);
}

bool tls_chose_h2(const struct tls *t, int32_t link)
{
    const unsigned char *name = NULL;
    unsigned len = 0;

    SSL_get0_alpn_selected(t->links[link].ssl, &name, &len);
    return len == 2 && memcmp(name, "h2", 2) == 0;
}

/* A record at a time; what was taken stays taken when the socket is full. */
ssize_t tls_send(struct tls *t, int32_t link, const char *data, size_t len)
{
    struct link *l = &t->links[link];
    size_t sent = 0, n;
    int rc;

    while (sent < len) {
        ERR_clear_error();
        rc = SSL_write_ex(l->ssl, data + sent, len - sent, &n);
        if (rc != 1)
            break;
        sent += n;
    }
    if (sent > 0)
        return (ssize_t)sent;
    rc = SSL_get_error(l->ssl, 0);
    if (rc == SSL_ERROR_WANT_WRITE)
        return -EAGAIN;
    return failed(l);
}

static size_t decrypt(struct tls *t, struct link *l, char *buf)
{
    size_t got = 0, n = 0;

    ERR_clear_error();
    while (got < TLS_ROOM && SSL_read_ex(l->ssl, buf + got, TLS_ROOM - got, &n) == 1)
        got += n;
    assert(got < TLS_ROOM);
    switch (SSL_get_error(l->ssl, 0)) {
    case SSL_ERROR_WANT_READ:
        assert(t->in_at == t->in_len);
        break;
    case SSL_ERROR_ZERO_RETURN:
        l->over = true;
        l->end_code = 0;
        break;
    default:
        l->over = true;
        l->end_code = failed(l);
    }
    return got;
}

static ssize_t socket_ended(struct link *l, ssize_t n)
{
    if (n == 0)
        return -ENODATA;
    l->code = (int)n;
    return n;
}

ssize_t tls_recv(struct tls *t, int32_t link, char *buf, struct tls_read *ret)
{
    struct link *l = &t->links[link];
    ssize_t n;
    size_t got;

    if (l->over) {
        ret->stamp = (struct loop_stamp){TIME_NONE, t->ops->now(t->loop)};
        return l->end_code;
    }
    n = t->ops->recv(t->loop, l->fd, t->in, sizeof t->in, &ret->stamp);
    if (n <= 0)
        return n == -EAGAIN || n == -EINTR ? -EAGAIN : socket_ended(l, n);
    t->in_at = 0;
    t->in_len = ret->taken = (size_t)n;
    got = decrypt(t, l, buf);
    ret->room = sizeof t->in;
    ret->shared = !l->over && (t->wanted != RECORD_HEAD || SSL_has_pending(l->ssl));
    if (got > 0)
        return (ssize_t)got;
    return l->over ? l->end_code : -EAGAIN;
}

bool tls_over(const struct tls *t, int32_t link)
{
    return t->links[link].over;
}

const char *tls_words(const struct tls *t, int32_t link)
{
    return t->links[link].words;
}

void tls_close(struct tls *t, int32_t link)
{
    struct link *l = &t->links[link];

    if (!l->ssl)
        return;
    if (l->shaken && l->code == 0 && (!l->over || l->end_code == 0)) {
        ERR_clear_error();
        (void)SSL_shutdown(l->ssl); /* one way, and only if the socket takes it */
    }
    SSL_free(l->ssl);
    l->ssl = NULL;
}
