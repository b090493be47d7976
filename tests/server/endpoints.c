/* SPDX-License-Identifier: Apache-2.0 */
/* The other endpoints: responses, embeddings, rerank, and inference as KServe's protocol has it. */
#include "refserver.h"
#include <string.h>

static const char *const names[] = {
    [ENDPOINT_RESPONSES] = "responses",
    [ENDPOINT_EMBEDDINGS] = "embeddings",
    [ENDPOINT_RERANK] = "rerank",
    [ENDPOINT_INFER] = "infer",
};

enum endpoint endpoint_of(const char *path)
{
    static const struct {
        const char *path;
        enum endpoint endpoint;
    } paths[] = {
        {"/v1/completions", ENDPOINT_COMPLETIONS}, {"/v1/chat/completions", ENDPOINT_CHAT},
        {"/v1/responses", ENDPOINT_RESPONSES},     {"/v1/embeddings", ENDPOINT_EMBEDDINGS},
        {"/v1/rerank", ENDPOINT_RERANK},           {"/v2/models/reference/infer", ENDPOINT_INFER},
    };

    for (size_t i = 0; i < COUNT_OF(paths); i++)
        if (strcmp(path, paths[i].path) == 0)
            return paths[i].endpoint;
    return ENDPOINT_NONE;
}

void endpoint_log(struct worker *w, const struct conn *c)
{
    const struct request *r = &c->request;

    if (r->endpoint < ENDPOINT_RESPONSES)
        return;
    log_note(&w->log, r->id, names[r->endpoint], r->words);
    if (r->documents > 0)
        log_note(&w->log, r->id, "documents", r->documents);
}

static void add_usage(struct str *s, const struct worker *w, const struct conn *c)
{
    int64_t prompt = c->request.words + w->options->template_tokens;

    if (c->mis != MIS_NO_USAGE)
        str_addf(s, ",\"usage\":{\"prompt_tokens\":%" PRId64 ",\"total_tokens\":%" PRId64 "}",
                 prompt, prompt);
}

static void add_embeddings(struct str *s, const struct worker *w, const struct conn *c)
{
    str_addf(s, "{\"object\":\"list\",\"model\":\"%s\",\"data\":[", c->request.model);
    if (c->mis != MIS_WRONG)
        str_add(s, "{\"object\":\"embedding\",\"index\":0,\"embedding\":[0.25,-0.5,1e-3]}");
    str_add(s, "]");
    add_usage(s, w, c);
    str_add(s, "}");
}

static void add_scores(struct str *s, const struct worker *w, const struct conn *c)
{
    str_addf(s, "{\"id\":\"rerank-%s\",\"model\":\"%s\",\"results\":[", c->request.id,
             c->request.model);
    for (int64_t i = 0; i < c->request.documents; i++)
        str_addf(s, "%s{\"index\":%" PRId64 ",\"%s\":%.3f}", i ? "," : "", i,
                 c->mis == MIS_WRONG ? "relevance" : "relevance_score", 1 / (double)(i + 1));
    str_add(s, "]");
    add_usage(s, w, c);
    str_add(s, "}");
}

static void add_outputs(struct str *s, const struct conn *c)
{
    str_addf(s, "{\"model_name\":\"reference\",\"id\":\"%s\",\"outputs\":[", c->request.id);
    if (c->mis != MIS_WRONG)
        str_add(s, "{\"name\":\"label\",\"datatype\":\"FP32\",\"shape\":[2],\"data\":[0.75,0.25]}");
    str_add(s, "]}");
}

/* The response object, without what depends on how it stands. */
static void open_response(struct str *s, const struct conn *c, const char *status)
{
    str_addf(s,
             "{\"id\":\"resp_%s\",\"object\":\"response\",\"created_at\":0,\"model\":\"%s\","
             "\"status\":\"%s\"",
             c->request.id, c->request.model, status);
}

/* As long as asked: what the limit cut. */
static void add_whole_response(struct str *s, const struct worker *w, const struct conn *c)
{
    int64_t prompt = c->request.words + w->options->template_tokens;
    bool stopped = c->mis == MIS_SHORT;

    open_response(s, c, stopped ? "completed" : "incomplete");
    str_addf(s, ",\"error\":null,\"incomplete_details\":%s",
             stopped ? "null" : "{\"reason\":\"max_output_tokens\"}");
    str_add(s, ",\"output\":[{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":"
               "\"output_text\",\"annotations\":[],\"text\":\"");
    for (int64_t i = 0; i < c->tokens; i++)
        str_add(s, emit_word(i));
    str_add(s, "\"}]}]");
    if (c->mis != MIS_NO_USAGE)
        str_addf(s,
                 ",\"usage\":{\"input_tokens\":%" PRId64
                 ",\"input_tokens_details\":{\"cached_tokens\":%" PRId64
                 "},\"output_tokens\":%" PRId64 ",\"total_tokens\":%" PRId64 "}",
                 prompt, c->request.cached, c->tokens, prompt + c->tokens);
    str_add(s, "}");
}

void endpoint_document(struct str *s, const struct worker *w, const struct conn *c)
{
    switch (c->request.endpoint) {
    case ENDPOINT_EMBEDDINGS:
        add_embeddings(s, w, c);
        break;
    case ENDPOINT_RERANK:
        add_scores(s, w, c);
        break;
    case ENDPOINT_INFER:
        add_outputs(s, c);
        break;
    default:
        if (c->mis == MIS_WRONG)
            str_add(s, "{\"object\":\"list\",\"data\":[]}");
        else
            add_whole_response(s, w, c);
        break;
    }
}

void response_created(struct worker *w, struct conn *c)
{
    AUTO(str_release) struct str s = {0};

    str_add(&s, "{\"type\":\"response.created\",\"response\":");
    open_response(&s, c, "in_progress");
    str_add(&s, ",\"output\":[]}}");
    emit_typed(w, c, "created", "response.created", &s);
}

void response_delta(struct worker *w, struct conn *c, const char *text)
{
    AUTO(str_release) struct str s = {0};

    str_addf(&s,
             "{\"type\":\"response.output_text.delta\",\"item_id\":\"msg\",\"output_index\":0,"
             "\"content_index\":0,\"delta\":\"%s\"}",
             text);
    emit_typed(w, c, "content", "response.output_text.delta", &s);
}

void response_ended(struct worker *w, struct conn *c, bool failed)
{
    const char *type = failed                ? "response.failed"
                       : c->mis == MIS_SHORT ? "response.completed"
                                             : "response.incomplete";
    AUTO(str_release) struct str s = {0};

    str_addf(&s, "{\"type\":\"%s\",\"response\":", type);
    if (failed) {
        open_response(&s, c, "failed");
        str_add(&s,
                ",\"error\":{\"code\":\"server_error\",\"message\":\"asked for by the test\"}}");
    } else
        add_whole_response(&s, w, c);
    str_add(&s, "}");
    emit_typed(w, c, failed ? "error" : "done", type, &s);
}
