/* SPDX-License-Identifier: Apache-2.0 */
/* A server of a few lines on loopback: what was asked, and what becomes of odd answers. */
#include "base/fs.h"
#include "harness/unit.h"
#include "probe/http.h"
#include "probe/probe.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

struct server {
    pthread_t thread;
    int fd;
    const char *answer; /* NULL: none, until the client gives up */
    size_t filler;      /* bytes of body after it */
    char asked[4096];
    char url[64];
};

static void send_filler(int c, size_t n)
{
    static const char block[65536];

    while (n > 0) {
        ssize_t w = send(c, block, n < sizeof block ? n : sizeof block, MSG_NOSIGNAL);

        if (w <= 0)
            return;
        n -= (size_t)w;
    }
}

static void *serve(void *ctx)
{
    struct server *s = ctx;
    AUTO(fd_close) int c = accept(s->fd, NULL, NULL);
    ssize_t n = recv(c, s->asked, sizeof s->asked - 1, 0);

    s->asked[n > 0 ? n : 0] = '\0';
    if (s->answer) {
        (void)send(c, s->answer, strlen(s->answer), MSG_NOSIGNAL);
        send_filler(c, s->filler);
    } else {
        char rest[64];

        while (recv(c, rest, sizeof rest, 0) > 0)
            ;
    }
    return NULL;
}

static void server_start(struct server *s, const char *answer)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;

    *s = (struct server){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .answer = answer};
    assert_int_equal(bind(s->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &n), 0);
    assert_int_equal(listen(s->fd, 4), 0);
    (void)snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d/x", ntohs(at.sin_port));
}

static void server_run(struct server *s)
{
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_end(struct server *s)
{
    (void)pthread_join(s->thread, NULL);
    (void)close(s->fd);
}

static void gets_a_body_and_its_headers(void **state)
{
    AUTO(http_answer_release) struct http_answer a = {0};
    struct err err = {0};
    struct server s;

    (void)state;
    server_start(&s, "HTTP/1.1 418 Odd\r\nServer: teapot/1\r\nContent-Length: 2\r\n\r\nok");
    server_run(&s);
    assert_int_equal(
        http_exchange(&a, &(struct http_request){.url = s.url, .timeout_ns = 5 * NS_PER_S}, &err),
        0);
    server_end(&s);
    assert_int_equal(a.status, 418);
    assert_string_equal(a.body, "ok");
    assert_string_equal(a.server, "teapot/1");
    assert_memory_equal(s.asked, "GET /x HTTP/1.1\r\n", 17);
    assert_null(strstr(s.asked, "Authorization"));
}

static void posts_json_with_the_key_as_bearer(void **state)
{
    AUTO(free) char *body = NULL;
    struct err err = {0};
    struct server s;
    long status = 0;

    (void)state;
    server_start(&s, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    server_run(&s);
    assert_int_equal(
        probe_http(&body, &status, s.url, "sk-1", "{\"a\":1}", NULL, 5 * NS_PER_S, &err), 0);
    server_end(&s);
    assert_int_equal(status, 200);
    assert_string_equal(body, "");
    assert_memory_equal(s.asked, "POST /x HTTP/1.1\r\n", 18);
    assert_non_null(strstr(s.asked, "Authorization: Bearer sk-1\r\n"));
    assert_non_null(strstr(s.asked, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(s.asked, "{\"a\":1}"));
}

static void a_silent_server_ends_at_the_timeout(void **state)
{
    char *body = NULL;
    struct err err = {0};
    struct server s;
    long status = 0;

    (void)state;
    server_start(&s, NULL);
    server_run(&s);
    assert_int_equal(probe_http(&body, &status, s.url, "sk-1", NULL, NULL, 50 * NS_PER_MS, &err),
                     -ETIMEDOUT);
    server_end(&s);
    assert_null(body);
    assert_non_null(strstr(err.text, s.url));
    assert_null(strstr(err.text, "sk-1"));
}

static void too_large_an_answer_is_refused(void **state)
{
    char *body = NULL;
    struct err err = {0};
    struct server s;
    long status = 0;

    (void)state;
    server_start(&s, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    s.filler = HTTP_BODY_MAX + 1;
    server_run(&s);
    assert_int_equal(probe_http(&body, &status, s.url, NULL, NULL, NULL, 10 * NS_PER_S, &err),
                     -EFBIG);
    server_end(&s);
    assert_null(body);
    assert_non_null(strstr(err.text, "too large"));
}

static void follows_no_redirect_and_uses_no_proxy(void **state)
{
    AUTO(free) char *body = NULL;
    struct err err = {0};
    struct server s;
    long status = 0;

    (void)state;
    server_start(&s, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: "
                     "0\r\n\r\n");
    server_run(&s);
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(probe_http(&body, &status, s.url, "sk-1", NULL, NULL, 5 * NS_PER_S, &err), 0);
    assert_int_equal(unsetenv("http_proxy"), 0);
    server_end(&s);
    assert_int_equal(status, 302);
}

static void says_what_is_wrong_with_the_request(void **state)
{
    char *body = NULL;
    struct err err = {0};
    struct server s;
    long status = 0;

    (void)state;
    server_start(&s, "");
    (void)close(s.fd); /* nobody listens there now */
    assert_int_equal(probe_http(&body, &status, s.url, NULL, NULL, NULL, NS_PER_S, &err),
                     -ECONNREFUSED);
    assert_int_equal(probe_http(&body, &status, s.url, "a\r\nX: y", NULL, NULL, NS_PER_S, &err),
                     -EINVAL);
    assert_null(strstr(err.text, "X: y"));
    assert_int_equal(
        probe_http(&body, &status, "file:///etc/passwd", NULL, NULL, NULL, NS_PER_S, &err),
        -EINVAL);
    assert_null(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gets_a_body_and_its_headers),
        cmocka_unit_test(posts_json_with_the_key_as_bearer),
        cmocka_unit_test(a_silent_server_ends_at_the_timeout),
        cmocka_unit_test(too_large_an_answer_is_refused),
        cmocka_unit_test(follows_no_redirect_and_uses_no_proxy),
        cmocka_unit_test(says_what_is_wrong_with_the_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
