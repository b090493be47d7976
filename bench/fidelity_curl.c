/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_fidelity_curl - the same client on libcurl's multi interface with epoll: what a well-kept
 * library costs where asrun scans for itself. One easy handle a stream, made before the start; each
 * event is stamped in the write callback. Options and output as in fidelity_client.h.
 */
#include "fidelity_client.h"
#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { BATCH = 256, SILENCE_MS = 10000 };

struct bench;

struct stream {
    struct bench *bench;
    struct stream_times *times;
    CURL *easy;
    struct curl_slist *headers;
    char *body;
    char last; /* the last byte of the piece before */
};

struct bench {
    struct client_options o;
    CURLM *multi;
    int epoll;
    int64_t timer_at_ns; /* libcurl's own; INT64_MAX: none */
    struct stream *all;
    int64_t next, open, failed;
};

static size_t on_data(char *data, size_t size, size_t n, void *ctx)
{
    struct stream *s = ctx;
    struct stream_times *t = s->times;
    int64_t now = clock_mono_ns(), most = events_of(&s->bench->o);
    const char *at = data, *end = data + size * n, *nl;

    if (n == 0)
        return 0;
    if (s->last == '\n' && *at == '\n' && t->count < most)
        t->events[t->count++] = now;
    for (; (nl = memchr(at, '\n', (size_t)(end - at))) && t->count < most; at = nl + 1)
        if (nl + 1 < end && nl[1] == '\n')
            t->events[t->count++] = now;
    s->last = end[-1];
    return size * n;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known)
{
    struct bench *b = ctx;
    struct epoll_event e = {.data.fd = fd};

    (void)easy;
    e.events = (what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
    if (what == CURL_POLL_REMOVE)
        (void)epoll_ctl(b->epoll, EPOLL_CTL_DEL, fd, NULL);
    else
        (void)epoll_ctl(b->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e);
    (void)curl_multi_assign(b->multi, fd, what == CURL_POLL_REMOVE ? NULL : b);
    return 0;
}

static int on_timer(CURLM *multi, long after_ms, void *ctx)
{
    struct bench *b = ctx;

    (void)multi;
    b->timer_at_ns = after_ms < 0 ? INT64_MAX : clock_mono_ns() + after_ms * NS_PER_MS;
    return 0;
}

static int set_up_stream(struct bench *b, struct stream *s, int64_t i)
{
    char body[16 << 10], url[80], id[80];

    (void)snprintf(url, sizeof url, "http://127.0.0.1:%" PRId64 "/v1/chat/completions", b->o.port);
    (void)snprintf(id, sizeof id, "X-Request-Id: %s%" PRId64, b->o.id, i);
    (void)write_body(&b->o, i, body, sizeof body);
    s->bench = b;
    s->body = strdup(body);
    s->easy = curl_easy_init();
    s->headers = curl_slist_append(curl_slist_append(NULL, "Content-Type: application/json"), id);
    if (!s->body || !s->easy || !s->headers)
        return -ENOMEM;
    (void)curl_easy_setopt(s->easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(s->easy, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
    (void)curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, s->body);
    (void)curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, on_data);
    (void)curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
    (void)curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
    (void)curl_easy_setopt(s->easy, CURLOPT_FRESH_CONNECT, 1L);
    (void)curl_easy_setopt(s->easy, CURLOPT_FORBID_REUSE, 1L);
    return 0;
}

static int set_up(struct bench *b)
{
    struct stream_times *times;

    b->multi = curl_multi_init();
    b->epoll = epoll_create1(EPOLL_CLOEXEC);
    b->timer_at_ns = INT64_MAX;
    b->all = calloc((size_t)b->o.streams, sizeof *b->all);
    if (!b->multi || b->epoll < 0 || !b->all)
        return -ENOMEM;
    (void)curl_multi_setopt(b->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(b->multi, CURLMOPT_SOCKETDATA, b);
    (void)curl_multi_setopt(b->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(b->multi, CURLMOPT_TIMERDATA, b);
    for (int64_t i = 0; i < b->o.streams; i++)
        if (set_up_stream(b, &b->all[i], i) < 0)
            return -ENOMEM;
    times = make_times(&b->o);
    for (int64_t i = 0; times && i < b->o.streams; i++)
        b->all[i].times = &times[i];
    return times ? 0 : -ENOMEM;
}

/* libcurl tells no time of the first byte sent: the release stands for it. */
static void start_due(struct bench *b)
{
    while (b->next < b->o.streams && b->all[b->next].times->due_ns <= clock_mono_ns()) {
        struct stream *s = &b->all[b->next++];

        s->times->released_ns = s->times->sent_ns = clock_mono_ns();
        b->open++;
        (void)curl_multi_add_handle(b->multi, s->easy);
    }
}

static void take_done(struct bench *b)
{
    const CURLMsg *m;
    int left;

    while ((m = curl_multi_info_read(b->multi, &left))) {
        CURL *easy = m->easy_handle;

        b->failed += m->data.result != CURLE_OK;
        b->open--;
        (void)curl_multi_remove_handle(b->multi, easy);
    }
}

static int wait_events(const struct bench *b, struct epoll_event *events)
{
    int64_t due_ns =
        b->next < b->o.streams ? b->all[b->next].times->due_ns - b->o.spin_ns : INT64_MAX;
    int64_t until_ns = i64_min(due_ns, b->timer_at_ns), left;
    struct timespec t;

    if (until_ns == INT64_MAX)
        return epoll_wait(b->epoll, events, BATCH, SILENCE_MS);
    left = until_ns - clock_mono_ns();
    if (left <= 0)
        return epoll_wait(b->epoll, events, BATCH, 0);
    t = (struct timespec){.tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S};
    return epoll_pwait2(b->epoll, events, BATCH, &t, NULL);
}

static void serve(struct bench *b, const struct epoll_event *events, int n)
{
    int running;

    if (b->timer_at_ns <= clock_mono_ns()) {
        b->timer_at_ns = INT64_MAX;
        (void)curl_multi_socket_action(b->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    for (int i = 0; i < n; i++) {
        int what = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                   (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);

        (void)curl_multi_socket_action(b->multi, events[i].data.fd, what, &running);
    }
    take_done(b);
}

static void drive(struct bench *b)
{
    struct epoll_event events[BATCH];

    while (b->next < b->o.streams || b->open > 0) {
        bool silent_is_over = b->next == b->o.streams && b->timer_at_ns == INT64_MAX;
        int n = wait_events(b, events);

        if (n == 0 && silent_is_over)
            return;
        start_due(b);
        serve(b, events, n);
    }
}

int main(int argc, char **argv)
{
    static struct bench b;
    int64_t delay;

    b.o = client_defaults("curl-");
    if (parse_client(&b.o, argc, argv) < 0)
        return 2;
    be_punctual(b.o.fifo);
    if (set_up(&b) < 0)
        return 1;
    delay = run_delay_ns();
    drive(&b);
    print_costs(run_delay_ns() - delay, b.failed + b.open);
    for (int64_t i = 0; i < b.o.streams; i++)
        b.failed += b.all[i].times->count != events_of(&b.o);
    print_times(&b.o, b.all[0].times);
    return b.failed > 0;
}
