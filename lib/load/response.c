/* SPDX-License-Identifier: Apache-2.0 */
#include "load/response.h"
#include <stdio.h>
#include <string.h>

_Static_assert((int)OPENAI_ROLE == EVENT_ROLE && (int)OPENAI_CONTENT == EVENT_CONTENT &&
                   (int)OPENAI_REASONING == EVENT_REASONING && (int)OPENAI_TOOL == EVENT_TOOL &&
                   (int)OPENAI_FINISH == EVENT_FINISH && (int)OPENAI_USAGE == EVENT_USAGE &&
                   (int)OPENAI_ERROR == EVENT_ERROR && (int)OPENAI_CHOICES == EVENT_CHOICES,
               "an event's kind goes from the wire into the evidence as it is");

void response_init(struct response *r)
{
    memset(r, 0, offsetof(struct response, http));
    r->input = r->output = r->cached = -1;
    r->between_events = true;
    http1_init(&r->http);
}

static bool is_good(const struct response *r)
{
    return r->status >= 200 && r->status <= 299;
}

static enum outcome outcome_of_status(int status)
{
    return status >= 400 && status <= 499   ? OUTCOME_HTTP_4XX
           : status >= 500 && status <= 599 ? OUTCOME_HTTP_5XX
                                            : OUTCOME_HTTP_OTHER;
}

static enum response_step end(struct response *r, enum outcome outcome, const char *words)
{
    r->outcome = outcome;
    (void)snprintf(r->text, sizeof r->text, "%s", words);
    return RESPONSE_END;
}

/* Whatever became of its body, an answer with an error status is that status. */
static enum response_step end_by_status(struct response *r)
{
    char words[112];

    (void)snprintf(words, sizeof words, "HTTP %d%s%s", r->status, r->error[0] ? ": " : "",
                   r->error);
    return end(r, outcome_of_status(r->status), words);
}

static enum response_step fail(struct response *r, enum outcome outcome, const char *words)
{
    r->may_keep = false;
    return r->status != 0 && !is_good(r) ? end_by_status(r) : end(r, outcome, words);
}

static void take_head(struct response *r)
{
    r->status = r->http.status;
    r->is_sse = r->http.is_sse;
    sse_init(&r->sse);
    openai_begin(&r->openai);
}

static void note(struct response *r, const struct openai_event *event)
{
    if (event->input_tokens >= 0)
        r->input = event->input_tokens;
    if (event->output_tokens >= 0)
        r->output = event->output_tokens;
    if (event->cached_tokens >= 0)
        r->cached = event->cached_tokens;
    if (event->finish)
        r->finish = event->finish;
    r->done |= event->done;
    if (event->kind & OPENAI_ERROR)
        (void)snprintf(r->error, sizeof r->error, "%s",
                       event->error[0] ? event->error : "an error without a message");
}

static enum response_step dispatch(struct response *r, struct openai_event *event)
{
    if (openai_end(&r->openai, event) < 0)
        return fail(r, OUTCOME_BAD_EVENT, r->openai.why ? r->openai.why : "no JSON object");
    if (r->sse.is_error && !(event->kind & OPENAI_ERROR))
        event->kind |= OPENAI_ERROR;
    note(r, event);
    openai_begin(&r->openai);
    r->between_events = true;
    return RESPONSE_EVENT;
}

/* Body bytes of an SSE answer; RESPONSE_MORE when the piece is used up. */
static enum response_step sse_bytes(struct response *r, struct openai_event *event)
{
    const char *at = r->piece.data, *stop = at + r->piece.len;
    enum response_step step = RESPONSE_MORE;
    enum sse_step s = SSE_MORE;
    struct span data;

    while (step == RESPONSE_MORE && (s = sse_next(&r->sse, &at, stop, &data)) != SSE_MORE) {
        if (s == SSE_DATA) {
            r->between_events = false;
            openai_feed(&r->openai, data.data, data.len);
        } else if (s == SSE_DISPATCH) {
            step = dispatch(r, event);
        } else {
            step = fail(r, OUTCOME_BAD_EVENT, r->sse.why ? r->sse.why : "malformed event stream");
        }
    }
    r->piece = (struct span){at, s == SSE_MORE ? 0 : (size_t)(stop - at)};
    return step;
}

static enum response_step body_bytes(struct response *r, struct openai_event *event)
{
    if (r->is_sse)
        return sse_bytes(r, event);
    openai_feed(&r->openai, r->piece.data, r->piece.len);
    r->piece.len = 0;
    return RESPONSE_MORE;
}

/* The framing is complete; a JSON answer is one event first. */
static enum response_step complete(struct response *r, struct openai_event *event)
{
    r->may_keep = r->http.keep_alive;
    if (!r->is_sse && !r->json_ended) {
        r->json_ended = true;
        if (openai_end(&r->openai, event) == 0) {
            note(r, event);
            return is_good(r) ? RESPONSE_EVENT : end_by_status(r);
        }
        if (is_good(r))
            return end(r, OUTCOME_BAD_EVENT, r->openai.why ? r->openai.why : "no JSON object");
    }
    if (!is_good(r))
        return end_by_status(r);
    if (r->error[0])
        return end(r, OUTCOME_ERROR_EVENT, r->error);
    if (!r->finish && !r->done)
        return end(r, OUTCOME_EARLY_END, "the answer ended without a finish reason");
    return end(r, OUTCOME_OK, "");
}

static enum response_step framing(struct response *r, enum http1_step step,
                                  struct openai_event *event)
{
    switch (step) {
    case HTTP1_HEAD:
        take_head(r);
        if (r->http.is_encoded && is_good(r))
            return fail(r, OUTCOME_BAD_HTTP, "a Content-Encoding that was not asked for");
        return RESPONSE_MORE;
    case HTTP1_END:
        return complete(r, event);
    case HTTP1_BAD_HEAD:
        return fail(r, OUTCOME_BAD_HTTP, r->http.why ? r->http.why : "malformed head");
    case HTTP1_BAD_CHUNK:
        return fail(r, OUTCOME_BAD_CHUNK, r->http.why ? r->http.why : "malformed chunk");
    default:
        return RESPONSE_MORE;
    }
}

/* An error event ends a good answer at once: what follows it is no answer any more. */
static bool ends_early(const struct response *r)
{
    return r->error[0] && is_good(r) && r->is_sse;
}

enum response_step response_next(struct response *r, const char **at, const char *stop,
                                 struct openai_event *event)
{
    enum response_step step = RESPONSE_MORE;

    if (r->json_ended)
        return complete(r, event);
    if (ends_early(r))
        return fail(r, OUTCOME_ERROR_EVENT, r->error);
    while (step == RESPONSE_MORE) {
        enum http1_step h;

        if (r->piece.len > 0) {
            step = body_bytes(r, event);
            continue;
        }
        h = http1_next(&r->http, at, stop, &r->piece);
        if (h != HTTP1_BODY)
            r->piece.len = 0;
        if (h == HTTP1_MORE)
            return RESPONSE_MORE;
        step = framing(r, h, event);
    }
    return step;
}

enum response_step response_eof(struct response *r, int code, struct openai_event *event)
{
    const char *words = code < 0 ? strerrordesc_np(-code) : NULL;

    if (r->json_ended)
        return complete(r, event);
    if (code == RESPONSE_CUT)
        return fail(r, OUTCOME_EARLY_END,
                    r->status ? "closed without a TLS close_notify before the answer was complete"
                              : "closed without an answer");
    if (code < 0)
        return fail(r, OUTCOME_RESET, words ? words : "connection broken");
    if (r->status != 0 && http1_eof(&r->http) == HTTP1_END) {
        enum response_step step = complete(r, event);

        r->may_keep = false;
        return step;
    }
    return fail(r, OUTCOME_EARLY_END,
                r->status ? "closed before the answer was complete" : "closed without an answer");
}
