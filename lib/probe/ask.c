/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/ask.c - probe_target() over the network. */
#include "probe/target.h"
#include <stdio.h>

struct remote {
    const struct url *base;
    const char *key;
    const struct probe_way *way;
};

static int get(void *ctx, struct http_answer *ret, const char *path, struct err *err)
{
    const struct remote *remote = ctx;
    char host[300], url[1024];

    url_host_header(remote->base, host, sizeof host);
    (void)snprintf(url, sizeof url, "%s://%s%s", remote->base->tls ? "https" : "http", host, path);
    return http_exchange(
        ret,
        &(struct http_request){
            .url = url, .key = remote->key, .timeout_ns = 5 * NS_PER_S, .way = remote->way},
        err);
}

int probe_target(struct probe_target *ret, const struct fact_sink *sink, const struct url *base,
                 const char *key, const struct probe_way *way, struct err *err)
{
    struct remote remote = {base, key, way};
    const struct target_source source = {get, &remote};

    return target_ask(ret, sink, &source, base->path, err);
}
