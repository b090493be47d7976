/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/diff_parts.h"
#include "base/vec.h"
#include <stdlib.h>
#include <string.h>

static void diff_release(struct diff *d)
{
    arena_release(&d->arena);
    free(d->items);
}
DEFINE_AUTO_HELD(struct diff, diff_release)

static const char *copied(struct diff *d, const char *text, bool *ok)
{
    const char *copy = text ? arena_strdup(&d->arena, text) : NULL;

    *ok = *ok && (copy || !text);
    return copy;
}

int diff_add(struct diff *d, const struct diff_item *item)
{
    struct diff_item own = *item;
    bool ok = true;

    own.name = copied(d, item->name, &ok);
    own.unit = copied(d, item->unit ? item->unit : "", &ok);
    own.why = copied(d, item->why ? item->why : "", &ok);
    own.a.value = copied(d, item->a.value, &ok);
    own.b.value = copied(d, item->b.value, &ok);
    return ok ? VEC_PUSH(d->items, d->count, d->cap, own) : -ENOMEM;
}

/* The most telling first; then the larger effect; then by name. */
static int by_weight(const void *x, const void *y)
{
    const struct diff_item *a = x, *b = y;

    if (a->tier != b->tier)
        return a->tier < b->tier ? -1 : 1;
    if (a->telling != b->telling)
        return a->telling ? -1 : 1;
    if (a->effect < b->effect || a->effect > b->effect)
        return a->effect > b->effect ? -1 : 1;
    return strcmp(a->name, b->name);
}

static json_t *item_json(const struct diff_item *i)
{
    json_t *o = json_object();

    json_put_str(o, "part", i->part);
    json_put_str(o, "name", i->name);
    json_put_str(o, "a", i->a.value);
    json_put_str(o, "b", i->b.value);
    json_put_str(o, "unit", i->unit);
    json_put_str(o, "aKnown", i->a.known);
    json_put_str(o, "bKnown", i->b.known);
    json_put_str(o, "why", i->why);
    return o;
}

static json_t *items_json(const struct diff *d, enum diff_state state)
{
    json_t *list = json_array();

    for (size_t i = 0; i < d->count; i++)
        if (d->items[i].state == state)
            json_push(list, item_json(&d->items[i]));
    return list;
}

static json_t *side_json(const struct evidence *e)
{
    const struct evidence_info *info = evidence_info(e);
    json_t *o = json_object();

    json_put_str(o, "path", info->path);
    json_put_str(o, "start", clock_rfc3339(info->anchor.real_ns).text);
    json_put_str(o, "state", info->state);
    return o;
}

static const char *result_of(const struct diff *d)
{
    bool untold = false;

    for (size_t i = 0; i < d->count; i++) {
        if (d->items[i].state == DIFF_DIFFERS)
            return "differs";
        untold = untold || (d->items[i].state == DIFF_UNKNOWN && d->items[i].telling);
    }
    return untold ? "cannot tell" : "same";
}

int diff_evidence(json_t **ret, struct evidence *a, struct evidence *b, struct err *err)
{
    AUTO(diff_release) struct diff d = {0};
    AUTO(json_unref) json_t *o = json_object();
    int r = diff_plans(&d, a, b, err);

    if (r == 0)
        r = diff_facts(&d, a, b, err);
    if (r == 0)
        r = diff_dispatched(&d, a, b, err);
    if (r == 0)
        r = diff_conditions(&d, a, b, err);
    if (r < 0)
        return r == -ENOMEM ? err_set(err, r, "out of memory for a comparison") : r;
    if (d.count > 0)
        qsort(d.items, d.count, sizeof *d.items, by_weight);
    json_put_i64(o, "asrunDiff", 1);
    json_put(o, "a", side_json(a));
    json_put(o, "b", side_json(b));
    json_put_str(o, "result", result_of(&d));
    json_put(o, "differs", items_json(&d, DIFF_DIFFERS));
    json_put(o, "unknown", items_json(&d, DIFF_UNKNOWN));
    json_put(o, "same", items_json(&d, DIFF_SAME));
    json_put_i64(o, "notCompared", (int64_t)d.ignored);
    *ret = TAKE(o);
    return 0;
}
