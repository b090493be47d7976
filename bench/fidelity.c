/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_fidelity - the floor: the least that a client on epoll can do, to compare asrun with.
 *
 * Opens --streams streams to a reference server on 127.0.0.1:--port, evenly over --spread, on a
 * fixed schedule; finds the ends of events in what it reads and stamps each with CLOCK_MONOTONIC
 * after its read. Nothing is allocated or written before the end (see fidelity_client.h).
 */
#include "fidelity_client.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 64 << 10, BATCH = 256 };

struct stream {
    int fd;
    struct stream_times *times;
    char last; /* the last byte of the read before */
};

struct bench {
    struct client_options o;
    int epoll;
    struct stream *all;
    int64_t next, open, failed;
    char buf[READ_BYTES];
};

static void end_stream(struct bench *b, struct stream *s, bool failed)
{
    close(s->fd);
    s->fd = -1;
    b->failed += failed;
    b->open--;
}

static void open_stream(struct bench *b, struct stream *s)
{
    const int one = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)b->o.port)};
    struct epoll_event e = {.events = EPOLLOUT, .data.ptr = s};

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->times->released_ns = clock_mono_ns();
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    b->open++;
    (void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (s->fd < 0 ||
        (connect(s->fd, (struct sockaddr *)&a, sizeof a) < 0 && errno != EINPROGRESS) ||
        epoll_ctl(b->epoll, EPOLL_CTL_ADD, s->fd, &e) < 0)
        end_stream(b, s, true);
}

static void send_request(struct bench *b, struct stream *s)
{
    char request[REQUEST_BYTES];
    size_t n = write_request(&b->o, s - b->all, request, sizeof request);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = s};

    s->times->sent_ns = clock_mono_ns();
    if (send(s->fd, request, n, MSG_NOSIGNAL) != (ssize_t)n ||
        epoll_ctl(b->epoll, EPOLL_CTL_MOD, s->fd, &e) < 0)
        end_stream(b, s, true);
}

/* An event ends with an empty line; neither the head nor the chunk framing contains "\n\n". */
static void find_events(const struct bench *b, struct stream *s, size_t n, int64_t now)
{
    const char *at = b->buf, *end = b->buf + n, *nl;
    struct stream_times *t = s->times;

    if (s->last == '\n' && *at == '\n')
        t->events[t->count++] = now;
    for (; (nl = memchr(at, '\n', (size_t)(end - at))) && t->count < events_of(&b->o); at = nl + 1)
        if (nl + 1 < end && nl[1] == '\n')
            t->events[t->count++] = now;
    s->last = end[-1];
}

static void read_stream(struct bench *b, struct stream *s)
{
    ssize_t n = recv(s->fd, b->buf, sizeof b->buf, 0);
    int64_t now = clock_mono_ns();

    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        end_stream(b, s, true);
        return;
    }
    find_events(b, s, (size_t)n, now);
    if (s->times->count == events_of(&b->o))
        end_stream(b, s, false);
}

static int wait_events(const struct bench *b, struct epoll_event *events)
{
    int64_t left;
    struct timespec t;

    if (b->next == b->o.streams)
        return epoll_wait(b->epoll, events, BATCH, 10000);
    left = b->all[b->next].times->due_ns - b->o.spin_ns - clock_mono_ns();
    if (left <= 0)
        return epoll_wait(b->epoll, events, BATCH, 0);
    t = (struct timespec){.tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S};
    return epoll_pwait2(b->epoll, events, BATCH, &t, NULL);
}

static void drive(struct bench *b)
{
    struct epoll_event events[BATCH];

    while (b->next < b->o.streams || b->open > 0) {
        int n = wait_events(b, events);

        if (n == 0 && b->next == b->o.streams)
            return; /* ten seconds of silence */
        while (b->next < b->o.streams && b->all[b->next].times->due_ns <= clock_mono_ns())
            open_stream(b, &b->all[b->next++]);
        for (int i = 0; i < n; i++) {
            if (events[i].events & EPOLLOUT)
                send_request(b, events[i].data.ptr);
            else
                read_stream(b, events[i].data.ptr);
        }
    }
}

int main(int argc, char **argv)
{
    static struct bench b;
    struct stream_times *times;
    int64_t delay;

    b.o = client_defaults("floor-");
    if (parse_client(&b.o, argc, argv) < 0)
        return 2;
    be_punctual(b.o.fifo);
    b.epoll = epoll_create1(EPOLL_CLOEXEC);
    b.all = calloc((size_t)b.o.streams, sizeof *b.all);
    times = make_times(&b.o);
    if (!b.all || !times || b.epoll < 0)
        return 1;
    for (int64_t i = 0; i < b.o.streams; i++)
        b.all[i].times = &times[i];
    delay = run_delay_ns();
    drive(&b);
    print_costs(run_delay_ns() - delay, b.failed + b.open);
    print_times(&b.o, times);
    return b.failed + b.open > 0;
}
