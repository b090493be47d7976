/* SPDX-License-Identifier: Apache-2.0 */
/* lib/load/tls_context.c - who is trusted, who we are, and which protocol versions are spoken. */
#include "load/tls_inside.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *names;
    unsigned len;
} alpn[] = {[TLS_HTTP1] = {"\x08http/1.1", 9},
            [TLS_HTTP2] = {"\x02h2", 3},
            [TLS_EITHER] = {"\x02h2\x08http/1.1", 12}};

const char *tls_reason(void)
{
    const char *words = ERR_reason_error_string(ERR_peek_error());

    return words ? words : "unknown reason";
}

/* Nobody is there to type one. */
static int no_passphrase(char *buf, int size, int rw, void *ctx)
{
    (void)buf;
    (void)size;
    (void)rw;
    (void)ctx;
    return -1;
}

static int bad_file(struct err *err, const char *what, const char *path)
{
    return err_set(err, -EINVAL, "%s %s can't be used: %s", what, path, tls_reason());
}

static int load_files(SSL_CTX *ctx, const struct tls_options *o, struct err *err)
{
    const char *key = o->key ? o->key : o->cert;

    ERR_clear_error();
    if (o->ca && SSL_CTX_load_verify_file(ctx, o->ca) != 1)
        return bad_file(err, "TLS CA file", o->ca);
    if (!o->ca && SSL_CTX_set_default_verify_paths(ctx) != 1)
        return err_set(err, -EINVAL, "the system's CA certificates: %s", tls_reason());
    if (o->cert && SSL_CTX_use_certificate_chain_file(ctx, o->cert) != 1)
        return bad_file(err, "TLS certificate", o->cert);
    if (key && SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
        return bad_file(err, "TLS key", key);
    if (o->cert && SSL_CTX_check_private_key(ctx) != 1)
        return bad_file(err, "TLS key", key);
    return 0;
}

static void set_protocol(struct tls_context *c, const struct tls_options *o)
{
    (void)SSL_CTX_set_min_proto_version(c->ctx, TLS1_2_VERSION);
    (void)SSL_CTX_set_options(c->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                          (o->resume ? 0 : SSL_OP_NO_TICKET));
    (void)SSL_CTX_set_mode(c->ctx,
                           SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_set_session_cache_mode(c->ctx, o->resume ? SSL_SESS_CACHE_CLIENT |
                                                                 SSL_SESS_CACHE_NO_INTERNAL
                                                           : SSL_SESS_CACHE_OFF);
    if (o->resume)
        SSL_CTX_sess_set_new_cb(c->ctx, tls_take_session);
    SSL_CTX_set_default_passwd_cb(c->ctx, no_passphrase);
    (void)SSL_CTX_set_alpn_protos(c->ctx, (const unsigned char *)alpn[o->alpn].names,
                                  alpn[o->alpn].len);
    SSL_CTX_set_verify(c->ctx, o->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
}

int tls_context_new(struct tls_context **ret, const struct tls_options *o, struct err *err)
{
    AUTO(tls_context_free) struct tls_context *c = calloc(1, sizeof *c);
    int r;

    if (!c)
        return err_set(err, -ENOMEM, "TLS: out of memory");
    c->host = strdup(o->host);
    c->ctx = SSL_CTX_new(TLS_client_method());
    if (!c->host || !c->ctx)
        return err_set(err, -ENOMEM, "TLS: out of memory");
    c->verify = o->verify;
    c->resume = o->resume;
    set_protocol(c, o);
    r = load_files(c->ctx, o, err);
    if (r == 0)
        *ret = TAKE(c);
    return r;
}

void tls_context_free(struct tls_context *c)
{
    if (!c)
        return;
    SSL_CTX_free(c->ctx);
    free(c->host);
    free(c);
}

static bool is_address(const char *host)
{
    unsigned char unused[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, unused) == 1 || inet_pton(AF_INET6, host, unused) == 1;
}

/* An address is verified against the certificate's addresses, and is not sent as a name. */
SSL *tls_session_new(const struct tls_context *c)
{
    SSL *ssl = SSL_new(c->ctx);
    int ok;

    if (!ssl)
        return NULL;
    if (is_address(c->host))
        ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), c->host);
    else
        ok = SSL_set1_host(ssl, c->host) && SSL_set_tlsext_host_name(ssl, c->host);
    if (ok) {
        SSL_set_connect_state(ssl);
        return ssl;
    }
    SSL_free(ssl);
    return NULL;
}
