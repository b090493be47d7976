/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/facts.h - putting facts in one line; private to probe. */
#pragma once
#include "record/fact.h"

struct facts {
    const struct fact_sink *sink;
    const char *scope;
};

/* @value NULL or "": KNOWN_UNKNOWN, and @source must say why it is absent. */
int facts_put(const struct facts *f, enum known known, const char *name, const char *value,
              const char *unit, const char *source);
int facts_absent(const struct facts *f, const char *name, const char *why, ...) PRINTF_LIKE(3, 4);
int facts_i64(const struct facts *f, enum known known, const char *name, int64_t value,
              const char *unit, const char *source);
