/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_fidelity - the floor: the least that a client on epoll can do, to compare asrun with.
 *
 * Opens --streams streams to a reference server on 127.0.0.1:--port, evenly over --spread, on a
 * fixed schedule; finds the ends of events in what it reads and stamps each with CLOCK_MONOTONIC
 * after its read. Nothing is allocated or written before the end. Then, on stdout,
 *   ID request DUE_NS RELEASED_NS SENT_NS     and     ID INDEX TIME_NS    for each event,
 * and on stderr its run-queue delay and CPU. Events are a role, --tokens of content, finish,
 * usage and [DONE]: a stream that brought that many is complete.
 */
#include "base/clock.h"
#include "base/fs.h"
#include "base/units.h"
#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FRAME_EVENTS = 4, READ_BYTES = 64 << 10, BATCH = 256 };

struct stream {
    int fd;
    int64_t due_ns, released_ns, sent_ns;
    int64_t *events;
    int64_t count;
    char last; /* the last byte of the read before */
    bool failed;
};

struct bench {
    int64_t port, streams, tokens, words, spread_ns, spin_ns;
    const char *id;
    int epoll;
    struct stream *all;
    int64_t next, open, failed;
    char buf[READ_BYTES];
};

static int64_t events_of(const struct bench *b)
{
    return b->tokens + FRAME_EVENTS;
}

static size_t write_request(const struct bench *b, int64_t i, char *buf, size_t cap)
{
    char body[16 << 10];
    int n = snprintf(body, sizeof body,
                     "{\"model\":\"reference\",\"stream\":true,\"max_tokens\":%" PRId64
                     ",\"stream_options\":{\"include_usage\":true},\"messages\":"
                     "[{\"role\":\"user\",\"content\":\"request %" PRId64,
                     b->tokens, i);

    for (int64_t w = 2; w < b->words; w++)
        n += snprintf(body + n, sizeof body - (size_t)n, " word");
    n += snprintf(body + n, sizeof body - (size_t)n, "\"}]}");
    return (size_t)snprintf(buf, cap,
                            "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                            "Content-Type: application/json\r\nX-Request-Id: %s%" PRId64
                            "\r\nContent-Length: %d\r\n\r\n%s",
                            b->id, i, n, body);
}

static void end_stream(struct bench *b, struct stream *s, bool failed)
{
    close(s->fd);
    s->fd = -1;
    s->failed = failed;
    b->failed += failed;
    b->open--;
}

static void open_stream(struct bench *b, struct stream *s)
{
    const int one = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)b->port)};
    struct epoll_event e = {.events = EPOLLOUT, .data.ptr = s};

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->released_ns = clock_mono_ns();
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
    char request[20 << 10];
    size_t n = write_request(b, s - b->all, request, sizeof request);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = s};

    s->sent_ns = clock_mono_ns();
    if (send(s->fd, request, n, MSG_NOSIGNAL) != (ssize_t)n ||
        epoll_ctl(b->epoll, EPOLL_CTL_MOD, s->fd, &e) < 0)
        end_stream(b, s, true);
}

/* An event ends with an empty line; neither the head nor the chunk framing contains "\n\n". */
static void find_events(const struct bench *b, struct stream *s, size_t n, int64_t now)
{
    const char *at = b->buf, *end = b->buf + n, *nl;

    if (s->last == '\n' && *at == '\n')
        s->events[s->count++] = now;
    for (; (nl = memchr(at, '\n', (size_t)(end - at))) && s->count < events_of(b); at = nl + 1)
        if (nl + 1 < end && nl[1] == '\n')
            s->events[s->count++] = now;
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
    if (s->count == events_of(b))
        end_stream(b, s, false);
}

static int wait_events(const struct bench *b, struct epoll_event *events)
{
    int64_t left;
    struct timespec t;

    if (b->next == b->streams)
        return epoll_wait(b->epoll, events, BATCH, 10000);
    left = b->all[b->next].due_ns - b->spin_ns - clock_mono_ns();
    if (left <= 0)
        return epoll_wait(b->epoll, events, BATCH, 0);
    t = (struct timespec){.tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S};
    return epoll_pwait2(b->epoll, events, BATCH, &t, NULL);
}

static void drive(struct bench *b)
{
    struct epoll_event events[BATCH];

    while (b->next < b->streams || b->open > 0) {
        int n = wait_events(b, events);

        if (n == 0 && b->next == b->streams)
            return; /* ten seconds of silence */
        while (b->next < b->streams && b->all[b->next].due_ns <= clock_mono_ns())
            open_stream(b, &b->all[b->next++]);
        for (int i = 0; i < n; i++) {
            if (events[i].events & EPOLLOUT)
                send_request(b, events[i].data.ptr);
            else
                read_stream(b, events[i].data.ptr);
        }
    }
}

static int set_up(struct bench *b)
{
    size_t room = (size_t)events_of(b);
    int64_t start, *times = malloc((size_t)b->streams * room * sizeof *times);

    b->all = calloc((size_t)b->streams, sizeof *b->all);
    b->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!times || !b->all || b->epoll < 0)
        return -ENOMEM;
    memset(times, 0, (size_t)b->streams * room * sizeof *times); /* faulted in before the start */
    start = clock_mono_ns() + 100 * NS_PER_MS;
    for (int64_t i = 0; i < b->streams; i++) {
        b->all[i].events = times + (size_t)i * room;
        b->all[i].due_ns = start + b->spread_ns / b->streams * i;
    }
    return 0;
}

static void be_punctual(bool fifo)
{
    const struct sched_param p = {.sched_priority = 20};
    struct rlimit r;

    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    if (fifo && sched_setscheduler(0, SCHED_FIFO, &p) < 0)
        fprintf(stderr, "bench_fidelity: SCHED_FIFO was denied\n");
    if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
        r.rlim_cur = r.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &r);
    }
}

static int64_t run_delay_ns(void)
{
    char line[128];
    int64_t ran, waited;

    if (fs_read_line(line, sizeof line, "/proc/thread-self/schedstat") < 0 ||
        sscanf(line, "%" SCNd64 " %" SCNd64, &ran, &waited) != 2)
        return -1;
    return waited;
}

static void print_results(const struct bench *b)
{
    for (int64_t i = 0; i < b->streams; i++) {
        const struct stream *s = &b->all[i];

        printf("%s%" PRId64 " request %" PRId64 " %" PRId64 " %" PRId64 "\n", b->id, i, s->due_ns,
               s->released_ns, s->sent_ns);
        for (int64_t k = 0; k < s->count; k++)
            printf("%s%" PRId64 " %" PRId64 " %" PRId64 "\n", b->id, i, k, s->events[k]);
    }
}

static int parse(struct bench *b, bool *fifo, int argc, char **argv)
{
    static const struct option keys[] = {{"port", required_argument, NULL, 'p'},
                                         {"streams", required_argument, NULL, 'n'},
                                         {"tokens", required_argument, NULL, 't'},
                                         {"words", required_argument, NULL, 'w'},
                                         {"spread", required_argument, NULL, 's'},
                                         {"spin", required_argument, NULL, 'x'},
                                         {"id", required_argument, NULL, 'i'},
                                         {"fifo", no_argument, NULL, 'f'},
                                         {0}};
    int r = 0;

    for (int k; r == 0 && (k = getopt_long(argc, argv, "", keys, NULL)) != -1;) {
        int64_t *count = k == 'p'   ? &b->port
                         : k == 'n' ? &b->streams
                         : k == 't' ? &b->tokens
                         : k == 'w' ? &b->words
                                    : NULL;
        int64_t *time = k == 's' ? &b->spread_ns : k == 'x' ? &b->spin_ns : NULL;

        *fifo = *fifo || k == 'f';
        if (k == 'i')
            b->id = optarg;
        else if (count)
            r = units_i64(count, optarg);
        else if (time)
            r = units_duration(time, optarg);
        else
            r = k == 'f' ? 0 : -EINVAL;
    }
    return r < 0 || b->port <= 0 || b->streams <= 0 || b->tokens <= 0 || b->words > 2000 ? -EINVAL
                                                                                         : 0;
}

int main(int argc, char **argv)
{
    static struct bench b = {.streams = 500,
                             .tokens = 100,
                             .words = 28,
                             .spread_ns = 2 * NS_PER_S,
                             .spin_ns = 100 * NS_PER_US,
                             .id = "floor-"};
    bool fifo = false;
    struct rusage u;
    int64_t delay;

    if (parse(&b, &fifo, argc, argv) < 0) {
        fputs("bench_fidelity --port P [--streams N] [--tokens N] [--words N] [--spread D] "
              "[--spin D] [--id PREFIX] [--fifo]\n",
              stderr);
        return 2;
    }
    be_punctual(fifo);
    if (set_up(&b) < 0)
        return 1;
    delay = run_delay_ns();
    drive(&b);
    delay = run_delay_ns() - delay;
    (void)getrusage(RUSAGE_SELF, &u);
    fprintf(stderr, "run_delay_ms %.3f cpu_s %.2f failed %" PRId64 "\n", (double)delay / 1e6,
            (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
                (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6,
            b.failed + b.open);
    print_results(&b);
    return b.failed + b.open > 0;
}
