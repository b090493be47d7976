/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/run/body.h - request bodies of other endpoints than chat and completions, from a template:
 * the plan's own (target.api: json), or the endpoint's.
 */
#pragma once
#include "base/base.h"
#include "plan/plan.h"
#include "plan/template.h"

enum { BODY_ID_BYTES = 48 }; /* most of a request's id */

struct body {
    char *text;  /* the template */
    char *model; /* the name, safe inside JSON */
    struct template_part *parts;
    size_t count;
    size_t fixed_bytes; /* all that does not depend on the prompt, at its longest */
    size_t prompts;     /* how many parts hold it */
    int32_t documents;  /* of rerank */
};

struct body_item {  /* what one request fills in */
    const char *id; /* the request's, safe inside JSON, under BODY_ID_BYTES */
    int32_t input_tokens, output_tokens;
    const char *prompt;
    size_t prompt_len;
};

/* Asks for @model. Zero parts (and body_render() must not be called) for chat and completions.
 * -ENOMEM. */
NODISCARD int body_init(struct body *ret, const struct plan *p, const char *model, bool ignore_eos,
                        struct err *err);
void body_release(struct body *b);
DEFINE_AUTO_HELD(struct body, body_release)
/* Upper bound of body_render() for a prompt of up to @prompt_bytes. */
size_t body_bytes(const struct body *b, size_t prompt_bytes);
/* Writes the body; returns its length. Allocates nothing. */
size_t body_render(const struct body *b, char *at, const struct body_item *item);
