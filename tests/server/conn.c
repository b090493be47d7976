/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: reading requests, sending bytes, leaving. */
#include "refserver.h"
#include "base/clock.h"
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 256 << 10, FLOOD_TURN = 16 };
#define FLOOD_BYTES (INT64_C(2) << 30)

static void enlist(struct worker *w, struct conn *c)
{
    c->all_next = w->all;
    c->all_link = &w->all;
    if (w->all)
        w->all->all_link = &c->all_next;
    w->all = c;
}

static void delist(struct conn *c)
{
    *c->all_link = c->all_next;
    if (c->all_next)
        c->all_next->all_link = c->all_link;
}

void conn_accept(struct worker *w)
{
    const int one = 1;
    int fd;

    while ((fd = accept4(w->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct conn *c = calloc(1, sizeof *c);
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};

        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        (void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
        if (!c || epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &e) < 0) {
            free(c);
            close(fd);
            continue;
        }
        c->fd = fd;
        enlist(w, c);
        w->counts.connections++;
        if (w->options->log_peers)
            log_peer(&w->log, fd, clock_mono_ns());
    }
}

static void leave_timing(struct worker *w, struct conn *c, enum conn_state state)
{
    if (c->state == CONN_TIMED)
        heap_drop(w, c);
    c->state = state;
}

static void leave_queue(struct worker *w, const struct conn *c)
{
    struct conn **link = &w->queue_head, *last = NULL;

    while (*link && *link != c) {
        last = *link;
        link = &last->next;
    }
    if (!*link)
        return;
    *link = c->next;
    if (w->queue_tail == c)
        w->queue_tail = last;
    w->counts.waiting--;
}

static void die(struct worker *w, struct conn *c)
{
    int64_t now = clock_mono_ns();

    if (c->state == CONN_DEAD)
        return;
    if (c->state == CONN_QUEUED)
        leave_queue(w, c);
    leave_timing(w, c, CONN_DEAD);
    close(c->fd);
    if (c->request.id[0])
        log_note(&w->log, c->request.id, "close", now);
    c->next = w->graveyard; /* an event of this round may still point here */
    w->graveyard = c;
    stream_leave(w, c, now);
}

/* The peer is gone. */
static void peer_left(struct worker *w, struct conn *c)
{
    if (c->answering && c->request.id[0])
        log_hangup(&w->log, c->request.id, clock_mono_ns(), c->sent);
    die(w, c);
}

static void conn_free(struct conn *c)
{
    delist(c);
    str_release(&c->in);
    str_release(&c->out);
    str_release(&c->hold);
    free(c);
}

void conn_reap(struct worker *w)
{
    while (w->graveyard) {
        struct conn *c = w->graveyard;

        w->graveyard = c->next;
        conn_free(c);
    }
}

void conn_release_all(struct worker *w)
{
    conn_reap(w);
    while (w->all) {
        close(w->all->fd);
        conn_free(w->all);
    }
}

void conn_close(struct worker *w, struct conn *c)
{
    if (c->out_at < c->out.len)
        leave_timing(w, c, CONN_CLOSING);
    else
        die(w, c);
}

void conn_reset(struct worker *w, struct conn *c)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    die(w, c);
}

void conn_deafen(struct worker *w, struct conn *c)
{
    leave_timing(w, c, CONN_DEAF);
}

static void want_write(struct worker *w, struct conn *c, bool want)
{
    struct epoll_event e = {.events = EPOLLIN | (want ? EPOLLOUT : 0), .data.ptr = c};

    if (c->want_write != want)
        (void)epoll_ctl(w->epoll, EPOLL_CTL_MOD, c->fd, &e);
    c->want_write = want;
}

/* Bytes that the socket took now; -1: the connection is gone. */
static ssize_t send_some(struct conn *c, const char *data, size_t n)
{
    size_t at = 0;

    while (at < n) {
        ssize_t r = send(c->fd, data + at, n - at, MSG_NOSIGNAL);

        if (r < 0 && errno == EAGAIN)
            break;
        if (r < 0 && errno != EINTR)
            return -1;
        at += r > 0 ? (size_t)r : 0;
    }
    return (ssize_t)at;
}

void conn_send(struct worker *w, struct conn *c, const char *data, size_t n)
{
    bool closes = c->mis == MIS_EARLY_CLOSE && c->budget <= (int64_t)n;
    ssize_t taken = 0;

    if (c->state == CONN_DEAD)
        return;
    n = closes ? (size_t)c->budget : n;
    c->budget -= (int64_t)n;
    if (c->out_at == c->out.len)
        taken = send_some(c, data, n);
    if (taken < 0) {
        peer_left(w, c);
    } else if ((size_t)taken < n) {
        str_addn(&c->out, data + taken, n - (size_t)taken);
        want_write(w, c, true);
    }
    if (closes && c->state != CONN_DEAD)
        conn_close(w, c);
}

void conn_flood(struct worker *w, struct conn *c, struct slice unit)
{
    if (c->state == CONN_DEAD)
        return;
    c->flood = unit;
    c->flood_left = FLOOD_BYTES;
    conn_deafen(w, c);
    want_write(w, c, true);
}

/* One turn's worth. What the socket takes of a unit only in part goes on behind it, in order. */
static void flood_on(struct worker *w, struct conn *c)
{
    for (int i = 0; i < FLOOD_TURN && c->flood_left > 0 && c->out.len == 0; i++) {
        conn_send(w, c, c->flood.data, c->flood.len);
        c->flood_left -= (int64_t)c->flood.len;
        if (c->state == CONN_DEAD)
            return;
    }
    if (c->flood_left <= 0 && c->out.len == 0)
        want_write(w, c, false);
}

static void send_pending(struct worker *w, struct conn *c)
{
    size_t left = c->out.len - c->out_at; /* none: only a flood waits for the socket */
    ssize_t taken = left > 0 ? send_some(c, c->out.data + c->out_at, left) : 0;

    if (taken < 0) {
        peer_left(w, c);
        return;
    }
    c->out_at += (size_t)taken;
    if (c->out_at < c->out.len)
        return;
    str_clear(&c->out);
    c->out_at = 0;
    want_write(w, c, c->flood_left > 0);
    if (c->state == CONN_CLOSING)
        die(w, c);
}

static void dispatch(struct worker *w, struct conn *c, const char *body, int64_t now)
{
    struct request *r = &c->request;

    if (!r->id[0])
        (void)snprintf(r->id, sizeof r->id, "r%" PRIu64, w->requests_seen);
    w->requests_seen++;
    if (w->options->keep == KEEP_STALE && c->had_sse) {
        log_note(&w->log, r->id, "stale", now);
        conn_reset(w, c);
        return;
    }
    log_note(&w->log, r->id, "request", now);
    c->answering = true;
    c->continued = false;
    c->mis = MIS_NONE;
    c->sent = 0;
    r->endpoint = endpoint_of(r->path);
    r->chat = r->endpoint == ENDPOINT_CHAT;
    if (strcmp(r->method, "POST") != 0 || r->endpoint == ENDPOINT_NONE)
        answer_fixed(w, c);
    else if (request_body(r, body, (size_t)r->body_len, &w->prefixes) < 0)
        answer_error(w, c, 400, "the body is no JSON object");
    else {
        log_model(&w->log, r->id, now, r->model);
        stream_request(w, c, now);
    }
}

static void consume(struct conn *c, size_t n)
{
    size_t left = c->in.len - n;

    memmove(c->in.data, c->in.data + n, left);
    c->in.len = left;
    c->in.data[left] = '\0';
}

static void answer_early(struct worker *w, struct conn *c)
{
    c->mis = MIS_EARLY_ANSWER;
    answer_status(w, c);
    conn_close(w, c);
}

/* 1: a complete request was taken up, 0: more bytes are needed. */
static int take_request(struct worker *w, struct conn *c, int64_t now)
{
    const char *blank = c->in.len ? memmem(c->in.data, c->in.len, "\r\n\r\n", 4) : NULL;
    size_t head, body;

    if (!blank)
        return 0;
    head = (size_t)(blank - c->in.data) + 4;
    if (request_head(&c->request, c->in.data, head - 2) < 0) {
        answer_error(w, c, 400, "malformed request head");
        conn_close(w, c);
        return 1;
    }
    body = (size_t)c->request.body_len;
    if (c->in.len - head >= body) {
        dispatch(w, c, c->in.data + head, now);
        consume(c, head + body);
        return 1;
    }
    if (w->options->mis == MIS_EARLY_ANSWER) { /* before the request is complete */
        answer_early(w, c);
        return 1;
    }
    if (c->request.expects && !c->continued)
        conn_send(w, c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    c->continued = true;
    return 0;
}

void conn_next_request(struct worker *w, struct conn *c)
{
    while (c->state == CONN_READING && !c->answering && take_request(w, c, clock_mono_ns()) > 0)
        ;
}

/* When the kernel had the last byte of a read, if it says so plausibly, on CLOCK_MONOTONIC; else
 * now. The requests' deadlines count from it: a server that was busy or descheduled when a request
 * came in must not look like a slow network. */
static int64_t arrival_ns(struct msghdr *m)
{
    int64_t now = clock_mono_ns(), age;
    struct timespec t;

    for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
        if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        memcpy(&t, CMSG_DATA(h), sizeof t);
        age = clock_real_ns() - (t.tv_sec * NS_PER_S + t.tv_nsec);
        return age >= 0 && age < NS_PER_S ? now - age : now;
    }
    return now;
}

static void read_some(struct worker *w, struct conn *c)
{
    static _Thread_local char buf[READ_BYTES];
    char control[64];
    struct iovec v = {buf, sizeof buf};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(c->fd, &m, 0);
    int64_t now = arrival_ns(&m);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        peer_left(w, c);
        return;
    }
    str_addn(&c->in, buf, (size_t)n);
    if (c->state == CONN_READING && !c->answering && take_request(w, c, now) > 0)
        conn_next_request(w, c);
}

void conn_ready(struct worker *w, struct conn *c, uint32_t events)
{
    if (c->state != CONN_DEAD && (events & EPOLLOUT))
        send_pending(w, c);
    if (c->state != CONN_DEAD && (events & EPOLLOUT) && c->flood_left > 0)
        flood_on(w, c);
    if (c->state != CONN_DEAD && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        read_some(w, c);
}
