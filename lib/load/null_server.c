/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers wait for their next event in one heap, by the time when it is due; at full speed that is
 * the time of the event before, so that all take turns. One event is one write: the client sees one
 * segment each, as from a server that streams tokens.
 */
#include "load/null_server.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/vec.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HEAD_BYTES = 512, READ_BYTES = 64 * 1024, READY = 256, PIECE_BYTES = 1024, BACKLOG = 4096 };

#define EVENT_BODY(delta, finish)                                                                  \
    "data: {\"id\":\"null\",\"object\":\"chat.completion.chunk\",\"created\":1,"                   \
    "\"model\":\"null\",\"choices\":[{\"index\":0,\"delta\":" delta ",\"finish_reason\":" finish   \
    "}]}\n\n"
#define STREAM_HEAD                                                                                \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
#define DOCUMENT                                                                                   \
    "{\"id\":\"null\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"null\","            \
    "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"word\"},"         \
    "\"finish_reason\":\"length\"}]}"

struct piece {
    char text[PIECE_BYTES];
    size_t len;
};

struct client {
    int fd;
    size_t head_len, body_left;
    char head[HEAD_BYTES + 1];
    bool answering, blocked;
    bool queued, gone; /* gone: freed when its turn comes */
    uint32_t item;
    int32_t sent; /* events */
    int64_t due_ns;
    const struct piece *piece; /* what a full socket has not taken yet, from @piece_at */
    size_t piece_at;
};

struct server {
    const struct null_config *config;
    int listener, epoll;
    struct client **heap; /* answers whose next event is to be sent */
    size_t waiting, room, clients;
    struct piece only, begin, middle, end; /* of a stream: its one event, its first, ... */
    struct piece document;
};

static void add_chunk(struct piece *p, const char *text)
{
    p->len += (size_t)snprintf(p->text + p->len, sizeof p->text - p->len, "%zx\r\n%s\r\n",
                               strlen(text), text);
}

static void make_pieces(struct server *s)
{
    static const char token[] = EVENT_BODY("{\"content\":\" word\"}", "null");
    static const char finish[] = EVENT_BODY("{}", "\"length\"") "data: [DONE]\n\n";
    struct piece last = {.len = 0};

    add_chunk(&s->middle, token);
    s->begin.len = (size_t)snprintf(s->begin.text, sizeof s->begin.text, STREAM_HEAD);
    add_chunk(&s->begin, token);
    add_chunk(&last, finish);
    s->end.len = (size_t)snprintf(s->end.text, sizeof s->end.text, "%s%s0\r\n\r\n", s->middle.text,
                                  last.text);
    s->only.len = (size_t)snprintf(s->only.text, sizeof s->only.text, "%s%s0\r\n\r\n",
                                   s->begin.text, last.text);
    s->document.len = (size_t)snprintf(
        s->document.text, sizeof s->document.text,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
        strlen(DOCUMENT), DOCUMENT);
}

static void watch(const struct server *s, struct client *c, uint32_t events, int how)
{
    struct epoll_event e = {.events = events, .data.ptr = c};

    (void)epoll_ctl(s->epoll, how, c->fd, &e);
}

/* There is room: a place is made for each client that is accepted. */
static void queue(struct server *s, struct client *c)
{
    size_t at = s->waiting++;

    for (; at > 0 && c->due_ns < s->heap[(at - 1) / 2]->due_ns; at = (at - 1) / 2)
        s->heap[at] = s->heap[(at - 1) / 2];
    s->heap[at] = c;
    c->queued = true;
}

static struct client *unqueue(struct server *s)
{
    struct client *first = s->heap[0], *moved = s->heap[--s->waiting];
    size_t at = 0;

    for (size_t child = 1; child < s->waiting; child = 2 * at + 1) {
        child += child + 1 < s->waiting && s->heap[child + 1]->due_ns < s->heap[child]->due_ns;
        if (s->heap[child]->due_ns >= moved->due_ns)
            break;
        s->heap[at] = s->heap[child];
        at = child;
    }
    s->heap[at] = moved;
    first->queued = false;
    return first;
}

static void release(struct server *s, struct client *c)
{
    free(c);
    s->clients--;
}

static void drop(struct server *s, struct client *c)
{
    (void)close(c->fd);
    c->gone = true;
    if (!c->queued)
        release(s, c);
}

static const struct null_item *item_of(const struct server *s, const struct client *c)
{
    return &s->config->items[c->item];
}

static const struct piece *next_piece(const struct server *s, const struct client *c)
{
    int32_t events = item_of(s, c)->events;

    if (!s->config->stream)
        return &s->document;
    if (events == 1)
        return &s->only;
    return c->sent == 0 ? &s->begin : c->sent + 1 == events ? &s->end : &s->middle;
}

static void stamp(const struct server *s, const struct client *c)
{
    const struct null_item *i = item_of(s, c);

    if (s->config->sent_ns && c->sent < i->stamps)
        s->config->sent_ns[i->first_stamp + (size_t)c->sent] = clock_mono_ns();
}

/* The event is out: the next one is due a period later, or the answer is over. */
static void advance(struct server *s, struct client *c)
{
    c->piece = NULL;
    c->sent++;
    if (s->config->stream && c->sent < item_of(s, c)->events) {
        c->due_ns = s->config->period_ns ? c->due_ns + s->config->period_ns : clock_mono_ns();
        queue(s, c);
    } else
        c->answering = false;
}

/* False: the connection is gone. A socket that takes no more is waited for. */
static bool emit(struct server *s, struct client *c)
{
    ssize_t n;

    if (!c->piece) {
        c->piece = next_piece(s, c);
        c->piece_at = 0;
        stamp(s, c);
    }
    n = send(c->fd, c->piece->text + c->piece_at, c->piece->len - c->piece_at,
             MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return false;
    c->piece_at += n > 0 ? (size_t)n : 0;
    if (c->piece_at == c->piece->len) {
        if (c->blocked)
            watch(s, c, EPOLLIN, EPOLL_CTL_MOD);
        c->blocked = false;
        advance(s, c);
    } else if (!c->blocked) {
        c->blocked = true;
        watch(s, c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    }
    return true;
}

/* A document comes when its stream would have ended. */
static void begin_answer(struct server *s, struct client *c)
{
    int64_t whole_ns = (item_of(s, c)->events - 1) * s->config->period_ns;

    c->answering = true;
    c->sent = 0;
    c->due_ns = clock_mono_ns() + (s->config->stream ? 0 : whole_ns);
}

/* Takes what belongs to the head; false: no request of ours. */
static bool read_head(struct server *s, struct client *c, const char *data, size_t n, size_t *used)
{
    size_t take = n < HEAD_BYTES - c->head_len ? n : HEAD_BYTES - c->head_len, before = c->head_len;
    const char *end;

    memcpy(c->head + c->head_len, data, take);
    c->head_len += take;
    c->head[c->head_len] = '\0';
    *used = take;
    end = strstr(c->head, "\r\n\r\n");
    if (!end)
        return c->head_len < HEAD_BYTES;
    *used = (size_t)(end + 4 - c->head) - before;
    c->head_len = 0;
    return sscanf(c->head, "POST /%" SCNu32 "/%zu ", &c->item, &c->body_left) == 2 &&
           c->item < s->config->count && c->body_left > 0;
}

/* False: the connection is of no use any more. */
static bool take(struct server *s, struct client *c, const char *data, size_t n)
{
    while (n > 0) {
        size_t used = n < c->body_left ? n : c->body_left;
        bool in_body = c->body_left > 0;

        if (c->answering)
            return false;
        if (!in_body && !read_head(s, c, data, n, &used))
            return false;
        c->body_left -= in_body ? used : 0;
        data += used;
        n -= used;
        if (in_body && c->body_left == 0) {
            begin_answer(s, c);
            if (!s->config->stream || s->config->period_ns == 0)
                queue(s, c);
            else if (!emit(s, c))
                return false;
        }
    }
    return true;
}

static bool receive(struct server *s, struct client *c)
{
    static char buf[READ_BYTES];
    ssize_t n = recv(c->fd, buf, sizeof buf, MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    return n > 0 && take(s, c, buf, (size_t)n);
}

static void accept_all(struct server *s)
{
    int fd, on = 1;

    while ((fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct client *c = calloc(1, sizeof *c);

        if (!c || vec_reserve((void **)&s->heap, &s->room, s->clients + 1, sizeof(void *)) < 0) {
            (void)close(fd);
            free(c);
            continue;
        }
        s->clients++;
        c->fd = fd;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(s, c, EPOLLIN, EPOLL_CTL_ADD);
    }
}

static void serve(struct server *s, const struct epoll_event *e)
{
    struct client *c = e->data.ptr;
    bool alive = true;

    if (!c) {
        accept_all(s);
        return;
    }
    if (e->events & EPOLLOUT)
        alive = emit(s, c);
    if (alive && e->events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        alive = receive(s, c);
    if (!alive)
        drop(s, c);
}

/* Each waiting answer at most once: then what has come in is read first. */
static void send_due(struct server *s)
{
    int64_t now_ns = clock_mono_ns();

    for (size_t n = s->waiting; n > 0 && s->waiting > 0 && s->heap[0]->due_ns <= now_ns; n--) {
        struct client *c = unqueue(s);

        if (c->gone)
            release(s, c);
        else if (!emit(s, c))
            drop(s, c);
    }
}

__attribute__((noreturn)) static void run(struct server *s)
{
    struct epoll_event ready[READY];

    while (true) {
        int64_t left_ns = s->waiting ? i64_max(0, s->heap[0]->due_ns - clock_mono_ns()) : NS_PER_S;
        struct timespec left = {.tv_sec = left_ns / NS_PER_S, .tv_nsec = left_ns % NS_PER_S};
        int n = epoll_pwait2(s->epoll, ready, READY, &left, NULL);

        for (int i = 0; i < n; i++)
            serve(s, &ready[i]);
        send_due(s);
    }
}

static void want_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* The child: what it can't have (its CPUs, descriptors, a finer timer) it does without. */
__attribute__((noreturn)) static void become(const struct null_config *c, int listener,
                                             pid_t parent)
{
    struct server s = {.config = c, .listener = listener};
    struct epoll_event e = {.events = EPOLLIN};

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    (void)signal(SIGINT, SIG_IGN); /* the parent says when it is over */
    (void)signal(SIGTERM, SIG_DFL);
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    if (c->cpus)
        (void)sched_setaffinity(0, sizeof *c->cpus, c->cpus);
    want_descriptors();
    make_pieces(&s);
    s.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s.epoll < 0 || epoll_ctl(s.epoll, EPOLL_CTL_ADD, listener, &e) < 0)
        _exit(1);
    run(&s);
}

static int listen_somewhere(struct null_server *s, int *ret, struct err *err)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    AUTO(fd_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    s->address_len = sizeof s->address;
    if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&s->address, &s->address_len) < 0)
        return err_set(err, -errno, "null server: %s", strerror(errno));
    *ret = fd;
    fd = -1;
    return 0;
}

int null_server_start(struct null_server *ret, const struct null_config *c, struct err *err)
{
    const pid_t parent = getpid();
    struct null_server s = {0};
    AUTO(fd_close) int listener = -1;
    int r = listen_somewhere(&s, &listener, err);

    if (r < 0)
        return r;
    s.pid = fork();
    if (s.pid < 0)
        return err_set(err, -errno, "null server: fork: %s", strerror(errno));
    if (s.pid == 0)
        become(c, listener, parent);
    *ret = s;
    return 0;
}

void null_server_stop(struct null_server *s)
{
    if (s->pid <= 0)
        return;
    (void)kill(s->pid, SIGKILL);
    while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    s->pid = 0;
}
