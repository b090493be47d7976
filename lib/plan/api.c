/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/api.h"
#include "plan/keys.h"
#include "plan/template.h"
#include <string.h>

#define BIT(api) (1U << (api))
#define IN_ONE_PIECE (BIT(API_EMBEDDINGS) | BIT(API_RERANK) | BIT(API_JSON))

static const struct {
    const char *metric; /* or the beginning of several */
    unsigned apis;
    const char *why;
} lacks[] = {
    {"ttft.choice.", BIT(API_RESPONSES), "its events have no choices; see ttft.content.due@1"},
    {"ttft.", IN_ONE_PIECE, "an answer in one piece has no first token; see latency.due@1"},
    {"itl.", IN_ONE_PIECE, "an answer in one piece has no gaps between tokens"},
    {"tpot.", IN_ONE_PIECE, "an answer in one piece has no time per token"},
    {"throughput.output_tokens@", IN_ONE_PIECE,
     "its answers have no output tokens; see throughput.requests@1"},
    {"cost.per_million_output@", IN_ONE_PIECE, "its answers have no output tokens"},
    {"energy.per_output_token@", IN_ONE_PIECE, "its answers have no output tokens"},
    {"throughput.total_tokens@", BIT(API_JSON),
     "its answers do not say how many tokens there were; see throughput.requests@1"},
};

const char *api_name(enum api api)
{
    return key_find("target.api")->choices[api];
}

bool api_streams(enum api api)
{
    return !(IN_ONE_PIECE & BIT(api));
}

bool api_has_output(enum api api)
{
    return !(IN_ONE_PIECE & BIT(api));
}

const char *api_lacks(enum api api, const char *metric)
{
    for (size_t i = 0; i < COUNT_OF(lacks); i++)
        if ((lacks[i].apis & BIT(api)) &&
            strncmp(metric, lacks[i].metric, strlen(lacks[i].metric)) == 0)
            return lacks[i].why;
    return NULL;
}

bool plan_asks_output(const struct plan *p)
{
    const char *at = p->target.body_template;
    struct template_part part;

    if (p->target.api != API_JSON)
        return api_has_output(p->target.api);
    while (template_next(&part, &at) == 1)
        if (part.kind == TEMPLATE_OUTPUT)
            return true;
    return false;
}

struct reply_spec plan_reply(const struct plan *p)
{
    static const enum reply_kind kinds[] = {
        [API_CHAT] = REPLY_OPENAI,         [API_COMPLETIONS] = REPLY_OPENAI,
        [API_RESPONSES] = REPLY_RESPONSES, [API_EMBEDDINGS] = REPLY_EMBEDDINGS,
        [API_RERANK] = REPLY_RERANK,       [API_JSON] = REPLY_JSON,
    };
    struct reply_spec spec = {.kind = kinds[p->target.api]};
    int r = 0;

    if (p->target.api != API_JSON)
        return spec;
    spec.status = p->target.success.status;
    if (*p->target.success.equals)
        spec.equals = p->target.success.equals;
    if (*p->target.success.pointer)
        r = reply_pointer_parse(&spec.test, p->target.success.pointer);
    assert(r == 0); /* the plan's check took it */
    (void)r;
    return spec;
}
