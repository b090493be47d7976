/* SPDX-License-Identifier: Apache-2.0 */
#include "run/target.h"
#include "load/tls.h"
#include "run/target_route.h"
#include "run/target_tls.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* @what names the plan's key in messages. What is no header value would end up as a header of its
 * own. */
static int read_secret(char **ret, const char *reference, const char *what, struct err *err)
{
    AUTO(free) char *value = NULL;
    struct err why = {0};
    int r = plan_secret(&value, reference, &why);

    if (r < 0)
        return err_set(err, r, "%s: %.200s", what, why.text);
    for (const char *p = value; *p; p++)
        if (*p < 0x20 || *p > 0x7e)
            return err_set(err, -EINVAL, "%s: %s holds a character no header has", what, reference);
    *ret = TAKE(value);
    return 0;
}

static int read_key(char **ret, const struct plan *p, struct err *err)
{
    const char *env = p->target.api_key_env, *file = p->target.api_key_file;
    char reference[PATH_MAX + 8];

    if (!*env && !*file)
        return 0;
    (void)snprintf(reference, sizeof reference, "%s:%s", *env ? "env" : "file", *env ? env : file);
    return read_secret(ret, reference, "target.api_key", err);
}

static int read_headers(struct str *ret, const struct plan *p, struct err *err)
{
    for (size_t i = 0; i < p->target.header_count; i++) {
        const struct plan_pair *h = &p->target.headers[i];
        AUTO(free) char *secret = NULL;
        int r = 0;

        if (strncmp(h->value, "env:", 4) == 0 || strncmp(h->value, "file:", 5) == 0)
            r = read_secret(&secret, h->value, "target.headers", err);
        if (r < 0)
            return r;
        str_addf(ret, "%s: %s\r\n", h->key, secret ? secret : h->value);
    }
    return str_ok(ret) ? 0 : err_set(err, -ENOMEM, "out of memory for the plan's headers");
}

static struct request_shape shape_for(const struct plan *p, enum engine engine)
{
    bool takes_ignore_eos =
        engine == ENGINE_LLAMA_SERVER || engine == ENGINE_VLLM || engine == ENGINE_SGLANG;

    return (struct request_shape){
        .ignore_eos = p->target.ignore_eos == TRI_YES ||
                      (p->target.ignore_eos == TRI_AUTO && takes_ignore_eos),
        .include_usage = p->target.include_usage != TRI_NO,
    };
}

/* Which HTTP is spoken, in side requests, too. */
static int settle_http(struct target *t, const struct plan *p, struct fact_list *facts,
                       struct err *err)
{
    int r = fact_list_put(
        facts, "target", "http.version",
        t->url.tls ? "ALPN of one TLS handshake before the run" : "target.http of the plan",
        t->url.tls ? KNOWN_MEASURED : KNOWN_DECLARED, "%s", t->http2 ? "2" : "1.1");

    t->route.way.http2 = t->http2;
    if (r < 0)
        return err_set(err, -ENOMEM, "out of memory for facts");
    return target_route_policy(t, p, facts, err);
}

int target_open(struct target *t, const struct plan *p, struct fact_list *facts, struct err *err)
{
    struct fact_sink sink = fact_list_sink(facts);
    int r;

    *t = (struct target){0};
    r = url_parse(&t->url, p->target.url, err);
    if (r < 0)
        return r;
    r = target_route_open(t, p, facts, err);
    if (r == 0)
        r = read_key(&t->key, p, err);
    if (r == 0)
        r = read_headers(&t->headers, p, err);
    t->http2 = p->target.http == PLAN_HTTP_2; /* of http: without asking */
    if (r == 0 && t->url.tls)
        r = target_tls_open(t, p, facts, err);
    if (r == 0)
        r = settle_http(t, p, facts, err);
    if (r == 0)
        r = probe_target(&t->probe, &sink, &t->url, t->key, &t->route.way, err);
    if (r == 0 && !t->probe.reachable)
        r = err_set(err, -ECONNREFUSED, "target %s can't be used: %s", p->target.url, t->probe.why);
    if (r < 0)
        target_release(t);
    else
        t->shape = shape_for(p, t->probe.engine);
    return r;
}

void target_release(struct target *t)
{
    if (t->key)
        explicit_bzero(t->key, strlen(t->key));
    if (t->headers.data)
        explicit_bzero(t->headers.data, t->headers.len);
    free(t->key);
    t->key = NULL;
    str_release(&t->headers);
    target_route_release(t);
    tls_context_free(t->tls.context);
    t->tls.context = NULL;
}
