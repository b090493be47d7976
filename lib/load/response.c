/* SPDX-License-Identifier: Apache-2.0 */
/* lib/load/response.c - a response's HTTP/1.1 framing, in front of body.c. */
#include "load/response.h"
#include <string.h>

void response_init(struct response *r, const struct reply_spec *spec)
{
    memset(r, 0, offsetof(struct response, http));
    r->input = r->output = r->cached = -1;
    r->between_events = true;
    r->spec = spec && spec->kind != REPLY_OPENAI ? spec : NULL;
    http1_init(&r->http);
}

static enum response_step framing(struct response *r, enum http1_step step,
                                  struct openai_event *event)
{
    switch (step) {
    case HTTP1_HEAD:
        return response_head(r, r->http.status, r->http.is_sse, r->http.is_encoded);
    case HTTP1_END:
        r->may_keep = r->http.keep_alive;
        return response_complete(r, event);
    case HTTP1_BAD_HEAD:
        return response_fail(r, OUTCOME_BAD_HTTP, r->http.why ? r->http.why : "malformed head");
    case HTTP1_BAD_CHUNK:
        return response_fail(r, OUTCOME_BAD_CHUNK, r->http.why ? r->http.why : "malformed chunk");
    default:
        return RESPONSE_MORE;
    }
}

enum response_step response_next(struct response *r, const char **at, const char *stop,
                                 struct openai_event *event)
{
    enum response_step step = RESPONSE_MORE;

    if (r->json_ended)
        return response_complete(r, event);
    if (r->error[0])
        step = response_body(r, event);
    while (step == RESPONSE_MORE) {
        enum http1_step h;

        if (r->piece.len > 0) {
            step = response_body(r, event);
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
        return response_complete(r, event);
    if (code == RESPONSE_CUT)
        return response_fail(
            r, OUTCOME_EARLY_END,
            r->status ? "closed without a TLS close_notify before the answer was complete"
                      : "closed without an answer");
    if (code < 0)
        return response_fail(r, OUTCOME_RESET, words ? words : "connection broken");
    if (r->status != 0 && http1_eof(&r->http) == HTTP1_END)
        return response_complete(r, event);
    return response_fail(r, OUTCOME_EARLY_END,
                         r->status ? "closed before the answer was complete"
                                   : "closed without an answer");
}
