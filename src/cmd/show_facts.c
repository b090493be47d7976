/* SPDX-License-Identifier: Apache-2.0 */
/* asrun show FILE facts: for people the latest value of each, and below it what it was before; for
 * machines every row as it was written. */
#include "base/units.h"
#include "cmd/show.h"
#include "record/fact_list.h"
#include <string.h>

static const char *const columns[] = {"scope", "name",   "value",  "unit",
                                      "known", "source", "time_ns"};
static const int widths[] = {-8, -28, -32, -6, -9, -28, 14};

static int put(struct rows *rows, const struct fact *f, const char *name)
{
    const struct rows_value values[] = {rows_text(f->scope),
                                        rows_text(name),
                                        rows_text(f->value),
                                        rows_text(f->unit),
                                        rows_text(known_name(f->known)),
                                        rows_text(f->source),
                                        rows_maybe(f->time_ns, TIME_NONE)};

    return rows_put(rows, values);
}

static int put_fact(void *ctx, const struct fact *f)
{
    return put(ctx, f, f->name);
}

static int put_self_test(void *ctx, const struct fact *f)
{
    return strcmp(f->scope, "self_test") == 0 ? put_fact(ctx, f) : 0;
}

static int keep(void *ctx, const struct fact *f)
{
    return fact_list_add(ctx, f);
}

static bool same_value(const struct fact *a, const struct fact *b)
{
    return a->known == b->known && strcmp(a->value ? a->value : "", b->value ? b->value : "") == 0;
}

/* @facts[i] is the latest of its name: it, and what differed before. */
static int put_history(struct rows *rows, const struct fact_list *facts, size_t i)
{
    const struct fact *now = &facts->items[i], *later = now;
    int r = put(rows, now, now->name);

    while (i-- > 0 && r == 0) {
        const struct fact *f = &facts->items[i];

        if (!fact_same_name(f, now) || same_value(f, later))
            continue;
        r = put(rows, f, "  before that");
        later = f;
    }
    return r;
}

static int put_latest(struct rows *rows, const struct show *s, struct err *err)
{
    AUTO(fact_list_release) struct fact_list facts = {0};
    int r = evidence_each_fact(s->evidence, keep, &facts, err);

    for (size_t i = 0; i < facts.count && r == 0; i++)
        if (fact_list_latest(&facts, facts.items[i].scope, facts.items[i].name) == &facts.items[i])
            r = put_history(rows, &facts, i);
    return r == -ENOMEM ? err_set(err, r, "out of memory for facts") : r;
}

static int show_each(const struct show *s, fact_visit visit, struct err *err)
{
    struct rows rows = {s->format, columns, COUNT_OF(columns), widths, 0};
    int r;

    rows_begin(&rows);
    r = visit ? evidence_each_fact(s->evidence, visit, &rows, err) : put_latest(&rows, s, err);
    rows_end(&rows);
    return r;
}

int show_facts(const struct show *s, struct err *err)
{
    return show_each(s, s->format == ROWS_TEXT ? NULL : put_fact, err);
}

int show_self_test(const struct show *s, struct err *err)
{
    return show_each(s, put_self_test, err);
}
