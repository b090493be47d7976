/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/plan/template.h - a request body with places to fill in, "{{prompt}}", as a plan states it
 * for target.api: json, and as asrun itself states it for the other endpoints than chat and
 * completions.
 */
#pragma once
#include "base/base.h"

enum template_kind {
    TEMPLATE_TEXT,
    TEMPLATE_MODEL,     /* the model's name, inside a JSON string */
    TEMPLATE_PROMPT,    /* the prompt, inside a JSON string */
    TEMPLATE_INPUT,     /* its length, a number */
    TEMPLATE_OUTPUT,    /* the answer's, a number */
    TEMPLATE_ID,        /* the request's id, inside a JSON string */
    TEMPLATE_QUERY,     /* rerank: the first part of the prompt, inside a JSON string */
    TEMPLATE_DOCUMENTS, /* rerank: the others, JSON strings with commas between */
};

/* What a plan's own template may name, for messages. */
#define TEMPLATE_NAMES "{{prompt}}, {{input_tokens}}, {{output_tokens}}, {{request_id}}, {{model}}"

struct template_part {
    enum template_kind kind;
    const char *text; /* of TEMPLATE_TEXT; of an unknown name: the name; not terminated */
    size_t len;
};

/* The next part of the text at *@at, which moves on: 1, or 0 at its end. -EINVAL: a name that is
 * none, or "{{" without its end. */
NODISCARD int template_next(struct template_part *ret, const char **at);
