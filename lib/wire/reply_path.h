/* SPDX-License-Identifier: Apache-2.0 */
/* lib/wire/reply_path.h - the places that each endpoint's answers are watched at; not for other
 * modules. */
#pragma once
#include "wire/reply.h"

enum field {
    FIELD_NONE = 0,
    FIELD_TYPE,
    FIELD_STATUS,
    FIELD_REASON,
    FIELD_OBJECT,
    FIELD_DELTA,
    FIELD_TEXT,
    FIELD_REASONING,
    FIELD_TOOL,
    FIELD_INPUT,
    FIELD_OUTPUT,
    FIELD_CACHED,
    FIELD_TOTAL,
    FIELD_ERROR,
    FIELD_WORDS,
    FIELD_MESSAGE, /* beside an error; an error's own words win */
    FIELD_ITEM,
    FIELD_TEST,
};

/* The endpoint's own places; *@count of them. */
const struct reply_path *reply_paths(enum reply_kind kind, size_t *count);
/* Whether a step goes on by the member named @key, or by the element @index of an array. */
bool reply_step_is_key(const struct reply_step *s, const char *key, size_t n);
bool reply_step_is_element(const struct reply_step *s, int32_t index);
