/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/conn.c - one request on one connection.
 *
 *   start -> (connecting -> (handshake)) -> sending -> reading -> end -> idle, watched or closed
 *
 * A server may answer, or hang up, while the request is still being sent: reading is possible from
 * the first byte sent, and a failed send only means that nothing more is sent; what the server said
 * before it hung up is still in the socket and decides the outcome.
 *
 * A reused connection that breaks before any response byte was stale (the server closed it while
 * the request was on its way): the request is sent again, once, on a fresh one. Nothing else is.
 */
#include "load/inside.h"
#include <string.h>

static int64_t plus(int64_t from_ns, int64_t timeout_ns)
{
    return timeout_ns > 0 ? from_ns + timeout_ns : INT64_MAX;
}

/* When this connection next needs a look, from what it is doing now. */
int64_t conn_next_deadline(const struct engine *e, const struct conn *c)
{
    const struct load_config *config = e->config;
    bool opening = c->state == CONN_CONNECTING || c->state == CONN_HANDSHAKE;
    int64_t limit_ns = opening                    ? config->connect_timeout_ns
                       : c->state == CONN_WAITING ? 0 /* its connection has its own */
                                                  : config->stall_timeout_ns;

    limit_ns = i64_min(plus(c->released_ns, config->timeout_ns), plus(c->active_ns, limit_ns));
    return i64_min(limit_ns, c->hang_up_ns);
}

void conn_give_buffer(struct engine *e, struct conn *c)
{
    buffer_give(e, c->buffer);
    c->buffer = NO_BUFFER;
}

void conn_end(struct engine *e, struct conn *c, enum outcome outcome, const char *words,
              int64_t time_ns, uint16_t flags, bool reusable)
{
    tell_end(e, c, outcome, words, time_ns, flags);
    conn_give_buffer(e, c);
    e->report.ended++;
    if (e->in_flight-- == e->cap)
        e->full_until_ns = e->now_ns;
    follow_ended(e, c->sample, outcome == OUTCOME_OK, time_ns);
    if (e->h2)
        h2_left(e, c, reusable);
    else if (reusable)
        keep_or_free(e, c);
    else
        keep_free(e, c);
}

static void end_now(struct engine *e, struct conn *c, enum outcome outcome, const char *words)
{
    conn_end(e, c, outcome, words, e->now_ns, 0, false);
}

enum outcome conn_connect_outcome(int code)
{
    return code == -ECONNREFUSED ? OUTCOME_REFUSED : OUTCOME_CONNECT_FAILED;
}

const char *conn_connect_words(int code)
{
    const char *words = strerrordesc_np(-code);

    return words ? words : "cannot connect";
}

static void end_connect(struct engine *e, struct conn *c, int code)
{
    end_now(e, c, conn_connect_outcome(code), conn_connect_words(code));
}

static void connect_fresh(struct engine *e, struct conn *c)
{
    c->reused = false;
    account_open(e, c);
    tell_point(e, c, POINT_CONNECT_START, e->now_ns, account_number(c), 0);
    link_connect(e, c);
    if (c->fd < 0) {
        end_connect(e, c, c->fd);
        return;
    }
    deadline_set(e, c, conn_next_deadline(e, c));
}

bool conn_may_resend(const struct engine *e, const struct conn *c)
{
    return c->reused && !c->resent && !c->told_first && e->config->resend_stale;
}

static void sent_all(struct engine *e, struct conn *c)
{
    tell_point(e, c, POINT_SENT_LAST, e->now_ns, (int64_t)c->length, 0);
    c->state = CONN_READING;
    link_watch(e, c, false);
    if (!conn_may_resend(e, c))
        conn_give_buffer(e, c);
}

/* Nothing more can be sent; what the server said before is still to be read. */
static void send_failed(struct engine *e, struct conn *c, ssize_t code)
{
    c->send_code = (int)code;
    c->state = CONN_READING;
    link_watch(e, c, false);
}

static void send_more(struct engine *e, struct conn *c)
{
    int64_t before_ns = e->ops->now(e->loop);
    ssize_t n = sent_send(e, c, before_ns, buffer_at(e, c->buffer) + c->sent, c->length - c->sent);

    e->now_ns = e->ops->now(e->loop);
    if (n < 0 && n != -EAGAIN && n != -EINTR) {
        send_failed(e, c, n);
        return;
    }
    if (n > 0) {
        c->active_ns = e->now_ns;
        c->sent += (size_t)n;
        if (!c->told_sent)
            tell_point(e, c, POINT_SENT, before_ns, account_number(c), c->reused ? REC_REUSED : 0);
        c->told_sent = true;
    }
    if (c->sent == c->length)
        sent_all(e, c);
    else
        link_watch(e, c, true);
    (void)sent_collect(e, c);
}

static void start_sending(struct engine *e, struct conn *c)
{
    c->state = CONN_SENDING;
    c->sent = 0;
    c->send_code = 0;
    c->told_sent = c->told_first = false;
    c->account.requests++;
    c->active_ns = e->now_ns;
    response_init(&c->response, e->config->reply);
    send_more(e, c);
    deadline_set(e, c, conn_next_deadline(e, c));
}

/* What the item says of its client's patience. */
static void hang_up_plan(const struct engine *e, struct conn *c)
{
    const struct item *item = &e->config->schedule->items[c->sample];

    c->hang_up_ns = item->hang_up_ns ? c->released_ns + item->hang_up_ns : INT64_MAX;
    c->hang_up_events = item->hang_up_events;
}

void conn_start(struct engine *e, const struct ready *ready, int64_t due_ns)
{
    struct conn *c = keep_take(e, due_ns);

    c->sample = ready->index;
    c->buffer = ready->buffer;
    c->length = ready->length;
    c->released_ns = e->now_ns;
    c->resent = false;
    hang_up_plan(e, c);
    e->in_flight++;
    e->report.started++;
    meter_release(&e->meter, e->now_ns - due_ns, e->in_flight);
    tell_due(e, c, due_ns);
    if (e->h2) {
        h2_start(e, c, due_ns);
        return;
    }
    response_init(&c->response, e->config->reply);
    if (!c->reused) {
        connect_fresh(e, c);
        return;
    }
    e->report.reused++;
    start_sending(e, c);
}

static void resend(struct engine *e, struct conn *c)
{
    e->report.resent_stale++;
    c->resent = true;
    keep_close(e, c);
    tell_point(e, c, POINT_RESENT, e->now_ns, 0, 0);
    connect_fresh(e, c);
}

static void finish(struct engine *e, struct conn *c, bool all_taken)
{
    const struct response *r = &c->response;
    bool sent_all_of_it = c->sent == c->length && c->send_code == 0;

    conn_end(e, c, r->outcome, r->text, c->last_ns, c->last_flags,
             r->may_keep && all_taken && sent_all_of_it && !transport_over(e, c));
}

/* @shared: what is still undecrypted shares the stamp, too. */
static void take_bytes(struct engine *e, struct conn *c, size_t n, int64_t user_ns, bool shared)
{
    const char *at = e->read_buffer, *stop = at + n;
    struct openai_event event, held;
    enum response_step step;
    bool holding = false;

    while ((step = response_next(&c->response, &at, stop, &event)) == RESPONSE_EVENT) {
        if (holding)
            tell_event(e, c, &held, user_ns, false);
        held = event;
        holding = true;
    }
    if (holding) /* bytes of a next event share the stamp: then this one's is only a bound */
        tell_event(e, c, &held, user_ns, c->response.between_events && !shared);
    if (step == RESPONSE_END)
        finish(e, c, at == stop);
    else if (c->hang_up_events && c->response.content_events >= c->hang_up_events)
        conn_end(e, c, OUTCOME_HUNG_UP, "", c->last_ns, c->last_flags, false);
}

/* The peer hung up, or the connection broke (@code). */
static void lost(struct engine *e, struct conn *c, int code)
{
    struct openai_event event;
    enum response_step step;

    if (e->tls && code == -EPROTO) {
        end_now(e, c, OUTCOME_TLS, transport_words(e, c));
        return;
    }
    if (conn_may_resend(e, c)) {
        resend(e, c);
        return;
    }
    if (code == 0 && c->send_code < 0) /* the break was reported to the send already */
        code = c->send_code;
    step = response_eof(&c->response, code, &event);
    if (step == RESPONSE_EVENT) { /* a body that the end of the connection delimits */
        tell_event(e, c, &event, e->now_ns, true);
        step = response_eof(&c->response, code, &event);
    }
    assert(step == RESPONSE_END);
    if (c->response.outcome != OUTCOME_OK) {
        c->last_ns = e->now_ns;
        c->last_flags = 0;
    }
    finish(e, c, false);
}

void conn_first_byte(struct engine *e, struct conn *c)
{
    if (c->told_first)
        return;
    c->told_first = true;
    tell_point(e, c, POINT_FIRST_BYTE, c->last_ns, 0, c->last_flags);
    if (c->state == CONN_READING) /* sent, and now it will not be sent again */
        conn_give_buffer(e, c);
}

/* What the peer said last, with its goodbye already read: the socket has nothing to add. */
static bool ended_behind(const struct engine *e, const struct conn *c)
{
    return (c->state == CONN_SENDING || c->state == CONN_READING) && transport_over(e, c);
}

static void read_some(struct engine *e, struct conn *c)
{
    struct tls_read got = {0};
    uint32_t generation = c->generation;
    ssize_t n = link_read(e, c, &got);

    if (n == -EAGAIN || n == -EINTR)
        return;
    if (n <= 0) {
        lost(e, c, (int)n);
        return;
    }
    conn_first_byte(e, c);
    tell_read(e, c, n, got.stamp.user_ns);
    take_bytes(e, c, (size_t)n, got.stamp.user_ns, got.shared);
    if (c->generation == generation && ended_behind(e, c))
        lost(e, c, (int)transport_recv(e, c, &got));
}

/* What came of the handshake's latest turn. */
static void handshake_turn(struct engine *e, struct conn *c, int code)
{
    e->now_ns = e->ops->now(e->loop);
    if (code < 0) {
        end_now(e, c, OUTCOME_TLS, transport_words(e, c));
        return;
    }
    if (code != TLS_DONE) {
        link_watch(e, c, code == TLS_WANTS_WRITE);
        return;
    }
    c->account.secured_ns = e->now_ns;
    if (e->tls)
        tell_point(e, c, POINT_TLS_END, e->now_ns, 0, 0);
    start_sending(e, c);
}

static void connecting_event(struct engine *e, struct conn *c)
{
    int code = e->ops->connected(e->loop, c->fd);

    e->now_ns = e->ops->now(e->loop);
    if (code < 0) {
        end_connect(e, c, code);
        return;
    }
    c->account.connected_ns = e->now_ns;
    tell_point(e, c, POINT_CONNECT_END, e->now_ns, 0, 0);
    c->state = CONN_HANDSHAKE;
    handshake_turn(e, c, transport_open(e, c));
}

void conn_event(struct engine *e, struct conn *c, const struct loop_event *event)
{
    uint32_t generation = c->generation;

    if (event->error && sent_collect(e, c) && !conn_in_flight(c))
        return; /* a late stamp is no news of an idle one; what else there is comes again */
    switch (c->state) {
    case CONN_CONNECTING:
        if (event->out)
            connecting_event(e, c);
        break;
    case CONN_HANDSHAKE:
        handshake_turn(e, c, transport_handshake(e, c));
        break;
    case CONN_SENDING:
        if (event->in)
            read_some(e, c);
        if (event->out && c->state == CONN_SENDING && c->generation == generation)
            send_more(e, c);
        break;
    case CONN_READING:
        if (event->in)
            read_some(e, c);
        break;
    case CONN_LINK:
        h2_event(e, c, event->in, event->out);
        break;
    case CONN_IDLE:
    case CONN_WATCHED:
        if (event->in)
            keep_idle_event(e, c);
        break;
    default:
        break;
    }
}

void conn_deadline(struct engine *e, struct conn *c)
{
    int64_t at_ns = conn_next_deadline(e, c);

    if (c->state == CONN_WATCHED) {
        keep_seen(e);
    } else if (c->state == CONN_LINK) {
        h2_deadline(e, c);
    } else if (at_ns > e->now_ns) { /* there was progress since it was set */
        deadline_set(e, c, at_ns);
    } else if (c->hang_up_ns <= e->now_ns) {
        end_now(e, c, OUTCOME_HUNG_UP, "");
    } else if (plus(c->released_ns, e->config->timeout_ns) <= e->now_ns) {
        end_now(e, c, OUTCOME_TIMEOUT, "not complete within the timeout");
    } else if (c->state == CONN_CONNECTING) {
        end_now(e, c, OUTCOME_CONNECT_FAILED, "no connection within the connect timeout");
    } else if (c->state == CONN_HANDSHAKE) {
        end_now(e, c, OUTCOME_TLS, "no TLS handshake within the connect timeout");
    } else {
        end_now(e, c, OUTCOME_STALL, "no byte within the stall timeout");
    }
}

void conn_cancel(struct engine *e, struct conn *c)
{
    end_now(e, c, OUTCOME_CANCELLED, "cancelled while in flight");
}
