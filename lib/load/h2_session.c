/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/h2_session.c - what nghttp2 reports of a connection, made into points and events.
 *
 * One read may hold frames of many streams, and its stamp belongs to its last byte. So an event is
 * held back until the next one, or the end of the read: only if nothing follows it but the end of
 * its own stream does the stamp belong to it. All others are told with REC_NOT_LAST.
 */
#include "load/h2_inside.h"
#include <stdio.h>
#include <string.h>

enum { FRAME_HEAD = 9, HEADER_LIST_BYTES = 64 * 1024 };

/* The request whose stream this is; NULL: it has ended here. */
static struct conn *conn_of(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

static void tell_held(struct engine *e)
{
    struct h2 *h = e->h2;
    struct conn *c = h->held_by == NO_CONN ? NULL : &e->conns[h->held_by];

    h->held_by = NO_CONN;
    if (c)
        tell_event(e, c, &h->held, h->user_ns,
                   h->tail == h->stop && c->response.between_events && !h->shared);
}

static void hold(struct engine *e, const struct conn *c, const struct openai_event *event,
                 const char *tail)
{
    tell_held(e);
    e->h2->held = *event;
    e->h2->held_by = conn_index(e, c);
    e->h2->tail = tail;
}

/* Bytes of @c came with the present read. */
static void touch(struct engine *e, const struct h2_link *l, struct conn *c, size_t bytes)
{
    const struct conn *link = h2_conn_of(e, l);

    c->active_ns = e->now_ns;
    c->last_ns = link->last_ns;
    c->last_flags = link->last_flags;
    c->read_late = link->read_late;
    conn_first_byte(e, c);
    tell_read(e, c, (ssize_t)bytes, e->h2->user_ns);
}

static void finish(struct engine *e, struct conn *c, bool whole)
{
    const struct response *r = &c->response;

    if (e->h2->held_by == conn_index(e, c))
        tell_held(e);
    conn_end(e, c, r->outcome, r->text, c->last_ns, c->last_flags, whole);
}

/* The stream is reset; the connection stays, others use it. */
static void hang_up(struct engine *e, struct conn *c)
{
    if (e->h2->held_by == conn_index(e, c))
        tell_held(e);
    conn_end(e, c, OUTCOME_HUNG_UP, "", c->last_ns, c->last_flags, false);
}

static void fail(struct engine *e, struct conn *c, enum outcome outcome, const char *words)
{
    (void)response_fail(&c->response, outcome, words);
    finish(e, c, false);
}

static void complete(struct engine *e, struct conn *c)
{
    struct openai_event event;

    while (response_complete(&c->response, &event) == RESPONSE_EVENT)
        hold(e, c, &event, e->h2->tail);
    finish(e, c, true);
}

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *user)
{
    struct engine *e = ((struct h2_link *)user)->engine;
    struct h2 *h = e->h2;

    (void)session;
    if (h->held_by != NO_CONN && h2_stream_of(e, &e->conns[h->held_by])->id == hd->stream_id &&
        (hd->flags & NGHTTP2_FLAG_END_STREAM))
        h->tail += FRAME_HEAD + hd->length;
    return 0;
}

static bool is(const char *name, const uint8_t *data, size_t len)
{
    return strlen(name) == len && memcmp(name, data, len) == 0;
}

static bool begins(const char *name, const uint8_t *data, size_t len)
{
    return strlen(name) <= len && strncasecmp(name, (const char *)data, strlen(name)) == 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user)
{
    struct engine *e = ((struct h2_link *)user)->engine;
    struct conn *c = conn_of(session, frame->hd.stream_id);
    struct h2_stream *s = c ? h2_stream_of(e, c) : NULL;

    (void)flags;
    if (!s || s->has_head)
        return 0;
    if (is(":status", name, name_len)) /* of three digits: nghttp2 has looked */
        s->status = (value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0');
    else if (is("content-type", name, name_len))
        s->is_sse = begins("text/event-stream", value, value_len);
    else if (is("content-encoding", name, name_len))
        s->is_encoded = !is("identity", value, value_len);
    return 0;
}

static void take_head(struct engine *e, struct conn *c)
{
    struct h2_stream *s = h2_stream_of(e, c);

    if (s->status >= 100 && s->status <= 199) {
        s->status = 0;
        s->is_sse = s->is_encoded = false;
        return;
    }
    s->has_head = true;
    if (response_head(&c->response, s->status, s->is_sse, s->is_encoded) == RESPONSE_END)
        finish(e, c, false);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2_link *l = user;
    struct engine *e = l->engine;
    struct conn *c = frame->hd.stream_id > 0 ? conn_of(session, frame->hd.stream_id) : NULL;

    if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK)) {
        h2_settled(e, l);
    } else if (frame->hd.type == NGHTTP2_GOAWAY) {
        l->last_id = frame->goaway.last_stream_id;
        h2_leaving(e, l);
    } else if (frame->hd.type == NGHTTP2_RST_STREAM && c) {
        h2_stream_of(e, c)->peer_reset = true;
    } else if (frame->hd.type == NGHTTP2_HEADERS && c) {
        touch(e, l, c, FRAME_HEAD + frame->hd.length);
        if (!h2_stream_of(e, c)->has_head)
            take_head(e, c);
    }
    c = frame->hd.stream_id > 0 ? conn_of(session, frame->hd.stream_id) : NULL;
    if (c && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) &&
        (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA))
        complete(e, c);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *user)
{
    struct h2_link *l = user;
    struct engine *e = l->engine;
    struct conn *c = conn_of(session, id);
    struct openai_event event;
    enum response_step step;

    (void)flags;
    if (!c)
        return 0;
    touch(e, l, c, len);
    c->response.piece = (struct span){(const char *)data, len};
    if (!c->response.is_sse) /* one document: its event comes with the end */
        e->h2->tail = (const char *)data + len;
    while ((step = response_body(&c->response, &event)) == RESPONSE_EVENT)
        hold(e, c, &event, (const char *)data + len);
    if (step == RESPONSE_END)
        finish(e, c, false);
    else if (c->hang_up_events && c->response.content_events >= c->hang_up_events)
        hang_up(e, c);
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    struct h2_link *l = user;
    struct engine *e = l->engine;
    struct conn *c = conn_of(session, id);
    const struct h2_stream *s = c ? h2_stream_of(e, c) : NULL;
    char words[112];

    if (!c)
        return 0;
    if (code == NGHTTP2_REFUSED_STREAM && l->state == H2_LEAVING && id > l->last_id) {
        h2_resend(e, c);
        return 0;
    }
    (void)snprintf(words, sizeof words, "%s: %s",
                   s->peer_reset ? "the server reset the HTTP/2 stream" : "malformed HTTP/2 answer",
                   nghttp2_http2_strerror(code));
    c->last_ns = e->now_ns;
    c->last_flags = 0;
    fail(e, c, s->peer_reset ? OUTCOME_RESET : OUTCOME_BAD_HTTP, words);
    return 0;
}

/* A request that nghttp2 had to keep back, and now may not send any more. */
static int on_not_sent(nghttp2_session *session, const nghttp2_frame *frame, int code, void *user)
{
    struct h2_link *l = user;
    struct engine *e = l->engine;
    int32_t next;

    (void)session;
    (void)code;
    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    for (int32_t i = l->sending.head; i != NO_CONN; i = next) {
        next = e->conns[i].next;
        if (h2_stream_of(e, &e->conns[i])->id == frame->hd.stream_id)
            h2_resend(e, &e->conns[i]);
    }
    return 0;
}

/* nghttp2 gives the connection up, and says why. */
static void note_broken(struct h2_link *l, const nghttp2_frame *frame)
{
    const nghttp2_goaway *g = &frame->goaway;

    l->broken = true;
    (void)snprintf(l->why, sizeof l->why, "HTTP/2 broken by the server: %s%s%.*s",
                   nghttp2_http2_strerror(g->error_code), g->opaque_data_len ? ": " : "",
                   (int)g->opaque_data_len, (const char *)g->opaque_data);
}

/* Called when the frame's bytes are handed over: they are the next of the link's. */
static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2_link *l = user;
    struct engine *e = l->engine;
    struct conn *c = frame->hd.stream_id > 0 ? conn_of(session, frame->hd.stream_id) : NULL;
    struct h2_stream *s = c ? h2_stream_of(e, c) : NULL;

    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR)
        note_broken(l, frame);
    if (!s || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS)
        s->begin = l->queued;
    s->wire_bytes += FRAME_HEAD + frame->hd.length;
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        s->end = l->queued + FRAME_HEAD + frame->hd.length;
    return 0;
}

static ssize_t give_body(nghttp2_session *session, int32_t id, uint8_t *buf, size_t cap,
                         uint32_t *flags, nghttp2_data_source *source, void *user)
{
    const struct engine *e = ((struct h2_link *)user)->engine;
    struct conn *c = source->ptr;
    size_t left = c->length - c->sent, n = left < cap ? left : cap;

    (void)session;
    if (h2_stream_of(e, c)->id != id) /* given up: its reset is on the way */
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    assert(c->buffer != NO_BUFFER);
    memcpy(buf, buffer_at(e, c->buffer) + c->sent, n);
    c->sent += n;
    if (c->sent == c->length)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

int h2_session_init(struct h2 *h)
{
    nghttp2_session_callbacks *cb;

    if (nghttp2_session_callbacks_new(&h->callbacks) != 0 || nghttp2_option_new(&h->option) != 0)
        return -ENOMEM;
    cb = h->callbacks;
    nghttp2_session_callbacks_set_on_begin_frame_callback(cb, on_begin_frame);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(cb, on_not_sent);
    nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_sent);
    h->mem = (nghttp2_mem){.mem_user_data = &h->slab,
                           .malloc = slab_alloc,
                           .free = slab_free,
                           .calloc = slab_calloc,
                           .realloc = slab_realloc};
    return 0;
}

int h2_session_open(struct h2 *h, struct h2_link *l)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_LIST_BYTES},
    };

    if (nghttp2_session_client_new3(&l->session, h->callbacks, l, h->option, &h->mem) != 0)
        return -ENOMEM;
    if (nghttp2_submit_settings(l->session, NGHTTP2_FLAG_NONE, settings, COUNT_OF(settings)) != 0 ||
        nghttp2_session_set_local_window_size(l->session, NGHTTP2_FLAG_NONE, 0,
                                              H2_CONNECTION_WINDOW) != 0)
        return -ENOMEM;
    return 0;
}

void h2_session_failed(struct h2_link *l, int code)
{
    l->broken = true;
    (void)snprintf(l->why, sizeof l->why, "HTTP/2: %s", nghttp2_strerror(code));
}

int h2_session_request(struct engine *e, struct h2_link *l, struct conn *c)
{
    struct h2_stream *s = h2_stream_of(e, c);
    struct fields *f = &e->h2->fields;
    nghttp2_data_provider body = {.source.ptr = c, .read_callback = give_body};
    int r = fields_read(f, buffer_at(e, c->buffer), c->length, e->tls != NULL);

    if (r < 0)
        return r;
    c->sent = f->head_len;
    s->id = nghttp2_submit_request(l->session, NULL, f->nv, f->count,
                                   c->sent < c->length ? &body : NULL, c);
    return s->id > 0 ? 0 : -ENOMEM;
}

void h2_session_read(struct engine *e, struct h2_link *l, size_t n, const struct tls_read *got)
{
    struct h2 *h = e->h2;
    ssize_t taken;

    h->stop = e->read_buffer + n;
    h->tail = NULL;
    h->held_by = NO_CONN;
    h->user_ns = got->stamp.user_ns;
    h->shared = got->shared;
    taken = nghttp2_session_mem_recv(l->session, (const uint8_t *)e->read_buffer, n);
    tell_held(e);
    if (taken < 0)
        h2_session_failed(l, (int)taken);
}
