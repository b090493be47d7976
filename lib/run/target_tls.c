/* SPDX-License-Identifier: Apache-2.0 */
#include "run/target_tls.h"
#include "load/tls.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

const struct probe_tls *target_tls(const struct target *t)
{
    return t->url.tls ? &t->tls.side : NULL;
}

/* NULL for a file that the plan doesn't name; else @buf with its path. */
static const char *locate(char *buf, size_t size, const struct plan *p, const char *path)
{
    char beside[PATH_MAX];

    if (!*path)
        return NULL;
    (void)snprintf(buf, size, "%s", plan_beside(beside, sizeof beside, p, path));
    return buf;
}

static int open_context(struct target *t, const struct plan *p, enum tls_alpn alpn, struct err *err)
{
    struct target_tls *tls = &t->tls;
    struct tls_options o = {.alpn = alpn,
                            .host = t->url.host,
                            .ca = locate(tls->ca, sizeof tls->ca, p, p->target.tls.ca),
                            .cert = locate(tls->cert, sizeof tls->cert, p, p->target.tls.cert),
                            .key = locate(tls->key, sizeof tls->key, p, p->target.tls.key),
                            .verify = p->target.tls.verify,
                            .resume = p->target.tls.resume};
    struct err why = {0};
    int r;

    tls_context_free(tls->context);
    t->address.tls = tls->context = NULL;
    r = tls_context_new(&tls->context, &o, &why);
    if (r < 0)
        return err_set(err, r, "target.tls: %s", why.text);
    tls->side = (struct probe_tls){o.ca, o.cert, o.key, o.verify};
    t->address.tls = tls->context;
    return 0;
}

static int put(struct fact_list *facts, const char *name, const char *source, const char *value)
{
    return fact_list_put(facts, "target", name, source, KNOWN_MEASURED, "%s", value);
}

static int put_facts(struct fact_list *facts, const struct plan *p, const struct tls_facts *f)
{
    static const char seen[] = "one TLS handshake before the run";
    bool verify = p->target.tls.verify;
    int r = put(facts, "tls.version", seen, f->version);

    if (r == 0)
        r = put(facts, "tls.cipher", seen, f->cipher);
    if (r == 0)
        r = put(facts, "tls.alpn", seen, f->alpn[0] ? f->alpn : "none");
    if (r == 0)
        r = put(facts, "tls.issuer", seen, f->issuer[0] ? f->issuer : "none");
    if (r == 0)
        r = put(facts, "tls.verified", verify ? seen : "target.tls.verify is false",
                verify ? "yes" : "no");
    if (r == 0)
        r = put(facts, "tls.session_resumption", "target.tls.session_resumption of the plan",
                p->target.tls.resume ? "offered" : "off");
    return r;
}

/* The run offers only what this handshake came to: each of its connections speaks the same. */
static int settle_http(struct target *t, const struct plan *p, const struct tls_facts *f,
                       struct err *err)
{
    t->http2 = strcmp(f->alpn, "h2") == 0;
    if (p->target.http == PLAN_HTTP_2 && !t->http2)
        return err_set(err, -EPROTO,
                       "target.http: %s does not agree on HTTP/2 (ALPN: %s); say 1.1 or auto",
                       p->target.url, f->alpn[0] ? f->alpn : "none");
    if (p->target.http == PLAN_HTTP_1)
        return 0;
    return open_context(t, p, t->http2 ? TLS_HTTP2 : TLS_HTTP1, err);
}

int target_tls_open(struct target *t, const struct plan *p, struct fact_list *facts,
                    struct err *err)
{
    struct tls_facts f;
    struct err why = {0};
    int r = open_context(t, p, p->target.http == PLAN_HTTP_1 ? TLS_HTTP1 : TLS_EITHER, err);

    if (r < 0)
        return r;
    r = tls_try(&f, t->tls.context, (const struct sockaddr *)&t->address.address,
                t->address.address_len, p->load.connect_timeout_ns, &why);
    if (r < 0)
        return err_set(err, r, "target %s can't be used: %s", p->target.url, why.text);
    if (put_facts(facts, p, &f) < 0)
        return err_set(err, -ENOMEM, "out of memory for facts");
    return settle_http(t, p, &f, err);
}
