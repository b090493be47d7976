/* SPDX-License-Identifier: Apache-2.0 */
/* lib/record/fact_list.h - facts kept in memory: before there is an evidence file, or read from
 * one. */
#pragma once
#include "base/arena.h"
#include "record/fact.h"

struct fact_list {
    struct arena arena;
    struct fact *items;
    size_t count, cap;
};

NODISCARD int fact_list_add(struct fact_list *f,
                            const struct fact *fact); /* copies; 0 or -ENOMEM */
NODISCARD int fact_list_put(struct fact_list *f, const char *scope, const char *name,
                            const char *source, enum known known, const char *fmt, ...)
    PRINTF_LIKE(6, 7);
bool fact_same_name(const struct fact *a, const struct fact *b);
/* The one that was added last; NULL: none of that name. */
const struct fact *fact_list_latest(const struct fact_list *f, const char *scope, const char *name);
struct fact_sink fact_list_sink(struct fact_list *f);
void fact_list_release(struct fact_list *f);
DEFINE_AUTO_HELD(struct fact_list, fact_list_release)
