/* SPDX-License-Identifier: Apache-2.0 */
/* Answers in one piece: fixed documents, errors, and completions that were not asked to stream. */
#include "refserver.h"
#include "base/clock.h"
#include "base/fs.h"
#include <stdio.h>
#include <string.h>

const char *answer_connection(const struct worker *w, const struct conn *c)
{
    return c->request.keep_alive && w->options->keep != KEEP_CLOSE ? "keep-alive" : "close";
}

static const char *reason_of(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 404:
        return "Not Found";
    case 413:
        return "Content Too Large";
    case 429:
        return "Too Many Requests";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

static void add_head(struct str *s, struct worker *w, struct conn *c, int status, const char *type,
                     size_t length)
{
    str_addf(s, "HTTP/1.1 %d %s\r\nServer: refserver\r\nContent-Type: %s\r\n", status,
             reason_of(status), type);
    if (status == 429 || status == 503)
        str_add(s, "Retry-After: 1\r\n");
    str_addf(s, "Connection: %s\r\nContent-Length: %zu\r\n\r\n", answer_connection(w, c), length);
}

static void send_document(struct worker *w, struct conn *c, int status, const char *type,
                          const struct str *body)
{
    AUTO(str_release) struct str s = {0};

    add_head(&s, w, c, status, type, body->len);
    if (body->len > 0)
        str_addn(&s, body->data, body->len);
    conn_send(w, c, s.data, s.len);
}

void answer_done(struct worker *w, struct conn *c, bool was_sse)
{
    const enum keep_mode keep = w->options->keep;
    bool closes = strcmp(answer_connection(w, c), "close") == 0;

    c->answering = false;
    if (c->state == CONN_DEAD)
        return;
    c->had_sse = c->had_sse || was_sse;
    if (closes || (was_sse && keep == KEEP_LYING))
        conn_close(w, c);
}

void answer_error(struct worker *w, struct conn *c, int status, const char *message)
{
    AUTO(str_release) struct str s = {0};

    str_addf(&s, "{\"error\":{\"message\":\"%s\",\"type\":\"refserver_error\",\"code\":%d}}",
             message, status);
    send_document(w, c, status, "application/json", &s);
    answer_done(w, c, false);
}

void answer_status(struct worker *w, struct conn *c)
{
    answer_error(w, c, mis_status(c->mis), "asked for by the test");
}

static void add_metric(struct str *s, const char *name, const char *type, uint64_t v)
{
    str_addf(s, "# TYPE refserver_%s %s\nrefserver_%s %" PRIu64 "\n", name, type, name, v);
}

/* The page that the test planted for this time. */
static int read_planted(char **ret, size_t *n, const char *path, uint64_t nth)
{
    char of_nth[512];

    (void)snprintf(of_nth, sizeof of_nth, "%s.%" PRIu64, path, nth);
    return fs_read(ret, n, fs_exists(of_nth) ? of_nth : path, 1 << 20, NULL);
}

static void answer_planted(struct worker *w, struct conn *c)
{
    AUTO(str_release) struct str s = {0};
    AUTO(free) char *text = NULL;
    size_t n = 0;

    if (read_planted(&text, &n, w->options->metrics_path, ++w->counts.scrapes) < 0) {
        answer_error(w, c, 404, "no such page");
        return;
    }
    str_addn(&s, text, n);
    send_document(w, c, 200, "text/plain; version=0.0.4", &s);
    answer_done(w, c, false);
}

static void answer_metrics(struct worker *w, struct conn *c)
{
    const struct counts *n = &w->counts;
    AUTO(str_release) struct str s = {0};

    add_metric(&s, "requests_total", "counter", n->requests);
    add_metric(&s, "requests_running", "gauge", n->running);
    add_metric(&s, "requests_waiting", "gauge", n->waiting);
    add_metric(&s, "prompt_tokens_total", "counter", n->prompt_tokens);
    add_metric(&s, "cached_tokens_total", "counter", n->cached_tokens);
    add_metric(&s, "output_tokens_total", "counter", n->output_tokens);
    add_metric(&s, "connections_total", "counter", n->connections);
    send_document(w, c, 200, "text/plain; version=0.0.4", &s);
    answer_done(w, c, false);
}

void answer_fixed(struct worker *w, struct conn *c)
{
    AUTO(str_release) struct str s = {0};

    if (strcmp(c->request.path, "/metrics") == 0) {
        if (w->options->metrics_path)
            answer_planted(w, c);
        else
            answer_metrics(w, c);
        return;
    }
    if (strcmp(c->request.path, "/health") == 0)
        str_add(&s, "{\"status\":\"ok\"}");
    else if (strcmp(c->request.path, "/v1/models") == 0)
        str_add(&s, "{\"object\":\"list\",\"data\":[{\"id\":\"reference\",\"object\":\"model\","
                    "\"created\":0,\"owned_by\":\"refserver\"}]}");
    if (s.len == 0) {
        answer_error(w, c, 404, "no such page");
        return;
    }
    send_document(w, c, 200, "application/json", &s);
    answer_done(w, c, false);
}

void answer_usage(struct str *s, const struct worker *w, const struct conn *c)
{
    int64_t prompt = c->request.words + w->options->template_tokens;

    str_addf(s,
             "\"usage\":{\"prompt_tokens\":%" PRId64 ",\"completion_tokens\":%" PRId64
             ",\"total_tokens\":%" PRId64 ",\"prompt_tokens_details\":{\"cached_tokens\":%" PRId64
             "}}",
             prompt, c->tokens, prompt + c->tokens, c->request.cached);
}

static void add_completion(struct str *s, const struct worker *w, const struct conn *c)
{
    const struct request *r = &c->request;

    str_addf(s, "{\"id\":\"cmpl-%s\",\"object\":\"%s\",\"created\":0,\"model\":\"%s\",", r->id,
             r->chat ? "chat.completion" : "text_completion", r->model);
    str_add(s, "\"choices\":[{\"index\":0,");
    str_add(s, r->chat ? "\"message\":{\"role\":\"assistant\",\"content\":\"" : "\"text\":\"");
    for (int64_t i = 0; i < c->tokens; i++)
        str_add(s, emit_word(i));
    str_add(s, r->chat ? "\"}" : "\"");
    str_addf(s, ",\"logprobs\":null,\"finish_reason\":%s}]",
             c->mis == MIS_NO_FINISH ? "null"
             : c->mis == MIS_SHORT   ? "\"stop\""
                                     : "\"length\"");
    if (c->mis != MIS_NO_USAGE) {
        str_add(s, ",");
        answer_usage(s, w, c);
    }
    str_add(s, "}");
}

/* Half of the document, then what the misbehaviour says; the length was announced in full. */
static void send_half(struct worker *w, struct conn *c, const struct str *body)
{
    AUTO(str_release) struct str s = {0};

    add_head(&s, w, c, 200, "application/json", body->len);
    str_addn(&s, body->data, body->len / 2);
    conn_send(w, c, s.data, s.len);
    if (c->mis == MIS_STALL)
        conn_deafen(w, c);
    else if (c->mis == MIS_RESET_MID)
        conn_reset(w, c);
    else
        conn_close(w, c);
}

void answer_whole(struct worker *w, struct conn *c)
{
    AUTO(str_release) struct str s = {0};
    bool half = c->mis == MIS_STALL || c->mis == MIS_RESET_MID || c->mis == MIS_EARLY_END;

    if (c->mis == MIS_BAD_JSON)
        str_add(&s, "{not json");
    else if (c->mis == MIS_ERROR_EVENT || c->mis == MIS_ERROR_NAMED)
        str_add(&s, "{\"error\":{\"message\":\"asked for by the test\",\"code\":500}}");
    else if (c->request.endpoint >= ENDPOINT_RESPONSES)
        endpoint_document(&s, w, c);
    else
        add_completion(&s, w, c);
    log_event(&w->log, c->request.id, 0, clock_mono_ns(), s.len, "answer");
    w->counts.output_tokens += (uint64_t)c->tokens;
    if (half) {
        send_half(w, c, &s);
        return;
    }
    send_document(w, c, 200, "application/json", &s);
    stream_leave(w, c, c->due_ns);
    answer_done(w, c, false);
}
