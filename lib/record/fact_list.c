/* SPDX-License-Identifier: Apache-2.0 */
#include "record/fact_list.h"
#include "base/vec.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *copied(struct fact_list *f, const char *text, bool *ok)
{
    const char *copy = text ? arena_strdup(&f->arena, text) : NULL;

    *ok = *ok && (copy || !text);
    return copy;
}

int fact_list_add(struct fact_list *f, const struct fact *fact)
{
    bool ok = true;
    struct fact own = {
        .scope = copied(f, fact->scope, &ok),
        .name = copied(f, fact->name, &ok),
        .value = copied(f, fact->value, &ok),
        .unit = copied(f, fact->unit ? fact->unit : "", &ok),
        .source = copied(f, fact->source ? fact->source : "", &ok),
        .known = fact->known,
        .time_ns = fact->time_ns,
    };

    return ok ? VEC_PUSH(f->items, f->count, f->cap, own) : -ENOMEM;
}

int fact_list_put(struct fact_list *f, const char *scope, const char *name, const char *source,
                  enum known known, const char *fmt, ...)
{
    struct fact fact = {
        .scope = scope, .name = name, .source = source, .known = known, .time_ns = TIME_NONE};
    char value[512];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(value, sizeof value, fmt, ap);
    va_end(ap);
    fact.value = value;
    return fact_list_add(f, &fact);
}

bool fact_same_name(const struct fact *a, const struct fact *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->scope, b->scope) == 0;
}

const struct fact *fact_list_latest(const struct fact_list *f, const char *scope, const char *name)
{
    const struct fact wanted = {.scope = scope, .name = name};
    size_t i = f->count;

    while (i > 0 && !fact_same_name(&f->items[i - 1], &wanted))
        i--;
    return i > 0 ? &f->items[i - 1] : NULL;
}

static int sink_put(void *ctx, const struct fact *fact)
{
    return fact_list_add(ctx, fact);
}

struct fact_sink fact_list_sink(struct fact_list *f)
{
    return (struct fact_sink){sink_put, f};
}

void fact_list_release(struct fact_list *f)
{
    free(f->items);
    arena_release(&f->arena);
    *f = (struct fact_list){0};
}
