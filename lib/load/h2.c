/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/h2.c - the connections of HTTP/2 and which request goes where.
 *
 *   closed -> connecting -> (handshake) -> greeting -> open -> leaving -> closed
 *
 * A connection counts as made when the server's SETTINGS are there: only then it is known how many
 * streams it takes. Until then one request at most waits for it, others are not released.
 */
#include "load/h2_inside.h"
#include <stdlib.h>
#include <string.h>

/* What nghttp2 took when measured, of 1,000 streams: 0.6 KiB each, 50 KiB a connection; several
 * times of it. */
enum { SLAB_LINK = 128 * 1024, SLAB_STREAM = 3072 };

int32_t h2_links(int32_t connections, int32_t thread, int32_t threads)
{
    return 2 * (connections / threads + (thread < connections % threads ? 1 : 0));
}

static void clear(struct h2 *h, int32_t i)
{
    struct h2_link *l = &h->links[i];

    *l = (struct h2_link){.engine = l->engine,
                          .waiting = {NO_CONN, NO_CONN, 0},
                          .sending = {NO_CONN, NO_CONN, 0},
                          .last_id = INT32_MAX,
                          .out = h->out + (size_t)i * H2_OUT_BYTES};
}

static int allocate(struct h2 *h)
{
    size_t links = (size_t)h->link_count, streams = (size_t)h->stream_count;

    h->links = calloc(links, sizeof *h->links);
    h->streams = calloc(streams, sizeof *h->streams);
    h->out = calloc(links, H2_OUT_BYTES);
    if (!h->links || !h->streams || !h->out)
        return -ENOMEM;
    memset(h->streams, 0, streams * sizeof *h->streams);
    memset(h->out, 0, links * H2_OUT_BYTES);
    if (slab_init(&h->slab, links * SLAB_LINK + streams * SLAB_STREAM) < 0)
        return -ENOMEM;
    return h2_session_init(h);
}

int h2_new(struct h2 **ret, struct engine *e, struct err *err)
{
    struct h2 *h = calloc(1, sizeof *h);

    if (!h)
        return err_set(err, -ENOMEM, "HTTP/2: out of memory");
    h->link_count = e->link_count;
    h->connections = e->link_count / 2;
    h->stream_count = e->conn_count - e->link_count;
    h->chosen = h->held_by = NO_CONN;
    if (allocate(h) < 0) {
        h2_free(h);
        return err_set(err, -ENOMEM, "HTTP/2: out of memory for %d connections",
                       (int)e->link_count / 2);
    }
    for (int32_t i = 0; i < h->link_count; i++) {
        h->links[i].engine = e;
        clear(h, i);
    }
    *ret = h;
    return 0;
}

void h2_free(struct h2 *h)
{
    if (!h)
        return;
    for (int32_t i = 0; h->links && i < h->link_count; i++)
        nghttp2_session_del(h->links[i].session);
    nghttp2_session_callbacks_del(h->callbacks);
    nghttp2_option_del(h->option);
    slab_release(&h->slab);
    free(h->links);
    free(h->streams);
    free(h->out);
    free(h);
}

/* The link with the fewest streams; one that is to be opened has none. */
static int32_t choose(const struct h2 *h)
{
    int32_t best = NO_CONN, closed = NO_CONN, live = 0;

    for (int32_t i = 0; i < h->link_count; i++) {
        const struct h2_link *l = &h->links[i];

        if (l->state == H2_CLOSED)
            closed = i;
        else
            live += l->state != H2_LEAVING;
        if (l->state == H2_OPEN && l->streams < l->limit &&
            (best == NO_CONN || l->streams < h->links[best].streams))
            best = i;
    }
    if (live < h->connections && closed != NO_CONN &&
        (best == NO_CONN || h->links[best].streams > 0))
        return closed;
    return best;
}

static void refresh(struct engine *e)
{
    struct h2 *h = e->h2;
    bool had = h->chosen != NO_CONN;

    h->chosen = choose(h);
    if (!had && h->chosen != NO_CONN)
        h->full_until_ns = e->now_ns;
}

bool h2_room(const struct engine *e)
{
    return e->h2->chosen != NO_CONN;
}

static void tell_waiting(struct engine *e, const struct h2_link *l, enum rec_point point,
                         int64_t value)
{
    for (int32_t i = l->waiting.head; i != NO_CONN; i = e->conns[i].next)
        tell_point(e, &e->conns[i], point, e->now_ns, value, 0);
}

/* @c is no longer of @l's lists. */
static void detach(struct engine *e, struct h2_link *l, struct conn *c)
{
    struct h2_stream *s = h2_stream_of(e, c);

    if (s->waiting)
        list_remove(e, &l->waiting, c);
    if (s->sending)
        list_remove(e, &l->sending, c);
    s->waiting = s->sending = false;
    s->link = NO_CONN;
    s->id = 0;
    l->streams--;
}

/* All requests of @l, taken from it. */
static struct conn_list take_all(struct engine *e, struct h2_link *l)
{
    struct conn_list all = {NO_CONN, NO_CONN, 0};
    int32_t index = (int32_t)(l - e->h2->links);

    for (int32_t i = e->h2->link_count; i < e->conn_count && l->streams > 0; i++) {
        struct conn *c = &e->conns[i];

        if (!conn_in_flight(c) || h2_stream_of(e, c)->link != index)
            continue;
        detach(e, l, c);
        list_add(e, &all, c);
    }
    return all;
}

static void close_link(struct engine *e, struct h2_link *l)
{
    assert(!l->busy);
    nghttp2_session_del(l->session);
    keep_close(e, h2_conn_of(e, l));
    clear(e->h2, (int32_t)(l - e->h2->links));
    refresh(e);
}

/* The connection is over: by @code (0: closed by the server) or, with @words, by what they say. */
static void lost(struct engine *e, struct h2_link *l, int code, enum outcome outcome,
                 const char *words)
{
    struct conn_list all = take_all(e, l);
    char why[sizeof l->why];
    struct conn *c;

    (void)stpncpy(why, words ? words : "", sizeof why - 1);
    why[sizeof why - 1] = '\0';
    close_link(e, l);
    while ((c = list_first(e, &all))) {
        struct openai_event unused;

        list_remove(e, &all, c);
        if (!words && conn_may_resend(e, c)) {
            h2_resend(e, c);
            continue;
        }
        if (words)
            (void)response_fail(&c->response, outcome, why);
        else
            (void)response_eof(&c->response, code, &unused);
        conn_end(e, c, c->response.outcome, c->response.text, e->now_ns, 0, false);
    }
}

/* Says what became of a request: with a read's end code, a failed send's or TLS's. */
static void lost_by(struct engine *e, struct h2_link *l, int code)
{
    const struct conn *link = h2_conn_of(e, l);

    if (l->broken)
        lost(e, l, 0, OUTCOME_BAD_HTTP, l->why);
    else if (e->tls && code == -EPROTO)
        lost(e, l, 0, OUTCOME_TLS, transport_words(e, link));
    else
        lost(e, l, code == 0 && l->send_code < 0 ? l->send_code : code, OUTCOME_OK, NULL);
}

static bool is_over(const struct h2_link *l)
{
    return l->broken ||
           (l->session && l->out_at == l->out_len && !nghttp2_session_want_read(l->session) &&
            !nghttp2_session_want_write(l->session));
}

static void sent_all(struct engine *e, struct h2_link *l, struct conn *c)
{
    struct h2_stream *s = h2_stream_of(e, c);

    tell_point(e, c, POINT_SENT_LAST, e->now_ns, (int64_t)s->wire_bytes, 0);
    c->state = CONN_READING;
    list_remove(e, &l->sending, c);
    s->sending = false;
    if (c->resent || c->told_first || !e->config->resend_stale)
        conn_give_buffer(e, c);
}

/* The socket has taken bytes, the first of them at @before_ns: whose were they? */
static void account(struct engine *e, struct h2_link *l, int64_t before_ns)
{
    int64_t number = account_number(h2_conn_of(e, l));
    int32_t next;

    for (int32_t i = l->sending.head; i != NO_CONN; i = next) {
        struct conn *c = &e->conns[i];
        const struct h2_stream *s = h2_stream_of(e, c);

        next = c->next;
        if (s->wire_bytes == 0 || l->written <= s->begin)
            continue;
        c->active_ns = e->now_ns;
        if (!c->told_sent)
            tell_point(e, c, POINT_SENT, before_ns, number, c->reused ? REC_REUSED : 0);
        c->told_sent = true;
        if (s->end > 0 && l->written >= s->end)
            sent_all(e, l, c);
    }
}

static void fill_out(struct h2_link *l)
{
    const uint8_t *data;
    ssize_t n = 0;

    if (l->out_at == l->out_len)
        l->out_at = l->out_len = 0;
    l->busy = true;
    while (!l->broken && H2_OUT_BYTES - l->out_len >= H2_FRAME_MOST &&
           (n = nghttp2_session_mem_send(l->session, &data)) > 0) {
        assert((size_t)n <= H2_OUT_BYTES - l->out_len);
        memcpy(l->out + l->out_len, data, (size_t)n);
        l->out_len += (size_t)n;
        l->queued += (size_t)n;
    }
    l->busy = false;
    if (n < 0)
        h2_session_failed(l, (int)n);
}

/* One write; false: there is nothing to write, or the socket takes no more. */
static bool write_some(struct engine *e, struct h2_link *l)
{
    size_t left = l->out_len - l->out_at;
    int64_t before_ns = e->ops->now(e->loop);
    ssize_t n = left > 0 ? transport_send(e, h2_conn_of(e, l), l->out + l->out_at, left) : 0;

    e->now_ns = e->ops->now(e->loop);
    if (n < 0 && n != -EAGAIN && n != -EINTR)
        l->send_code = (int)n;
    if (n <= 0)
        return false;
    l->out_at += (size_t)n;
    l->written += (size_t)n;
    account(e, l, before_ns);
    return l->out_at == l->out_len;
}

/* Sends what nghttp2 has to send; ends a connection that has come to its end. */
static void pump(struct engine *e, struct h2_link *l)
{
    bool more = true;

    if (l->busy || !l->session)
        return;
    while (more && l->send_code == 0) {
        if (l->out_at == l->out_len)
            fill_out(l);
        more = write_some(e, l);
    }
    if (is_over(l))
        lost_by(e, l, 0);
    else
        link_watch(e, h2_conn_of(e, l), l->send_code == 0 && l->out_at < l->out_len);
}

static void send_request(struct engine *e, struct h2_link *l, struct conn *c)
{
    struct h2_stream *s = h2_stream_of(e, c);
    int r;

    c->state = CONN_SENDING;
    c->active_ns = e->now_ns;
    s->sending = true;
    list_add(e, &l->sending, c);
    h2_conn_of(e, l)->account.requests++;
    r = h2_session_request(e, l, c);
    if (r < 0)
        conn_end(e, c, OUTCOME_RESET, "no memory left for another HTTP/2 stream", e->now_ns, 0,
                 false);
    else
        deadline_set(e, c, conn_next_deadline(e, c));
}

static void link_open(struct engine *e, struct h2_link *l)
{
    struct conn *link = h2_conn_of(e, l);

    l->state = H2_CONNECTING;
    account_open(e, link);
    tell_waiting(e, l, POINT_CONNECT_START, account_number(link));
    link_connect(e, link);
    link->state = CONN_LINK;
    if (link->fd < 0)
        lost(e, l, 0, conn_connect_outcome(link->fd), conn_connect_words(link->fd));
    else if (e->config->connect_timeout_ns > 0)
        deadline_set(e, link, e->now_ns + e->config->connect_timeout_ns);
}

/* @c goes to @l, which is open, or becomes it. */
static void assign(struct engine *e, struct h2_link *l, struct conn *c)
{
    struct h2_stream *s = h2_stream_of(e, c);

    *s = (struct h2_stream){.link = (int32_t)(l - e->h2->links)};
    c->sent = 0;
    c->send_code = 0;
    c->told_sent = c->told_first = false;
    c->active_ns = e->now_ns;
    c->reused = l->carried++ > 0;
    l->streams++;
    response_init(&c->response, e->config->reply);
    if (l->state == H2_OPEN) {
        send_request(e, l, c);
    } else {
        c->state = CONN_WAITING;
        s->waiting = true;
        list_add(e, &l->waiting, c);
        deadline_set(e, c, conn_next_deadline(e, c));
        if (l->state == H2_CLOSED)
            link_open(e, l);
    }
    refresh(e);
    pump(e, l);
}

void h2_start(struct engine *e, struct conn *c, int64_t due_ns)
{
    struct h2_link *l = &e->h2->links[e->h2->chosen];

    e->report.stream_waits += due_ns < e->h2->full_until_ns;
    e->report.reused += l->carried > 0;
    assign(e, l, c);
}

/* Any link that will take it, were it beyond the limit: nghttp2 keeps it back. */
static struct h2_link *shelter(const struct h2 *h)
{
    if (h->chosen != NO_CONN)
        return &h->links[h->chosen];
    for (int32_t i = 0; i < h->link_count; i++)
        if (h->links[i].state != H2_CLOSED && h->links[i].state != H2_LEAVING)
            return &h->links[i];
    return NULL;
}

void h2_resend(struct engine *e, struct conn *c)
{
    struct h2_stream *s = h2_stream_of(e, c);
    struct h2_link *l;

    if (s->link != NO_CONN)
        detach(e, &e->h2->links[s->link], c);
    refresh(e);
    l = shelter(e->h2);
    if (!l || c->resent || c->told_first || !e->config->resend_stale) {
        conn_end(e, c, OUTCOME_RESET, "the server left (GOAWAY) before it took the request",
                 e->now_ns, 0, false);
        return;
    }
    e->report.resent_stale++;
    c->resent = true;
    tell_point(e, c, POINT_RESENT, e->now_ns, 0, 0);
    assign(e, l, c);
}

void h2_left(struct engine *e, struct conn *c, bool whole)
{
    struct h2_stream *s = h2_stream_of(e, c);
    struct h2_link *l = s->link == NO_CONN ? NULL : &e->h2->links[s->link];
    bool unsent = c->sent < c->length || s->sending;

    if (l && l->session && s->id > 0) {
        (void)nghttp2_session_set_stream_user_data(l->session, s->id, NULL);
        if (!whole || unsent)
            (void)nghttp2_submit_rst_stream(l->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_CANCEL);
    }
    if (l)
        detach(e, l, c);
    deadline_clear(e, c);
    c->state = CONN_FREE;
    list_add(e, &e->free, c);
    refresh(e);
    if (l)
        pump(e, l);
}

void h2_settled(struct engine *e, struct h2_link *l)
{
    uint32_t limit =
        nghttp2_session_get_remote_settings(l->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    struct conn *c;

    l->limit = (int32_t)(limit < INT32_MAX ? limit : INT32_MAX);
    if (limit < UINT32_MAX && (e->report.stream_limit == 0 || limit < e->report.stream_limit))
        e->report.stream_limit = limit;
    if (l->state == H2_GREETING) {
        l->state = H2_OPEN;
        deadline_clear(e, h2_conn_of(e, l));
        while ((c = list_first(e, &l->waiting))) {
            list_remove(e, &l->waiting, c);
            h2_stream_of(e, c)->waiting = false;
            send_request(e, l, c);
        }
    }
    refresh(e);
}

void h2_leaving(struct engine *e, struct h2_link *l)
{
    if (l->state == H2_OPEN)
        l->state = H2_LEAVING;
    refresh(e);
}

static void greet(struct engine *e, struct h2_link *l)
{
    if (e->tls) {
        h2_conn_of(e, l)->account.secured_ns = e->now_ns;
        tell_waiting(e, l, POINT_TLS_END, 0);
    }
    l->state = H2_GREETING;
    if (e->tls && !tls_chose_h2(e->tls, (int32_t)(l - e->h2->links)))
        lost(e, l, 0, OUTCOME_TLS, "TLS: the server did not agree on HTTP/2");
    else if (h2_session_open(e->h2, l) < 0)
        lost(e, l, 0, OUTCOME_CONNECT_FAILED, "no memory left for another HTTP/2 connection");
    else
        pump(e, l);
}

static void handshake_turn(struct engine *e, struct h2_link *l, int code)
{
    struct conn *link = h2_conn_of(e, l);

    e->now_ns = e->ops->now(e->loop);
    if (code < 0)
        lost(e, l, 0, OUTCOME_TLS, transport_words(e, link));
    else if (code != TLS_DONE)
        link_watch(e, link, code == TLS_WANTS_WRITE);
    else
        greet(e, l);
}

static void connected(struct engine *e, struct h2_link *l)
{
    struct conn *link = h2_conn_of(e, l);
    int code = e->ops->connected(e->loop, link->fd);

    e->now_ns = e->ops->now(e->loop);
    if (code < 0) {
        lost(e, l, 0, conn_connect_outcome(code), conn_connect_words(code));
        return;
    }
    link->account.connected_ns = e->now_ns;
    tell_waiting(e, l, POINT_CONNECT_END, 0);
    l->state = H2_HANDSHAKE;
    handshake_turn(e, l, transport_open(e, link));
}

static void read_some(struct engine *e, struct h2_link *l)
{
    struct conn *link = h2_conn_of(e, l);
    struct tls_read got = {0};
    uint32_t generation = link->generation;
    ssize_t n = link_read(e, link, &got);

    if (n == -EAGAIN || n == -EINTR)
        return;
    if (n <= 0) {
        lost_by(e, l, (int)n);
        return;
    }
    l->busy = true;
    h2_session_read(e, l, (size_t)n, &got);
    l->busy = false;
    pump(e, l);
    if (link->generation == generation && transport_over(e, link))
        lost_by(e, l, (int)transport_recv(e, link, &got));
}

void h2_event(struct engine *e, struct conn *link, bool in, bool out)
{
    struct h2_link *l = h2_link_of(e, link);
    uint32_t generation = link->generation;

    switch (l->state) {
    case H2_CLOSED:
        break;
    case H2_CONNECTING:
        if (out)
            connected(e, l);
        break;
    case H2_HANDSHAKE:
        handshake_turn(e, l, transport_handshake(e, link));
        break;
    default:
        if (in)
            read_some(e, l);
        if (out && link->generation == generation)
            pump(e, l);
    }
}

void h2_deadline(struct engine *e, struct conn *link)
{
    struct h2_link *l = h2_link_of(e, link);

    if (l->state == H2_CONNECTING)
        lost(e, l, 0, OUTCOME_CONNECT_FAILED, "no connection within the connect timeout");
    else if (l->state == H2_HANDSHAKE)
        lost(e, l, 0, OUTCOME_TLS, "no TLS handshake within the connect timeout");
    else
        lost(e, l, 0, OUTCOME_BAD_HTTP, "no HTTP/2 SETTINGS within the connect timeout");
}

void h2_open(struct engine *e)
{
    if (e->h2->opened)
        return;
    e->h2->opened = true;
    for (int32_t i = 0; i < e->h2->connections; i++)
        link_open(e, &e->h2->links[i]);
    refresh(e);
}

void h2_close(struct engine *e)
{
    for (int32_t i = 0; i < e->h2->link_count; i++) {
        struct h2_link *l = &e->h2->links[i];

        if (l->state == H2_CLOSED)
            continue;
        if (l->session && nghttp2_session_terminate_session(l->session, NGHTTP2_NO_ERROR) == 0)
            fill_out(l);
        if (l->session && l->send_code == 0)
            (void)write_some(e, l);
        close_link(e, l);
    }
    e->report.h2_refused = e->h2->slab.refused;
}
