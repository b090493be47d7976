/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/target.h - the part of probe_target() that works on answers; private to probe. */
#pragma once
#include "probe/http.h"
#include "probe/probe.h"

/* Where answers come from: libcurl, or a test's table. @path is absolute, such as "/v1/models". */
struct target_source {
    int (*get)(void *ctx, struct http_answer *ret, const char *path, struct err *err);
    void *ctx;
};

/* As probe_target(); @base is the path of the API, "/v1" for most. */
NODISCARD int target_ask(struct probe_target *ret, const struct fact_sink *sink,
                         const struct target_source *source, const char *base, struct err *err);

/* How much of the path of an API is in front of the information pages: "/llm" of "/llm/v1". */
int target_root(const char *base);
