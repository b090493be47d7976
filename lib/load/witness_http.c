/* SPDX-License-Identifier: Apache-2.0 */
/* One connection's requests and answers. The words of a failed answer may quote the server: they
 * stay here, only the outcome and the status are recorded. */
#include "load/witness_flow.h"
#include <string.h>

enum { TEXT_BYTES = 16 };

static void tell(struct flow *f, const struct rec *rec)
{
    struct rec r = *rec;

    r.sample = f->sample;
    if (f->recorded)
        f->witness->ops.record(f->witness->ops.ctx, &r);
}

static void tell_point(struct flow *f, enum rec_point point, int64_t time_ns, int64_t value,
                       uint16_t flags)
{
    tell(f, &(struct rec){.time_ns = time_ns,
                          .type = REC_POINT,
                          .kind = (uint8_t)point,
                          .flags = flags,
                          .value = value});
}

static void tell_count(struct flow *f, enum rec_count kind, int64_t value, int64_t time_ns)
{
    if (value >= 0)
        tell(f, &(struct rec){
                    .time_ns = time_ns, .type = REC_COUNT, .kind = (uint8_t)kind, .value = value});
}

static void tell_text(struct flow *f, const char *words, int64_t time_ns)
{
    size_t len = strnlen(words, 111);

    for (size_t at = 0; at < len; at += TEXT_BYTES) {
        struct rec r = {.time_ns = time_ns, .type = REC_TEXT};
        char piece[TEXT_BYTES] = {0};

        memcpy(piece, words + at, len - at < TEXT_BYTES ? len - at : TEXT_BYTES);
        memcpy(&r.value, piece, 8);
        memcpy(&r.user_ns, piece + 8, 8);
        tell(f, &r);
    }
}

void flow_tell_end(struct flow *f, enum outcome outcome, const char *words, int64_t time_ns)
{
    const struct response *r = &f->response;

    tell_count(f, COUNT_INPUT, r->input, time_ns);
    tell_count(f, COUNT_OUTPUT, r->output, time_ns);
    tell_count(f, COUNT_CACHED, r->cached, time_ns);
    tell_count(f, COUNT_FINISH, r->finish ? r->finish : -1, time_ns);
    tell_text(f, words, time_ns);
    tell_point(f, POINT_END, time_ns, 0, REC_KERNEL);
    tell(f, &(struct rec){.time_ns = time_ns,
                          .type = REC_END,
                          .kind = (uint8_t)outcome,
                          .flags = REC_KERNEL,
                          .value = r->status});
    f->recorded = false;
}

static void forget(struct flow *f)
{
    struct reassembly *r = &f->witness->reassembly;

    half_forget(&f->up, r);
    half_forget(&f->down, r);
    f->asking = f->answering = f->recorded = false;
    f->state = f->tls.spoken ? FLOW_IGNORED : FLOW_LOST; /* where a record begins isn't known */
}

void flow_lose(struct flow *f, const char *words, int64_t time_ns)
{
    if (f->asking || f->answering || f->recorded)
        f->witness->counts.lost++;
    if (f->recorded)
        flow_tell_end(f, OUTCOME_INTERRUPTED, words, time_ns);
    forget(f);
}

void flow_record(struct flow *f, const char *id, int64_t time_ns)
{
    const struct witness_ops *ops = &f->witness->ops;
    int64_t sample = ops->request(ops->ctx, id, time_ns);

    f->recorded = sample >= 0;
    *(f->recorded ? &f->witness->counts.requests : &f->witness->counts.other_requests) += 1;
    if (!f->recorded)
        return;
    f->sample = (uint32_t)sample;
    if (!f->reused && f->connect_start_ns != TIME_NONE)
        tell_point(f, POINT_CONNECT_START, f->connect_start_ns, 0, REC_KERNEL);
    if (!f->reused && f->connect_end_ns != TIME_NONE)
        tell_point(f, POINT_CONNECT_END, f->connect_end_ns, 0, REC_KERNEL);
    tell_point(f, POINT_SENT, f->asked_ns, 0, REC_KERNEL | (f->reused ? REC_REUSED : 0));
}

static void head_complete(struct flow *f, int64_t time_ns)
{
    if (strcmp(f->request.method, "POST") == 0)
        flow_record(f, f->request.id, time_ns);
    else
        f->witness->counts.other_requests++;
    f->reused = true;
    f->answering = true;
    f->first_byte_told = false;
    response_init(&f->response, f->witness->ops.reply);
}

static void no_request(struct flow *f, int64_t time_ns)
{
    bool first = !f->reused && !f->answering;

    flow_lose(f, "no HTTP/1.1 request", time_ns);
    if (!first)
        return;
    f->witness->counts.not_http1++;
    f->state = FLOW_IGNORED;
}

/* A handshake record's first byte begins the connection. */
static bool speaks_tls(struct flow *f, const char *data)
{
    if (!f->tls.spoken && !f->reused && !f->asking && !f->answering && data[0] == 0x16) {
        f->tls.spoken = true;
        f->witness->counts.tls++;
    }
    return f->tls.spoken;
}

static bool may_begin(struct flow *f, int64_t time_ns)
{
    if (f->answering) {
        flow_lose(f, "pipelined requests are not followed", time_ns);
        return false;
    }
    f->asking = true;
    f->asked_ns = time_ns;
    f->asked_bytes = 0;
    http1_request_init(&f->request);
    return true;
}

void flow_client_bytes(void *ctx, const char *data, size_t n, int64_t time_ns)
{
    struct flow *f = ctx;
    const char *at = data, *end = data + n;

    if (f->state == FLOW_OPEN && speaks_tls(f, data)) {
        flow_tls_bytes(f, true, data, n, time_ns);
        return;
    }
    while (f->state == FLOW_OPEN && at < end) {
        const char *from = at;
        enum http1_step step;

        if (!f->asking && !may_begin(f, time_ns))
            return;
        step = http1_request_next(&f->request, &at, end);
        f->asked_bytes += at - from;
        if (step == HTTP1_HEAD) {
            head_complete(f, time_ns);
            step = http1_request_next(&f->request, &at, at); /* is it complete, without a body? */
        }
        if (step == HTTP1_END) {
            flow_tell_sent(f, time_ns);
            f->asking = false;
        } else if (step != HTTP1_MORE) {
            no_request(f, time_ns);
        }
    }
}

void flow_tell_sent(struct flow *f, int64_t time_ns)
{
    tell_point(f, POINT_SENT_LAST, time_ns, f->asked_bytes, REC_KERNEL);
}

void flow_tell_read(struct flow *f, size_t n, int64_t time_ns)
{
    if (!f->first_byte_told)
        tell_point(f, POINT_FIRST_BYTE, time_ns, 0, REC_KERNEL);
    f->first_byte_told = true;
    tell(f, &(struct rec){.time_ns = time_ns,
                          .type = REC_READ,
                          .flags = REC_KERNEL,
                          .value = (int64_t)n,
                          .user_ns = time_ns});
}

void flow_tell_event(struct flow *f, const struct openai_event *event, int64_t time_ns, bool last)
{
    f->witness->counts.events += f->recorded;
    tell(f, &(struct rec){.time_ns = time_ns,
                          .type = REC_EVENT,
                          .kind = event->kind,
                          .flags = REC_KERNEL | (last ? 0 : REC_NOT_LAST),
                          .value = event->bytes,
                          .user_ns = time_ns});
}

/* The answer is over. Where its framing isn't known to be complete, what follows can't be read. */
static void answered(struct flow *f, int64_t time_ns)
{
    bool go_on = f->response.may_keep;

    if (f->recorded)
        flow_tell_end(f, f->response.outcome, "", time_ns);
    f->answering = false;
    if (!go_on)
        forget(f);
}

/* The answer to a request that isn't recorded is only followed to its end. */
static const char *pass_over(struct flow *f, const char *at, const char *end, int64_t time_ns)
{
    struct http1 *http = &f->response.http;
    bool no_body = strcmp(f->request.method, "HEAD") == 0;
    enum http1_step step;
    struct span piece;

    while ((step = http1_next(http, &at, end, &piece)) != HTTP1_MORE) {
        if (step == HTTP1_BODY || (step == HTTP1_HEAD && !no_body))
            continue;
        f->response.may_keep = step <= HTTP1_END && http->keep_alive;
        answered(f, time_ns);
        break;
    }
    return at;
}

static const char *follow(struct flow *f, const char *at, const char *end, int64_t time_ns)
{
    struct openai_event event, held;
    enum response_step step;
    bool holding = false;

    while ((step = response_next(&f->response, &at, end, &event)) == RESPONSE_EVENT) {
        if (holding)
            flow_tell_event(f, &held, time_ns, false);
        held = event;
        holding = true;
    }
    if (holding)
        flow_tell_event(f, &held, time_ns, f->response.between_events);
    if (step == RESPONSE_END)
        answered(f, time_ns);
    return at;
}

void flow_server_bytes(void *ctx, const char *data, size_t n, int64_t time_ns)
{
    struct flow *f = ctx;
    const char *at = data;

    if (f->state != FLOW_OPEN)
        return;
    if (f->tls.spoken) {
        flow_tls_bytes(f, false, data, n, time_ns);
        return;
    }
    if (!f->answering) {
        flow_lose(f, "an answer without a request", time_ns);
        return;
    }
    flow_tell_read(f, n, time_ns);
    at = f->recorded ? follow(f, at, data + n, time_ns) : pass_over(f, at, data + n, time_ns);
    if (f->state == FLOW_OPEN && at != data + n)
        flow_lose(f, "bytes beyond the answer", time_ns);
}

void flow_hang_up(struct flow *f, int64_t time_ns)
{
    if (f->tls.spoken)
        flow_tls_end(f, true);
    else if (f->recorded)
        flow_tell_end(f, OUTCOME_CANCELLED, "the client hung up", time_ns);
    forget(f);
}

void flow_server_end(struct flow *f, int code, int64_t time_ns)
{
    struct openai_event event;

    if (f->tls.spoken) {
        flow_tls_end(f, false);
    } else if (f->recorded) {
        enum response_step step = response_eof(&f->response, code, &event);

        if (step == RESPONSE_EVENT) { /* a body that the end of the connection delimits */
            flow_tell_event(f, &event, time_ns, true);
            step = response_eof(&f->response, code, &event);
        }
        assert(step == RESPONSE_END);
        flow_tell_end(f, f->response.outcome, "", time_ns);
    }
    forget(f);
}
