/* SPDX-License-Identifier: Apache-2.0 */
/* lib/run/facts.h - facts gathered before there is an evidence file to hold them. */
#pragma once
#include "base/arena.h"
#include "record/fact.h"

struct facts {
    struct arena arena;
    struct fact *items;
    size_t count, cap;
};

NODISCARD int facts_add(struct facts *f, const struct fact *fact); /* copies; 0 or -ENOMEM */
NODISCARD int facts_put(struct facts *f, const char *scope, const char *name, const char *source,
                        enum known known, const char *fmt, ...) PRINTF_LIKE(6, 7);
struct fact_sink facts_sink(struct facts *f);
void facts_release(struct facts *f);
DEFINE_AUTO_HELD(struct facts, facts_release)
