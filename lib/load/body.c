/* SPDX-License-Identifier: Apache-2.0 */
/* lib/load/body.c - what a response says, once its framing is taken off: events and a verdict. */
#include "load/response.h"
#include <stdio.h>
#include <string.h>

_Static_assert((int)OPENAI_ROLE == EVENT_ROLE && (int)OPENAI_CONTENT == EVENT_CONTENT &&
                   (int)OPENAI_REASONING == EVENT_REASONING && (int)OPENAI_TOOL == EVENT_TOOL &&
                   (int)OPENAI_FINISH == EVENT_FINISH && (int)OPENAI_USAGE == EVENT_USAGE &&
                   (int)OPENAI_ERROR == EVENT_ERROR && (int)OPENAI_CHOICES == EVENT_CHOICES,
               "an event's kind goes from the wire into the evidence as it is");

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

enum response_step response_fail(struct response *r, enum outcome outcome, const char *words)
{
    r->may_keep = false;
    return r->status != 0 && !is_good(r) ? end_by_status(r) : end(r, outcome, words);
}

static void begin_event(struct response *r)
{
    if (r->spec)
        reply_begin(&r->reply, r->spec);
    else
        openai_begin(&r->openai);
}

static void feed(struct response *r, const char *data, size_t n)
{
    if (r->spec)
        reply_feed(&r->reply, data, n);
    else
        openai_feed(&r->openai, data, n);
}

static int end_event(struct response *r, struct openai_event *event)
{
    int failed;

    if (!r->spec)
        return openai_end(&r->openai, event);
    failed = reply_end(&r->reply, event);
    r->good |= failed == 0 && r->reply.good;
    return failed;
}

static const char *why_bad(const struct response *r)
{
    const char *why = r->spec ? r->reply.why : r->openai.why;

    return why ? why : "no JSON object";
}

enum response_step response_head(struct response *r, int status, bool is_sse, bool is_encoded)
{
    r->status = status;
    r->is_sse = is_sse;
    sse_init(&r->sse);
    begin_event(r);
    if (is_encoded && is_good(r))
        return response_fail(r, OUTCOME_BAD_HTTP, "a Content-Encoding that was not asked for");
    return RESPONSE_MORE;
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
    r->content_events += (event->kind & EVENT_TOKENS) != 0;
    if (event->kind & OPENAI_ERROR)
        (void)snprintf(r->error, sizeof r->error, "%s",
                       event->error[0] ? event->error : "an error without a message");
}

static enum response_step dispatch(struct response *r, struct openai_event *event)
{
    if (end_event(r, event) < 0)
        return response_fail(r, OUTCOME_BAD_EVENT, why_bad(r));
    if (r->sse.is_error && !(event->kind & OPENAI_ERROR))
        event->kind |= OPENAI_ERROR;
    note(r, event);
    begin_event(r);
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
            feed(r, data.data, data.len);
        } else if (s == SSE_DISPATCH) {
            step = dispatch(r, event);
        } else {
            step = response_fail(r, OUTCOME_BAD_EVENT,
                                 r->sse.why ? r->sse.why : "malformed event stream");
        }
    }
    r->piece = (struct span){at, s == SSE_MORE ? 0 : (size_t)(stop - at)};
    return step;
}

/* An error event ends a good answer at once: what follows it is no answer any more. */
static bool ends_early(const struct response *r)
{
    return r->error[0] && is_good(r) && r->is_sse;
}

enum response_step response_body(struct response *r, struct openai_event *event)
{
    if (ends_early(r))
        return response_fail(r, OUTCOME_ERROR_EVENT, r->error);
    if (r->is_sse)
        return sse_bytes(r, event);
    feed(r, r->piece.data, r->piece.len);
    r->piece.len = 0;
    return RESPONSE_MORE;
}

/* An answer in one piece, from an endpoint whose answers do not finish: is it what was asked for?
 */
static enum response_step verdict_of_answer(struct response *r)
{
    static const char *const wrong[] = {
        [REPLY_RESPONSES] = "the answer is no finished response",
        [REPLY_EMBEDDINGS] = "the answer has no embedding",
        [REPLY_RERANK] = "the answer has no score",
        [REPLY_JSON] = "the answer does not pass target.success",
    };

    if (r->spec->status && r->spec->status != r->status)
        return end(r, OUTCOME_WRONG_ANSWER, "not the status of target.success");
    return r->good ? end(r, OUTCOME_OK, "") : end(r, OUTCOME_WRONG_ANSWER, wrong[r->spec->kind]);
}

enum response_step response_complete(struct response *r, struct openai_event *event)
{
    if (!r->is_sse && !r->json_ended) {
        r->json_ended = true;
        if (end_event(r, event) == 0) {
            note(r, event);
            return is_good(r) ? RESPONSE_EVENT : end_by_status(r);
        }
        if (is_good(r))
            return end(r, OUTCOME_BAD_EVENT, why_bad(r));
    }
    if (!is_good(r))
        return end_by_status(r);
    if (r->error[0])
        return end(r, OUTCOME_ERROR_EVENT, r->error);
    if (r->spec && (r->spec->kind != REPLY_RESPONSES || !r->is_sse))
        return verdict_of_answer(r);
    if (!r->finish && !r->done)
        return end(r, OUTCOME_EARLY_END, "the answer ended without a finish reason");
    return end(r, OUTCOME_OK, "");
}
