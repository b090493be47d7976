/* SPDX-License-Identifier: Apache-2.0 */
/* A completion's life: slot, first token, tokens at absolute deadlines, end; and where it goes
 * wrong on purpose. */
#include "refserver.h"
#include "base/clock.h"
#include <string.h>

#define SLOW_HEAD_NS NS_PER_MS
#define DRIP_NS (50 * NS_PER_MS)

static int64_t draw(struct conn *c, const struct dist *d)
{
    uint64_t width = (uint64_t)(d->high_ns - d->low_ns);

    return d->low_ns + (width > 0 ? (int64_t)rng_below(&c->rng, width + 1) : 0);
}

/* The gaps depend on the seed and the request's id, not on the order of arrival. */
static void seed_by_id(const struct worker *w, struct conn *c)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (const char *p = c->request.id; *p; p++)
        hash = (hash ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
    rng_init(&c->rng, (uint64_t)w->options->seed, hash);
}

static void choose_misbehaviour(const struct worker *w, struct conn *c)
{
    const struct options *o = w->options;

    c->after = o->after;
    c->budget = (int64_t)w->counts.requests; /* without a number: one byte more each time */
    if (mis_parse(&c->mis, &c->after, c->request.model, strlen(c->request.model)) == 0)
        return;
    c->mis = (int64_t)(w->counts.requests % (uint64_t)o->every) == 0 ? o->mis : MIS_NONE;
    c->budget /= o->every;
}

static void begin(struct worker *w, struct conn *c, int64_t start_ns)
{
    const struct options *o = w->options;
    const struct request *r = &c->request;

    c->has_slot = true;
    w->free_slots--;
    w->counts.running++;
    seed_by_id(w, c);
    emit_prepare(c);
    c->first_ns =
        start_ns + draw(c, &o->ttft) + o->input_ns * (r->words + o->template_tokens - r->cached);
    c->phase = PHASE_HEAD;
    if (r->stream) {
        heap_put(w, c, r->chat ? i64_min(start_ns + o->role_ns, c->first_ns) : c->first_ns);
        return;
    }
    for (int64_t i = 1; i < c->tokens; i++)
        c->first_ns += draw(c, &o->gap);
    heap_put(w, c, c->first_ns);
}

static void enqueue(struct worker *w, struct conn *c)
{
    c->state = CONN_QUEUED;
    c->next = NULL;
    if (w->queue_tail)
        w->queue_tail->next = c;
    else
        w->queue_head = c;
    w->queue_tail = c;
    w->counts.waiting++;
}

/* What goes wrong before the first byte of an answer. True: it did. */
static bool spoil_start(struct worker *w, struct conn *c)
{
    static const char garbage[] = "HTP/one.one banana\r\n\r\n";

    if (c->mis == MIS_RESET_BEFORE) {
        conn_reset(w, c);
    } else if (c->mis == MIS_NEVER) {
        conn_deafen(w, c);
    } else if (c->mis == MIS_BAD_HEAD) {
        conn_send(w, c, garbage, sizeof garbage - 1);
        conn_close(w, c);
    } else if (mis_status(c->mis) > 0) {
        answer_status(w, c);
    } else {
        return hostile_start(w, c);
    }
    return true;
}

static bool is_authorized(const struct worker *w, const struct conn *c)
{
    const char *key = c->request.key;

    return !w->options->api_key ||
           (strncmp(key, "Bearer ", 7) == 0 && strcmp(key + 7, w->options->api_key) == 0);
}

void stream_request(struct worker *w, struct conn *c, int64_t now_ns)
{
    const struct request *r = &c->request;

    if (!is_authorized(w, c)) {
        answer_error(w, c, 401, "wrong or missing key");
        return;
    }
    log_prompt(&w->log, r, now_ns);
    choose_misbehaviour(w, c);
    w->counts.requests++;
    w->counts.prompt_tokens += (uint64_t)(r->words + w->options->template_tokens);
    w->counts.cached_tokens += (uint64_t)r->cached;
    if (spoil_start(w, c))
        return;
    endpoint_log(w, c);
    c->tokens = r->endpoint > ENDPOINT_RESPONSES ? 0 : r->max_tokens >= 0 ? r->max_tokens : 16;
    if (c->mis == MIS_SHORT)
        c->tokens = (c->tokens + 1) / 2;
    c->after = i64_min(c->after, c->tokens);
    if (w->free_slots > 0)
        begin(w, c, now_ns);
    else
        enqueue(w, c);
}

void stream_leave(struct worker *w, struct conn *c, int64_t now_ns)
{
    struct conn *next = w->queue_head;

    if (!c->has_slot)
        return;
    c->has_slot = false;
    w->free_slots++;
    w->counts.running--;
    if (!next)
        return;
    w->queue_head = next->next;
    if (!w->queue_head)
        w->queue_tail = NULL;
    w->counts.waiting--;
    begin(w, next, now_ns);
}

static void end_stream(struct worker *w, struct conn *c)
{
    emit_flush(w, c);
    conn_send(w, c, "0\r\n\r\n", 5);
    if (c->state == CONN_DEAD)
        return;
    heap_drop(w, c);
    c->state = CONN_READING;
    stream_leave(w, c, c->due_ns);
    answer_done(w, c, true);
    conn_next_request(w, c);
}

static void emit_choice(struct worker *w, struct conn *c, const char *kind, const char *choice)
{
    AUTO(str_release) struct str s = {0};

    str_addn(&s, c->prefix, c->prefix_len);
    str_add(&s, choice);
    str_add(&s, "]}");
    emit(w, c, kind, s.data, s.len);
}

static void emit_finish(struct worker *w, struct conn *c)
{
    AUTO(str_release) struct str s = {0};

    str_addf(&s, "{\"index\":0,%s,\"logprobs\":null,\"finish_reason\":\"%s\"}",
             c->request.chat ? "\"delta\":{}" : "\"text\":\"\"",
             c->mis == MIS_SHORT ? "stop" : "length");
    emit_choice(w, c, "finish", s.data);
}

static void emit_usage(struct worker *w, struct conn *c)
{
    AUTO(str_release) struct str s = {0};

    str_addn(&s, c->prefix, c->prefix_len);
    str_add(&s, "],");
    answer_usage(&s, w, c);
    str_add(&s, "}");
    emit(w, c, "usage", s.data, s.len);
}

static void finish(struct worker *w, struct conn *c)
{
    w->counts.output_tokens += (uint64_t)c->tokens;
    if (c->request.endpoint == ENDPOINT_RESPONSES) {
        if (c->mis != MIS_NO_FINISH)
            response_ended(w, c, false);
    } else if (c->mis != MIS_NO_FINISH) {
        emit_finish(w, c);
        if (c->request.include_usage && c->mis != MIS_NO_USAGE)
            emit_usage(w, c);
        emit(w, c, "done", "[DONE]", 6);
    }
    end_stream(w, c);
}

static void fail_in_stream(struct worker *w, struct conn *c)
{
    static const char event[] = "{\"error\":{\"message\":\"asked for by the test\","
                                "\"type\":\"internal_error\",\"code\":500}}";
    AUTO(str_release) struct str s = {0};

    if (c->request.endpoint == ENDPOINT_RESPONSES && c->mis == MIS_ERROR_EVENT) {
        response_ended(w, c, true);
    } else if (c->mis == MIS_ERROR_EVENT) {
        emit(w, c, "error", event, sizeof event - 1);
        emit(w, c, "done", "[DONE]", 6);
    } else {
        str_addf(&s, "event: error\ndata: %s\n\n", event);
        emit_raw(w, c, "error", s.data, s.len);
    }
    end_stream(w, c);
}

/* What goes wrong after c->after content events. True: the stream is over. */
static bool spoil_stream(struct worker *w, struct conn *c)
{
    static const char no_field[] = "this line is no field\n\n", no_json[] = "{not json";

    switch (c->mis) {
    case MIS_RESET_MID:
        conn_reset(w, c);
        return true;
    case MIS_EARLY_END:
        conn_close(w, c);
        return true;
    case MIS_STALL:
        conn_deafen(w, c);
        return true;
    case MIS_ENDLESS_LINE:
        hostile_line(w, c);
        return true;
    case MIS_BAD_CHUNK:
        conn_send(w, c, "zz\r\ndata: {}\n\n\r\n", 17);
        conn_deafen(w, c);
        return true;
    case MIS_ERROR_EVENT:
    case MIS_ERROR_NAMED:
        fail_in_stream(w, c);
        return true;
    case MIS_BAD_SSE:
        emit_raw(w, c, "bad", no_field, sizeof no_field - 1);
        return false;
    case MIS_BAD_JSON:
        emit(w, c, "bad", no_json, sizeof no_json - 1);
        return false;
    default:
        return false;
    }
}

static void content(struct worker *w, struct conn *c)
{
    if (c->sent == c->after && spoil_stream(w, c))
        return;
    if (c->sent < c->tokens) {
        if (c->mis == MIS_HUGE_EVENT && c->sent == i64_min(c->after, c->tokens - 1))
            emit_huge(w, c);
        else if (c->request.endpoint == ENDPOINT_RESPONSES)
            response_delta(w, c, emit_word(c->sent));
        else
            emit_content(w, c, c->mis == MIS_BAD_UTF8 ? "\xc3(\xff" : emit_word(c->sent));
        c->sent++;
        if (c->mis == MIS_NONE)
            late_add(&w->late, w->sent_ns - c->due_ns);
    }
    if (c->state == CONN_DEAD)
        return;
    if (c->sent < c->tokens)
        heap_put(w, c, c->due_ns + draw(c, &w->options->gap));
    else if (c->sent != c->after || c->tokens == 0 || !spoil_stream(w, c))
        finish(w, c);
}

static void head(struct worker *w, struct conn *c)
{
    emit_head(w, c);
    if (c->head_at > 0) {
        heap_put(w, c, c->due_ns + (c->mis == MIS_DRIP ? DRIP_NS : SLOW_HEAD_NS));
        return;
    }
    c->phase = PHASE_CONTENT;
    if (c->request.endpoint == ENDPOINT_RESPONSES)
        response_created(w, c);
    if (!c->request.chat) {
        content(w, c);
        return;
    }
    emit_choice(w, c, "role",
                "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
                "\"logprobs\":null,\"finish_reason\":null}");
    if (c->state != CONN_DEAD)
        heap_put(w, c, i64_max(c->first_ns, c->due_ns));
}

void stream_step(struct worker *w, struct conn *c)
{
    if (!c->request.stream) {
        heap_drop(w, c);
        c->state = CONN_READING;
        answer_whole(w, c);
        if (c->state == CONN_READING)
            conn_next_request(w, c);
        return;
    }
    if (c->phase == PHASE_HEAD)
        head(w, c);
    else
        content(w, c);
}
