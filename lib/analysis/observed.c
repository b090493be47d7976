/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/observed.h"
#include "base/vec.h"
#include "record/fact_list.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct observed *to;
    struct fact_list seen; /* the last value of each fact */
    int64_t until_ns;      /* what came later was after the selected step */
};

static int add_change(struct observed *o, int64_t time_ns, const char *text)
{
    struct change c = {time_ns, text};

    return text ? VEC_PUSH(o->changes, o->change_count, o->change_cap, c) : -ENOMEM;
}

static int add_requirement(struct observed *o, const struct fact *f)
{
    struct requirement q = {.outcome = REQUIRE_UNKNOWN, .known = f->known};

    if (f->value && require_outcome_parse(&q.outcome, f->value) < 0)
        return 0; /* of another version */
    q.name = arena_strdup(&o->arena, f->name);
    q.words = arena_strdup(&o->arena, f->source);
    if (!q.name || !q.words)
        return -ENOMEM;
    return VEC_PUSH(o->requirements, o->requirement_count, o->requirement_cap, q);
}

static struct fact *seen_before(struct reading *r, const struct fact *f)
{
    for (size_t i = 0; i < r->seen.count; i++)
        if (strcmp(r->seen.items[i].name, f->name) == 0 &&
            strcmp(r->seen.items[i].scope, f->scope) == 0)
            return &r->seen.items[i];
    return NULL;
}

/* Whoever put it told of it already. */
static bool is_told(const struct observed *o, const struct fact *f)
{
    for (size_t i = 0; i < o->change_count; i++)
        if (llabs(o->changes[i].time_ns - f->time_ns) < 5 * NS_PER_S &&
            strstr(o->changes[i].text, f->name))
            return true;
    return false;
}

/* Only what was known before can be seen to change; facts before the run have no time. */
static int on_again(struct reading *r, struct fact *before, const struct fact *f)
{
    bool changed = f->time_ns != TIME_NONE && f->value && before->value &&
                   strcmp(f->value, before->value) != 0;
    struct observed *o = r->to;
    const char *value;
    int failed = 0;

    if (!f->value)
        return 0;
    value = arena_strdup(&r->seen.arena, f->value);
    if (!value)
        return -ENOMEM;
    if (changed && !is_told(o, f))
        failed = add_change(o, f->time_ns,
                            arena_printf(&o->arena, "%s.%s: from %s to %s", f->scope, f->name,
                                         before->value, f->value));
    before->value = value;
    return failed;
}

static int on_fact(void *ctx, const struct fact *f)
{
    struct reading *r = ctx;
    struct fact *before;

    if (strcmp(f->scope, "require") == 0)
        return add_requirement(r->to, f);
    if (f->time_ns > r->until_ns)
        return 0;
    before = seen_before(r, f);
    return before ? on_again(r, before, f) : fact_list_add(&r->seen, f);
}

static int on_note(void *ctx, int64_t time_ns, const char *kind, const char *text)
{
    struct reading *r = ctx;

    return strcmp(kind, "changed") == 0 && time_ns <= r->until_ns
               ? add_change(r->to, time_ns, arena_strdup(&r->to->arena, text))
               : 0;
}

/* "cpu.governor: performance -> powersave" is about host.cpu.governor; one word alone may be about
 * anything. */
static bool is_about(const char *text, const char *fact)
{
    for (const char *name = fact; name && strchr(name, '.'); name = strchr(name, '.') + 1)
        if (strncmp(text, name, strlen(name)) == 0 && strchr(": ", text[strlen(name)]))
            return true;
    return false;
}

/* The words of a requirement name the fact that decided: "wants X; SCOPE.NAME is Y (...)". */
static void mark_changed(struct observed *o, struct requirement *q)
{
    const char *from = strstr(q->words, "; "), *to = from ? strstr(from, " is ") : NULL;
    char fact[256];

    if (!to || q->outcome == REQUIRE_UNKNOWN)
        return;
    (void)snprintf(fact, sizeof fact, "%.*s", (int)(to - from - 2), from + 2);
    for (size_t i = 0; i < o->change_count; i++)
        q->changed = q->changed || is_about(o->changes[i].text, fact);
}

int observed_read(struct observed *o, struct evidence *e, struct err *err)
{
    struct reading r = {.to = o, .until_ns = evidence_until_ns(e)};
    int failed = evidence_each_note(e, on_note, &r, err);

    if (failed == 0)
        failed = evidence_each_fact(e, on_fact, &r, err);
    fact_list_release(&r.seen);
    for (size_t i = 0; i < o->requirement_count; i++)
        mark_changed(o, &o->requirements[i]);
    return failed == -ENOMEM ? err_set(err, failed, "out of memory for what was observed") : failed;
}

void observed_release(struct observed *o)
{
    arena_release(&o->arena);
    free(o->requirements);
    free(o->changes);
    *o = (struct observed){0};
}
