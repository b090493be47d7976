/* SPDX-License-Identifier: Apache-2.0 */
#include "run/target.h"
#include "base/fs.h"
#include <fnmatch.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_LIMIT = 16384 };

static int resolve(struct load_target *ret, const struct url *u, struct err *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    char port[8];
    int r;

    (void)snprintf(port, sizeof port, "%u", (unsigned)u->port);
    r = getaddrinfo(u->host, port, &hints, &list);
    if (r != 0)
        return err_set(err, -EHOSTUNREACH, "target.url: %s: %s", u->host, gai_strerror(r));
    memcpy(&ret->address, list->ai_addr, list->ai_addrlen);
    ret->address_len = list->ai_addrlen;
    freeaddrinfo(list);
    return 0;
}

static int key_checked(char **ret, char *key, const char *from, struct err *err)
{
    AUTO(free) char *own = key;
    size_t n = own ? strcspn(own, "\r\n") : 0;

    if (!own)
        return err_set(err, -ENOMEM, "out of memory for the API key");
    own[n] = '\0';
    if (n == 0)
        return err_set(err, -EINVAL, "target.api_key: %s is empty", from);
    for (const char *p = own; *p; p++)
        if (*p < 0x21 || *p > 0x7e)
            return err_set(err, -EINVAL, "target.api_key: %s holds a character no key has", from);
    *ret = TAKE(own);
    return 0;
}

static int read_key(char **ret, const struct plan *p, struct err *err)
{
    const char *env = p->target.api_key_env, *file = p->target.api_key_file, *value;
    char *text = NULL;
    size_t n;
    int r;

    if (*env) {
        value = getenv(env);
        if (!value)
            return err_set(err, -EINVAL, "target.api_key: environment variable %s is not set", env);
        return key_checked(ret, strdup(value), env, err);
    }
    if (!*file)
        return 0;
    r = fs_read(&text, &n, file, KEY_LIMIT, err);
    return r < 0 ? r : key_checked(ret, text, file, err);
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

int target_open(struct target *t, const struct plan *p, struct facts *facts, struct err *err)
{
    struct fact_sink sink = facts_sink(facts);
    int r;

    *t = (struct target){0};
    r = url_parse(&t->url, p->target.url, err);
    if (r < 0)
        return r;
    if (t->url.tls)
        return err_set(err, -EINVAL,
                       "target.url: %s: this version speaks plain http only; put a local proxy "
                       "that ends TLS before the target, and say so under assume:",
                       p->target.url);
    r = resolve(&t->address, &t->url, err);
    if (r == 0)
        r = read_key(&t->key, p, err);
    if (r == 0)
        r = probe_target(&t->probe, &sink, &t->url, t->key, err);
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
    free(t->key);
    t->key = NULL;
}

static const struct fact *find_fact(const struct facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->count; i++)
        if (strcmp(facts->items[i].name, name) == 0 && facts->items[i].value)
            return &facts->items[i];
    return NULL;
}

static int require_all(const char *group, const struct plan_pair *pairs, size_t n,
                       struct facts *facts, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct fact *f = find_fact(facts, pairs[i].key);
        int r = 0;

        if (f && fnmatch(pairs[i].value, f->value, FNM_CASEFOLD) != 0)
            return err_set(err, -ENOTSUP,
                           "%s.require.%s: the plan wants '%s', here it is '%s' (%s)", group,
                           pairs[i].key, pairs[i].value, f->value, f->source);
        if (!f)
            r = facts_add(facts, &(struct fact){.scope = "require",
                                                .name = pairs[i].key,
                                                .source = "required by the plan; no fact of that "
                                                          "name was observed or declared",
                                                .known = KNOWN_UNKNOWN,
                                                .time_ns = TIME_NONE});
        if (r < 0)
            return err_set(err, r, "out of memory for facts");
    }
    return 0;
}

int target_require(const struct plan *p, struct facts *facts, struct err *err)
{
    int r = require_all("stack", p->stack_require, p->stack_require_count, facts, err);

    return r < 0 ? r
                 : require_all("system", p->system_require, p->system_require_count, facts, err);
}
