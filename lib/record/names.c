/* SPDX-License-Identifier: Apache-2.0 */
#include "record/fact.h"
#include "record/record.h"
#include <string.h>

static const char *const outcomes[OUTCOME_COUNT_] = {
    "ok",          "refused",    "connect_failed", "reset",     "http_4xx",
    "http_5xx",    "http_other", "bad_http",       "bad_chunk", "bad_event",
    "error_event", "early_end",  "stall",          "timeout",   "cancelled",
    "interrupted", "tls_failed", "wrong_answer",   "hung_up",
};
static const char *const finishes[] = {"",           "stop",           "length",
                                       "tool_calls", "content_filter", "other"};
static const char *const knowns[] = {"measured", "derived",   "reported",
                                     "declared", "published", "unknown"};

static int find(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -EINVAL;
}

const char *outcome_name(enum outcome o)
{
    return (size_t)o < COUNT_OF(outcomes) ? outcomes[o] : "?";
}

int outcome_parse(enum outcome *ret, const char *name)
{
    int i = find(outcomes, COUNT_OF(outcomes), name);

    if (i < 0)
        return i;
    *ret = (enum outcome)i;
    return 0;
}

const char *finish_name(enum finish_reason f)
{
    return (size_t)f < COUNT_OF(finishes) ? finishes[f] : "?";
}

const char *hang_up_name(enum hang_up h)
{
    static const char *const names[] = {"", "events", "time"};

    return (size_t)h < COUNT_OF(names) ? names[h] : "?";
}

const char *known_name(enum known k)
{
    return (size_t)k < COUNT_OF(knowns) ? knowns[k] : "?";
}

int known_parse(enum known *ret, const char *name)
{
    int i = find(knowns, COUNT_OF(knowns), name);

    if (i < 0)
        return i;
    *ret = (enum known)i;
    return 0;
}
