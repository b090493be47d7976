/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/sim/h2_peer.h - a virtual-time loop with an HTTP/2 server behind it: nghttp2's own server,
 * or raw bytes. Time moves with each look at the clock and with each wait.
 */
#pragma once
#include "load/engine.h"
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PEER_SOCKETS = 512,
    PEER_STREAMS = 1024,
    PEER_OUT = 4 << 20,
    PEER_AT_ONCE = 32, /* sockets that are open */
    PEER_ITEMS = 64,
    PEER_RECORDS = 1 << 13,
    PEER_REQUEST = 4096,
};

struct peer_stream {
    int32_t id; /* 0: free */
    int fd;
    const char *text; /* what is still to be sent */
    size_t body;      /* bytes of the request's body */
    bool has_id, has_authority;
};

struct peer_socket {
    bool open, connected, want_write, eof;
    int code; /* a broken connection's */
    uint64_t tag;
    int64_t ready_ns;
    nghttp2_session *session;
    size_t out_at, out_len;
    char *out;
    size_t delivered, again; /* raw bytes: how often they are still to be sent */
};

struct peer {
    int64_t now_ns;
    int count, open;
    struct peer_socket sockets[PEER_SOCKETS];
    struct peer_stream streams[PEER_STREAMS];
    char *room; /* for what the sockets have to give */
    nghttp2_session_callbacks *callbacks;
    int requests, concurrent, most_concurrent, resets, goaways;
    size_t body_bytes;
    /* what the test sets */
    int connect_code;
    size_t split;     /* the first read of each connection takes so much */
    size_t send_most; /* bytes a send takes; 0: all */
    uint32_t max_streams;
    const char *raw; /* in place of a server */
    size_t raw_len, raw_times;
    void (*request)(struct peer *p, int fd, struct peer_stream *s);
    /* the engine's side */
    struct item items[PEER_ITEMS];
    struct schedule schedule;
    struct load_config config;
    struct load_report report;
    struct ring ring;
    struct ring *rings[1];
    void *memory;
    size_t request_body;
    int stop_after; /* requests seen by the server, then the run is stopped; 0: never */
};

static inline struct peer_stream *peer_find(struct peer *p, int fd, int32_t id)
{
    for (int i = 0; i < PEER_STREAMS; i++)
        if (p->streams[i].id == id && (id == 0 || p->streams[i].fd == fd))
            return &p->streams[i];
    return NULL;
}

static inline int peer_of(const struct peer *p, const nghttp2_session *session)
{
    for (int fd = 0; fd < p->count; fd++)
        if (p->sockets[fd].session == session)
            return fd;
    abort();
}

/* One event a frame. */
static inline ssize_t peer_give(nghttp2_session *session, int32_t id, uint8_t *buf, size_t cap,
                                uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct peer_stream *s = peer_find(user, peer_of(user, session), id);
    const char *gap = strstr(s->text, "\n\n");
    size_t n = gap ? (size_t)(gap + 2 - s->text) : strlen(s->text);

    (void)source;
    n = n < cap ? n : cap;
    memcpy(buf, s->text, n);
    s->text += n;
    if (!*s->text)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static inline void peer_answer(struct peer *p, struct peer_stream *s, const char *status,
                               const char *type, const char *text)
{
    const nghttp2_nv nv[] = {{(uint8_t *)(uintptr_t) ":status", (uint8_t *)(uintptr_t)status, 7, 3,
                              NGHTTP2_NV_FLAG_NONE},
                             {(uint8_t *)(uintptr_t) "content-type", (uint8_t *)(uintptr_t)type, 12,
                              strlen(type), NGHTTP2_NV_FLAG_NONE}};
    nghttp2_data_provider body = {.read_callback = peer_give};

    s->text = text;
    (void)nghttp2_submit_response(p->sockets[s->fd].session, s->id, nv, 2, &body);
}

static inline int peer_on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct peer *p = user;
    struct peer_stream *s = peer_find(p, 0, 0);

    if (!s || frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    *s = (struct peer_stream){.id = frame->hd.stream_id, .fd = peer_of(p, session), .text = ""};
    if (++p->concurrent > p->most_concurrent)
        p->most_concurrent = p->concurrent;
    return 0;
}

static inline int peer_on_header(nghttp2_session *session, const nghttp2_frame *frame,
                                 const uint8_t *name, size_t name_len, const uint8_t *value,
                                 size_t value_len, uint8_t flags, void *user)
{
    struct peer_stream *s = peer_find(user, peer_of(user, session), frame->hd.stream_id);

    (void)flags;
    if (!s)
        return 0;
    s->has_id |= name_len == 12 && memcmp(name, "x-request-id", 12) == 0 && value_len > 1;
    s->has_authority |=
        name_len == 10 && memcmp(name, ":authority", 10) == 0 && memcmp(value, "host", 4) == 0;
    return 0;
}

static inline int peer_on_data(nghttp2_session *session, uint8_t flags, int32_t id,
                               const uint8_t *data, size_t len, void *user)
{
    struct peer_stream *s = peer_find(user, peer_of(user, session), id);

    (void)flags;
    (void)data;
    if (s)
        s->body += len;
    return 0;
}

static inline int peer_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct peer *p = user;
    struct peer_stream *s =
        frame->hd.stream_id > 0 ? peer_find(p, peer_of(p, session), frame->hd.stream_id) : NULL;

    p->resets += frame->hd.type == NGHTTP2_RST_STREAM;
    p->goaways += frame->hd.type == NGHTTP2_GOAWAY;
    if (!s || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    p->requests++;
    p->body_bytes += s->body;
    if (!s->has_id || !s->has_authority)
        abort();
    p->request(p, s->fd, s);
    return 0;
}

static inline int peer_on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    struct peer *p = user;
    struct peer_stream *s = peer_find(p, peer_of(p, session), id);

    (void)code;
    if (s) {
        s->id = 0;
        p->concurrent--;
    }
    return 0;
}

static inline void peer_put(struct peer_socket *s, const void *data, size_t n)
{
    if (s->out_at == s->out_len)
        s->out_at = s->out_len = 0;
    if (n > (size_t)PEER_OUT / PEER_AT_ONCE - s->out_len)
        abort();
    memcpy(s->out + s->out_len, data, n);
    s->out_len += n;
}

/* What the server has to say goes on its way. */
static inline void peer_pump(struct peer_socket *s)
{
    const uint8_t *data;
    ssize_t n;

    while (s->session && (n = nghttp2_session_mem_send(s->session, &data)) > 0)
        peer_put(s, data, (size_t)n);
}

static inline int64_t peer_now(void *loop)
{
    return ((struct peer *)loop)->now_ns += 20;
}

static inline bool peer_has(const struct peer_socket *s)
{
    return s->out_at < s->out_len || s->again > 0 || s->eof || s->code < 0;
}

static inline int peer_collect(struct peer *p, struct loop_event *events, int max)
{
    int n = 0;

    for (int fd = 0; fd < p->count && n < max; fd++) {
        const struct peer_socket *s = &p->sockets[fd];
        bool out = s->open && (!s->connected || s->want_write) && s->ready_ns <= p->now_ns;
        bool in = s->open && s->connected && peer_has(s);

        if (in || out)
            events[n++] = (struct loop_event){.tag = s->tag, .in = in, .out = out};
    }
    return n;
}

static inline int peer_wait(void *loop, struct loop_event *events, int max, int64_t until_ns)
{
    struct peer *p = loop;
    int n = peer_collect(p, events, max);

    p->now_ns += NS_PER_US;
    if (n > 0 || until_ns <= p->now_ns)
        return n;
    for (int fd = 0; fd < p->count; fd++)
        if (p->sockets[fd].open && !p->sockets[fd].connected)
            until_ns = i64_min(until_ns, p->sockets[fd].ready_ns);
    p->now_ns = i64_max(p->now_ns, until_ns);
    return peer_collect(p, events, max);
}

static inline void peer_serve(struct peer *p, struct peer_socket *s)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, p->max_streams}};

    if (nghttp2_session_server_new(&s->session, p->callbacks, p) != 0 ||
        nghttp2_submit_settings(s->session, 0, settings, p->max_streams ? 1 : 0) != 0)
        abort();
    peer_pump(s);
}

static inline int peer_connect(void *loop, uint64_t tag, const struct sockaddr *to, socklen_t len)
{
    struct peer *p = loop;
    struct peer_socket *s = &p->sockets[p->count];

    (void)to;
    (void)len;
    if (p->count == PEER_SOCKETS)
        return -EMFILE;
    *s = (struct peer_socket){
        .open = true,
        .tag = tag,
        .ready_ns = p->connect_code == -EINPROGRESS ? INT64_MAX : p->now_ns + 100 * NS_PER_US};
    s->out = p->room + (size_t)PEER_OUT / PEER_AT_ONCE * (size_t)(p->count % PEER_AT_ONCE);
    p->open++;
    return p->count++;
}

static inline int peer_connected(void *loop, int fd)
{
    struct peer *p = loop;
    struct peer_socket *s = &p->sockets[fd];

    if (p->connect_code < 0)
        return p->connect_code;
    s->connected = s->want_write = true;
    if (p->raw)
        s->again = p->raw_times;
    else
        peer_serve(p, s);
    return 0;
}

static inline void peer_watch(void *loop, int fd, uint64_t tag, bool write)
{
    struct peer *p = loop;

    p->sockets[fd].tag = tag;
    p->sockets[fd].want_write = write;
}

static inline ssize_t peer_send(void *loop, int fd, const char *data, size_t len)
{
    struct peer *p = loop;
    struct peer_socket *s = &p->sockets[fd];
    size_t n = p->send_most && len > p->send_most ? p->send_most : len;

    p->now_ns += 3 * NS_PER_US;
    if (s->code < 0)
        return -EPIPE;
    if (p->send_most && s->ready_ns > p->now_ns)
        return -EAGAIN;
    s->ready_ns = p->now_ns + 10 * NS_PER_US;
    if (s->session && nghttp2_session_mem_recv(s->session, (const uint8_t *)data, n) < 0)
        s->eof = true;
    peer_pump(s);
    return (ssize_t)n;
}

static inline ssize_t peer_recv(void *loop, int fd, char *buf, size_t cap, struct loop_stamp *stamp)
{
    struct peer *p = loop;
    struct peer_socket *s = &p->sockets[fd];
    const char *from = s->out + s->out_at;
    size_t left = s->out_len - s->out_at, n;

    if (p->raw && s->again > 0 && left == 0) {
        peer_put(s, p->raw, p->raw_len);
        from = s->out;
        left = p->raw_len;
        s->eof = --s->again == 0;
    }
    n = left < cap ? left : cap;
    if (s->delivered < p->split && n > p->split - s->delivered)
        n = p->split - s->delivered;
    *stamp = (struct loop_stamp){n > 0 ? p->now_ns : TIME_NONE, p->now_ns + 2 * NS_PER_US};
    p->now_ns += 3 * NS_PER_US;
    if (n == 0)
        return s->code < 0 ? s->code : s->eof ? 0 : -EAGAIN;
    memcpy(buf, from, n);
    s->out_at += n;
    s->delivered += n;
    return (ssize_t)n;
}

static inline void peer_close(void *loop, int fd)
{
    struct peer *p = loop;
    struct peer_socket *s = &p->sockets[fd];

    nghttp2_session_del(s->session);
    s->session = NULL;
    for (int i = 0; i < PEER_STREAMS; i++)
        if (p->streams[i].id > 0 && p->streams[i].fd == fd) {
            p->streams[i].id = 0;
            p->concurrent--;
        }
    s->open = false;
    p->open--;
}

static inline void peer_anchor(void *loop)
{
    (void)loop;
}

static const struct loop_ops peer_ops = {.now = peer_now,
                                         .wait = peer_wait,
                                         .connect = peer_connect,
                                         .connected = peer_connected,
                                         .watch = peer_watch,
                                         .send = peer_send,
                                         .recv = peer_recv,
                                         .close = peer_close,
                                         .anchor = peer_anchor};

static inline size_t peer_render(void *ctx, uint32_t index, char *buf, size_t cap)
{
    const struct peer *p = ctx;
    int n = snprintf(buf, cap,
                     "POST /v1/completions HTTP/1.1\r\nHost: host:8080\r\nConnection: close\r\n"
                     "X-Request-Id: id-%u\r\nContent-Length: %zu\r\n\r\n",
                     index, p->request_body);

    memset(buf + n, 'b', p->request_body);
    return (size_t)n + p->request_body;
}

static inline void peer_init(struct peer *p, size_t items, int32_t connections)
{
    nghttp2_session_callbacks *cb;

    *p = (struct peer){.now_ns = 1000 * NS_PER_S, .request_body = 300};
    p->room = malloc(PEER_OUT);
    p->memory = aligned_alloc(64, ring_bytes(PEER_RECORDS));
    if (!p->room || !p->memory || nghttp2_session_callbacks_new(&p->callbacks) != 0)
        abort();
    memset(p->memory, 0, ring_bytes(PEER_RECORDS));
    ring_create(&p->ring, p->memory, PEER_RECORDS);
    p->rings[0] = &p->ring;
    cb = p->callbacks;
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, peer_on_begin);
    nghttp2_session_callbacks_set_on_header_callback(cb, peer_on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, peer_on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, peer_on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, peer_on_close);
    for (size_t i = 0; i < items; i++)
        p->items[i] = (struct item){.at_ns = (int64_t)i * NS_PER_MS, .trigger = TRIGGER_AT};
    p->schedule = (struct schedule){.items = p->items, .count = items};
    p->config = (struct load_config){.schedule = &p->schedule,
                                     .count = items,
                                     .start_ns = p->now_ns + 100 * NS_PER_MS,
                                     .max_in_flight = PEER_ITEMS,
                                     .timeout_ns = 30 * NS_PER_S,
                                     .connect_timeout_ns = 2 * NS_PER_S,
                                     .stall_timeout_ns = 5 * NS_PER_S,
                                     .drain_timeout_ns = 60 * NS_PER_S,
                                     .resend_stale = true,
                                     .stream = true,
                                     .h2_connections = connections,
                                     .render = {peer_render, p, PEER_REQUEST},
                                     .rings = p->rings,
                                     .threads = 1};
}

static inline void peer_release(struct peer *p)
{
    nghttp2_session_callbacks_del(p->callbacks);
    free(p->room);
    free(p->memory);
}

/* False: the engine could not be made, or came to no end. */
static inline bool peer_run(struct peer *p)
{
    struct engine_setup setup = {.config = &p->config,
                                 .threads = 1,
                                 .cap = p->config.max_in_flight,
                                 .ops = &peer_ops,
                                 .loop = p,
                                 .ring = &p->ring};
    struct engine *e = NULL;
    struct err err = {0};
    int steps = 0;

    if (engine_new(&e, &setup, &err) < 0)
        return false;
    while (engine_step(e, p->stop_after && p->requests >= p->stop_after ? 2 : 0))
        if (++steps > 2000000)
            abort();
    p->report = *engine_report(e);
    engine_free(e);
    return true;
}
