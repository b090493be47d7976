/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/facts.h"
#include <stdarg.h>
#include <stdio.h>

int facts_put(const struct facts *f, enum known known, const char *name, const char *value,
              const char *unit, const char *source)
{
    const bool absent = !value || value[0] == '\0';
    const struct fact fact = {.scope = f->scope,
                              .name = name,
                              .value = absent ? NULL : value,
                              .unit = absent ? "" : unit,
                              .source = source,
                              .known = absent ? KNOWN_UNKNOWN : known,
                              .time_ns = TIME_NONE};

    return f->sink->put(f->sink->ctx, &fact);
}

int facts_absent(const struct facts *f, const char *name, const char *why, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, why);
    (void)vsnprintf(text, sizeof text, why, ap);
    va_end(ap);
    return facts_put(f, KNOWN_UNKNOWN, name, NULL, "", text);
}

int facts_i64(const struct facts *f, enum known known, const char *name, int64_t value,
              const char *unit, const char *source)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRId64, value);
    return facts_put(f, known, name, text, unit, source);
}
