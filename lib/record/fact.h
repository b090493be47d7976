/* SPDX-License-Identifier: Apache-2.0 */
/* lib/record/fact.h - one thing known of stack or system, and how it is known. */
#pragma once
#include "base/base.h"

enum known {
    KNOWN_MEASURED = 0,  /* seen by asrun itself */
    KNOWN_DERIVED = 1,   /* from measured figures, by a named formula */
    KNOWN_REPORTED = 2,  /* the engine says so */
    KNOWN_DECLARED = 3,  /* the user says so */
    KNOWN_PUBLISHED = 4, /* somebody's document says so */
    KNOWN_UNKNOWN = 5,   /* looked for and absent: @value is NULL, @source says why */
};
const char *known_name(enum known k);
NODISCARD int known_parse(enum known *ret, const char *name); /* -EINVAL: no such name */

struct fact {
    const char *scope;  /* host, client, target, model, asrun, prompts, engine */
    const char *name;   /* dotted lower case: cpu.model, memory.total_bytes */
    const char *value;  /* text; NULL when unknown */
    const char *unit;   /* "" if none */
    const char *source; /* /proc/cpuinfo, GET /v1/models, plan; for unknown: the reason */
    enum known known;
    int64_t time_ns; /* since the run's anchor; TIME_NONE before one */
};

/* Where facts go; put() returns 0 or a negative errno, and copies what it keeps. */
struct fact_sink {
    int (*put)(void *ctx, const struct fact *f);
    void *ctx;
};
