/* SPDX-License-Identifier: Apache-2.0 */
/* Plain http through a proxy is the same request with the whole URL in its first line (RFC 9112,
 * 3.2.2). Only the lower-case variable counts, as everywhere: HTTP_PROXY may be a CGI's header. */
#include "run/target_proxy.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Does @entry of no_proxy name @host: the same, or a domain above it? */
static bool names(const char *entry, size_t len, const char *host)
{
    size_t n = strlen(host);

    if (len == 1 && *entry == '*')
        return true;
    if (len > 0 && *entry == '.') {
        entry++;
        len--;
    }
    return len > 0 && n >= len && strncasecmp(host + n - len, entry, len) == 0 &&
           (n == len || host[n - len - 1] == '.');
}

static bool excepted(const char *host)
{
    const char *at = getenv("no_proxy");
    size_t len;

    for (; at && *at; at += len) {
        at += strspn(at, ", ");
        len = strcspn(at, ", ");
        if (names(at, len, host))
            return true;
    }
    return false;
}

int target_proxy(struct target *t, struct url *to, const struct plan *p, struct fact_list *facts,
                 struct err *err)
{
    const char *text = getenv("http_proxy");
    char host[300];
    struct err why = {0};
    int r;

    if (!p->target.proxy)
        return 0;
    if (!text || !*text || excepted(t->url.host)) {
        r = fact_list_put(facts, "target", "proxy", text && *text ? "no_proxy" : "no http_proxy",
                          KNOWN_MEASURED, "none");
        return r < 0 ? err_set(err, r, "out of memory for facts") : 0;
    }
    r = url_parse(to, text, &why);
    if (r < 0)
        return err_set(err, r, "target.proxy: http_proxy: %.180s", why.text);
    if (to->tls)
        return err_set(err, -EINVAL,
                       "target.proxy: http_proxy names an https proxy; asrun speaks "
                       "plain http to proxies");
    url_host_header(to, host, sizeof host);
    (void)snprintf(t->route.proxy, sizeof t->route.proxy, "http://%s", host);
    r = fact_list_put(facts, "target", "proxy", "http_proxy of the environment", KNOWN_MEASURED,
                      "%s", host);
    return r < 0 ? err_set(err, r, "out of memory for facts") : 0;
}
