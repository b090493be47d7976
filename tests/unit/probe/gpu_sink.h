/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/probe/gpu_sink.h - sinks that keep everything as lines, and the fake libraries. Facts
 * as in sink.h; "series SCOPE.NAME UNIT"; "SCOPE.NAME@TIME VALUE"; "changed@TIME TEXT";
 * "dispatch PHASE LIBRARY FUNCTION SAMPLES TIME". */
#pragma once
#include "probe/ops.h"
#include "sink.h"
#include <dlfcn.h>

enum { SEEN_SERIES = 128 };

struct all_seen {
    struct seen seen;
    char series[SEEN_SERIES][64];
    uint32_t count;
};

static inline void say(struct all_seen *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
static inline void say(struct all_seen *s, const char *fmt, ...)
{
    size_t n = strlen(s->seen.text);
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(s->seen.text + n, sizeof s->seen.text - n, fmt, ap);
    va_end(ap);
}

static inline int all_declare(void *ctx, uint32_t *id, const struct series *series)
{
    struct all_seen *s = ctx;

    assert_true(s->count < SEEN_SERIES);
    assert_true(series->source[0]);
    *id = s->count++;
    (void)snprintf(s->series[*id], sizeof s->series[*id], "%s.%s", series->scope, series->name);
    say(s, "series %s %s\n", s->series[*id], series->unit);
    return 0;
}

static inline void all_put(void *ctx, uint32_t id, int64_t time_ns, double value)
{
    struct all_seen *s = ctx;

    assert_true(id < s->count);
    say(s, "%s@%" PRId64 " %g\n", s->series[id], time_ns, value);
}

static inline int all_changed(void *ctx, int64_t time_ns, const char *text)
{
    say(ctx, "changed@%" PRId64 " %s\n", time_ns, text);
    return 0;
}

static inline int all_dispatch(void *ctx, const struct dispatch_row *row)
{
    say(ctx, "dispatch %s %s %s %" PRIu64 " %" PRId64 "\n", row->phase, row->library, row->function,
        row->samples, row->time_ns);
    return 0;
}

static inline struct probe_out all_out(struct all_seen *s)
{
    return (struct probe_out){.facts = {seen_put, &s->seen},
                              .series = {all_declare, all_put, s},
                              .changed = all_changed,
                              .dispatch = all_dispatch,
                              .ctx = s};
}

static inline void all_clear(struct all_seen *s)
{
    s->seen.text[0] = '\0';
}
