/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/http.c - side requests by libcurl. No proxy but the plan's and no redirect: what is
 * asked must be the very server that the timed path talks to, and a key must not follow a redirect
 * elsewhere.
 */
#include "probe/http.h"
#include "base/str.h"
#include "probe/probe.h"
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void list_free(struct curl_slist *list)
{
    curl_slist_free_all(list);
}
DEFINE_AUTO(struct curl_slist *, list_free)

struct http_client {
    CURL *easy;
};

void http_answer_release(struct http_answer *a)
{
    free(a->body);
    a->body = NULL;
}

/* Taking less than offered makes curl give up with CURLE_WRITE_ERROR. */
static size_t take_body(char *data, size_t size, size_t n, void *ctx)
{
    struct str *body = ctx;

    if (body->len + size * n > HTTP_BODY_MAX)
        return 0;
    str_addn(body, data, size * n);
    return str_ok(body) ? size * n : 0;
}

static int add_line(struct curl_slist **list, const char *text)
{
    struct curl_slist *grown = curl_slist_append(*list, text);

    if (!grown)
        return -ENOMEM;
    *list = grown;
    return 0;
}

static int add_key(struct curl_slist **list, const char *key, struct err *err)
{
    AUTO(str_release) struct str line = {0};

    if (strpbrk(key, "\r\n"))
        return err_set(err, -EINVAL, "the API key holds a line break");
    str_addf(&line, "Authorization: Bearer %s", key);
    if (!str_ok(&line) || add_line(list, line.data) < 0)
        return err_set(err, -ENOMEM, "out of memory");
    return 0;
}

static int headers_of(struct curl_slist **list, const struct http_request *q, struct err *err)
{
    if (q->body && add_line(list, "Content-Type: application/json") < 0)
        return err_set(err, -ENOMEM, "out of memory");
    return q->key ? add_key(list, q->key, err) : 0;
}

static int code_of(CURLcode rc, const struct str *body)
{
    switch (rc) {
    case CURLE_COULDNT_CONNECT:
        return -ECONNREFUSED;
    case CURLE_COULDNT_RESOLVE_HOST:
        return -EHOSTUNREACH;
    case CURLE_OPERATION_TIMEDOUT:
        return -ETIMEDOUT;
    case CURLE_WRITE_ERROR:
        return str_ok(body) ? -EFBIG : -ENOMEM;
    case CURLE_OUT_OF_MEMORY:
        return -ENOMEM;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return -EINVAL;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
        return -EPROTO;
    default:
        return -EIO;
    }
}

static void set_tls(CURL *c, const struct probe_tls *tls)
{
    if (tls->ca)
        (void)curl_easy_setopt(c, CURLOPT_CAINFO, tls->ca);
    if (tls->ca) /* instead of the system's, not beside them */
        (void)curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
    if (tls->cert)
        (void)curl_easy_setopt(c, CURLOPT_SSLCERT, tls->cert);
    if (tls->cert)
        (void)curl_easy_setopt(c, CURLOPT_SSLKEY, tls->key ? tls->key : tls->cert);
    (void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, tls->verify ? 1L : 0L);
    (void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, tls->verify ? 2L : 0L);
}

static void set_way(CURL *c, const struct probe_way *w)
{
    if (w->tls)
        set_tls(c, w->tls);
    if (w->unix_socket)
        (void)curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, w->unix_socket);
    if (w->source)
        (void)curl_easy_setopt(c, CURLOPT_INTERFACE, w->source);
    if (w->proxy)
        (void)curl_easy_setopt(c, CURLOPT_PROXY, w->proxy);
    (void)curl_easy_setopt(c, CURLOPT_NOPROXY, "");
    if (w->http2)
        (void)curl_easy_setopt(c, CURLOPT_HTTP_VERSION,
                               w->tls ? (long)CURL_HTTP_VERSION_2TLS
                                      : (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
}

static void set_options(CURL *c, const struct http_request *q, struct curl_slist *headers,
                        struct str *body, char *why)
{
    (void)curl_easy_setopt(c, CURLOPT_URL, q->url);
    (void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
    (void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(c, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)(q->timeout_ns / NS_PER_MS));
    (void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(c, CURLOPT_USERAGENT, "asrun");
    (void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(c, CURLOPT_WRITEDATA, body);
    if (q->body)
        (void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->body);
    if (q->way)
        set_way(c, q->way);
}

static void copy_server(CURL *c, char *buf, size_t size)
{
    struct curl_header *h;

    if (curl_easy_header(c, "Server", 0, CURLH_HEADER, -1, &h) == CURLHE_OK)
        (void)snprintf(buf, size, "%s", h->value);
    else
        buf[0] = '\0';
}

static int perform(struct http_answer *ret, CURL *c, const struct http_request *q,
                   struct curl_slist *headers, struct err *err)
{
    AUTO(str_release) struct str body = {0};
    char why[CURL_ERROR_SIZE] = "";
    struct http_answer a = {0};
    curl_off_t took_us = 0;
    CURLcode rc;

    set_options(c, q, headers, &body, why);
    rc = curl_easy_perform(c);
    if (rc != CURLE_OK)
        return err_set(err, code_of(rc, &body), "%s: %s", q->url,
                       rc == CURLE_WRITE_ERROR ? "answer too large"
                       : why[0]                ? why
                                               : curl_easy_strerror(rc));
    (void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &a.status);
    (void)curl_easy_getinfo(c, CURLINFO_TOTAL_TIME_T, &took_us);
    a.took_ns = (int64_t)took_us * NS_PER_US;
    copy_server(c, a.server, sizeof a.server);
    a.len = body.len;
    a.body = str_take(&body);
    if (!a.body)
        return err_set(err, -ENOMEM, "%s: out of memory", q->url);
    *ret = a;
    return 0;
}

int http_client_new(struct http_client **ret, struct err *err)
{
    AUTO(http_client_free) struct http_client *c = calloc(1, sizeof *c);

    (void)pthread_once(&once, start_curl);
    if (c)
        c->easy = curl_easy_init();
    if (!c || !c->easy)
        return err_set(err, -ENOMEM, "out of memory");
    *ret = TAKE(c);
    return 0;
}

void http_client_free(struct http_client *c)
{
    if (c)
        curl_easy_cleanup(c->easy);
    free(c);
}

int http_client_ask(struct http_client *c, struct http_answer *ret, const struct http_request *q,
                    struct err *err)
{
    AUTO(list_free) struct curl_slist *headers = NULL;
    AUTO(list_free) struct curl_slist *pinned = NULL;
    int r;

    assert(q->url && q->timeout_ns > 0);
    curl_easy_reset(c->easy); /* keeps the connection */
    r = headers_of(&headers, q, err);
    if (r == 0 && q->way && q->way->connect_to && add_line(&pinned, q->way->connect_to) < 0)
        r = err_set(err, -ENOMEM, "out of memory");
    if (pinned)
        (void)curl_easy_setopt(c->easy, CURLOPT_CONNECT_TO, pinned);
    if (r == 0)
        r = perform(ret, c->easy, q, headers, err);
    curl_easy_reset(c->easy); /* it has borrowed what goes now */
    return r;
}

int http_exchange(struct http_answer *ret, const struct http_request *q, struct err *err)
{
    AUTO(http_client_free) struct http_client *c = NULL;
    int r = http_client_new(&c, err);

    return r < 0 ? r : http_client_ask(c, ret, q, err);
}

int probe_http(char **ret, long *status, const char *url, const char *key, const char *body,
               const struct probe_way *way, int64_t timeout_ns, struct err *err)
{
    const struct http_request q = {url, key, body, timeout_ns, way};
    struct http_answer a = {0};
    int r = http_exchange(&a, &q, err);

    if (r < 0)
        return r;
    *ret = a.body;
    *status = a.status;
    return 0;
}
