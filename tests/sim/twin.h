/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/sim/twin.h - the virtual-time twin of the event loop, with a scripted server behind it.
 *
 * Time moves only when the engine looks at the clock (a little), polls (1 us) or waits (to what it
 * waits for, and WAKE_NS more, as a sleeping CPU does). The server is a callback: it sees each
 * complete request and schedules what comes back.
 */
#pragma once
#include "base/base.h"
#include "load/loop.h"
#include "record/record.h"
#include <stdlib.h>
#include <string.h>

#define TWIN_CLOCK_NS 20
#define TWIN_POLL_NS NS_PER_US
#define TWIN_WAKE_NS (60 * NS_PER_US)

enum { TWIN_SOCKETS = 4096, TWIN_SEGMENTS = 16384 };

enum twin_kind { TWIN_DATA, TWIN_EOF, TWIN_RESET };

struct twin_segment {
    int64_t at_ns;
    const char *data;
    size_t len;
    enum twin_kind kind;
    int next;
};

struct twin_socket {
    bool open, connected, want_write;
    int code;         /* of the connect */
    int64_t ready_ns; /* when the connect is done */
    uint64_t tag;
    size_t received; /* of the current request */
    int requests;    /* complete ones so far */
    bool broken;     /* the peer is gone for sends */
    int first, last; /* segments on their way, in order; -1 none */
    uint32_t stream; /* bytes sent */
    bool stamp_queued;
    int64_t stamp_ready_ns;
    struct loop_sent stamp;
};

struct twin {
    int64_t now_ns, slept_ns, polls;
    struct twin_socket sockets[TWIN_SOCKETS]; /* a descriptor is an index, never reused */
    int count, open, most_open;
    struct twin_segment segments[TWIN_SEGMENTS];
    int segment_count;
    /* what the test sets */
    size_t request_bytes;
    int connect_code; /* 0 succeeds, -EINPROGRESS hangs for ever, else the failure */
    int64_t connect_ns;
    size_t send_limit;      /* bytes a send takes; 0: all */
    int64_t send_every_ns;  /* a socket takes more only so long after the last send */
    int64_t stamp_shift_ns; /* somebody set the clock: stamps are off by so much */
    bool no_stamps;
    bool no_sent_stamps;
    int64_t sent_stamp_after_ns; /* a stamp of sending can be read so long after the write */
    int anchors;
    void (*request)(struct twin *t, int fd, int nth_of_connection);
    void (*first_bytes)(struct twin *t, int fd); /* after the first bytes of a request */
    void *ctx;
};

static inline struct twin *twin_new(void)
{
    struct twin *t = calloc(1, sizeof *t);

    if (!t)
        abort();
    t->now_ns = 1000 * NS_PER_S;
    t->connect_ns = 100 * NS_PER_US;
    return t;
}

/* Something arrives at @fd, @after_ns from now (in the order of the calls). */
static inline void twin_send(struct twin *t, int fd, int64_t after_ns, enum twin_kind kind,
                             const char *data)
{
    struct twin_socket *s = &t->sockets[fd];
    int i = t->segment_count++;

    if (i >= TWIN_SEGMENTS)
        abort();
    t->segments[i] =
        (struct twin_segment){t->now_ns + after_ns, data, data ? strlen(data) : 0, kind, -1};
    if (s->last >= 0)
        t->segments[s->last].next = i;
    else
        s->first = i;
    s->last = i;
}

static inline int64_t twin_now(void *loop)
{
    struct twin *t = loop;

    return t->now_ns += TWIN_CLOCK_NS;
}

/* When @s next has something to report; INT64_MAX: never. */
static inline int64_t twin_ready(const struct twin *t, const struct twin_socket *s)
{
    int64_t at_ns = INT64_MAX;

    if (!s->open)
        return at_ns;
    if (!s->connected || s->want_write)
        at_ns = s->ready_ns;
    if (s->first >= 0)
        at_ns = i64_min(at_ns, t->segments[s->first].at_ns);
    if (s->stamp_queued)
        at_ns = i64_min(at_ns, s->stamp_ready_ns);
    return at_ns;
}

static inline int twin_collect(const struct twin *t, struct loop_event *events, int max)
{
    int n = 0;

    for (int fd = 0; fd < t->count && n < max; fd++) {
        const struct twin_socket *s = &t->sockets[fd];
        bool in, out, error;

        if (twin_ready(t, s) > t->now_ns)
            continue;
        in = s->first >= 0 && t->segments[s->first].at_ns <= t->now_ns;
        out = (!s->connected || s->want_write) && s->ready_ns <= t->now_ns;
        error = s->stamp_queued && s->stamp_ready_ns <= t->now_ns;
        events[n++] = (struct loop_event){
            .tag = s->tag, .in = in || error, .out = out || error, .error = error};
    }
    return n;
}

static inline int twin_wait(void *loop, struct loop_event *events, int max, int64_t until_ns)
{
    struct twin *t = loop;
    int64_t first_ns = until_ns, before_ns = t->now_ns;

    if (until_ns <= t->now_ns) {
        t->now_ns += TWIN_POLL_NS;
        t->polls++;
        return twin_collect(t, events, max);
    }
    for (int fd = 0; fd < t->count; fd++)
        first_ns = i64_min(first_ns, twin_ready(t, &t->sockets[fd]));
    if (first_ns > t->now_ns) {
        t->now_ns = first_ns + TWIN_WAKE_NS;
        t->slept_ns += t->now_ns - before_ns;
    }
    return twin_collect(t, events, max);
}

static inline int twin_connect(void *loop, uint64_t tag, const struct sockaddr *to, socklen_t len)
{
    struct twin *t = loop;
    int fd = t->count++;

    (void)to;
    (void)len;
    if (fd >= TWIN_SOCKETS)
        abort();
    t->sockets[fd] = (struct twin_socket){
        .open = true,
        .code = t->connect_code,
        .ready_ns = t->connect_code == -EINPROGRESS ? INT64_MAX : t->now_ns + t->connect_ns,
        .tag = tag,
        .first = -1,
        .last = -1};
    t->open++;
    if (t->open > t->most_open)
        t->most_open = t->open;
    return fd;
}

static inline int twin_connected(void *loop, int fd)
{
    struct twin *t = loop;

    t->sockets[fd].connected = true;
    t->sockets[fd].want_write = true;
    return t->sockets[fd].code;
}

static inline void twin_watch(void *loop, int fd, uint64_t tag, bool write)
{
    struct twin *t = loop;

    t->sockets[fd].tag = tag;
    t->sockets[fd].want_write = write;
}

static inline ssize_t twin_send_op(void *loop, int fd, const char *data, size_t len)
{
    struct twin *t = loop;
    struct twin_socket *s = &t->sockets[fd];
    size_t n = t->send_limit && len > t->send_limit ? t->send_limit : len;

    (void)data;
    if (s->broken)
        return -EPIPE;
    if (s->ready_ns > t->now_ns)
        return -EAGAIN;
    s->ready_ns = t->now_ns + t->send_every_ns;
    s->received += n;
    s->stream += (uint32_t)n;
    t->now_ns += 3 * NS_PER_US; /* what a send costs */
    if (s->received == n && t->first_bytes)
        t->first_bytes(t, fd);
    if (s->received == t->request_bytes) {
        s->received = 0;
        t->request(t, fd, s->requests++);
    }
    return (ssize_t)n;
}

static inline ssize_t twin_send_stamped(void *loop, int fd, const char *data, size_t len)
{
    struct twin *t = loop;
    struct twin_socket *s = &t->sockets[fd];
    ssize_t n = twin_send_op(loop, fd, data, len);

    if (n <= 0 || t->no_sent_stamps)
        return n;
    s->stamp_queued = true;
    s->stamp_ready_ns = t->now_ns + t->sent_stamp_after_ns;
    s->stamp = (struct loop_sent){t->now_ns - NS_PER_US + t->stamp_shift_ns, s->stream - 1};
    return n;
}

static inline bool twin_sent_stamp(void *loop, int fd, struct loop_sent *ret)
{
    struct twin *t = loop;
    struct twin_socket *s = &t->sockets[fd];

    t->now_ns += NS_PER_US;
    if (!s->stamp_queued || s->stamp_ready_ns > t->now_ns)
        return false;
    s->stamp_queued = false;
    *ret = s->stamp;
    return true;
}

static inline ssize_t twin_recv(void *loop, int fd, char *buf, size_t cap, struct loop_stamp *stamp)
{
    struct twin *t = loop;
    struct twin_socket *s = &t->sockets[fd];
    struct twin_segment *g = s->first >= 0 ? &t->segments[s->first] : NULL;
    ssize_t n = 0;

    t->now_ns += 3 * NS_PER_US;
    *stamp = (struct loop_stamp){TIME_NONE, t->now_ns};
    if (!g || g->at_ns > t->now_ns)
        return -EAGAIN;
    if (g->kind != TWIN_DATA)
        return g->kind == TWIN_EOF ? 0 : -ECONNRESET;
    while (g && g->kind == TWIN_DATA && g->at_ns <= t->now_ns && (size_t)n < cap) {
        size_t part = g->len < cap - (size_t)n ? g->len : cap - (size_t)n;

        memcpy(buf + n, g->data, part);
        n += (ssize_t)part;
        stamp->kernel_ns = t->no_stamps ? TIME_NONE : g->at_ns + t->stamp_shift_ns;
        g->data += part;
        g->len -= part;
        if (g->len > 0)
            break;
        s->first = g->next;
        g = g->next >= 0 ? &t->segments[g->next] : NULL;
    }
    if (s->first < 0)
        s->last = -1;
    return n;
}

static inline void twin_close(void *loop, int fd)
{
    struct twin *t = loop;

    if (!t->sockets[fd].open)
        abort();
    t->sockets[fd].open = false;
    t->open--;
}

static inline void twin_anchor(void *loop)
{
    struct twin *t = loop;

    t->anchors++;
    t->stamp_shift_ns = 0;
}

static const struct loop_ops twin_ops = {
    .now = twin_now,
    .wait = twin_wait,
    .connect = twin_connect,
    .connected = twin_connected,
    .watch = twin_watch,
    .send = twin_send_op,
    .send_stamped = twin_send_stamped,
    .sent_stamp = twin_sent_stamp,
    .recv = twin_recv,
    .close = twin_close,
    .anchor = twin_anchor,
};
