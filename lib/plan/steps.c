/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/steps.h"
#include "base/rng.h"
#include "plan/reading.h"
#include <stdio.h>
#include <string.h>

enum { ORDER_STREAM = 0x6f726465 };

size_t plan_sweep_steps(const struct plan *p)
{
    size_t n = p->sweep.count > 0;

    for (size_t i = 0; i < p->sweep.count; i++)
        n = p->sweep.combine ? p->sweep.over[i].count : n * p->sweep.over[i].count;
    return n;
}

/* Which step runs as the @i-th. Shuffled by Fisher and Yates, as Durstenfeld has it (Comm. ACM 7,
 * 1964, 420). */
static size_t in_order(const struct plan *p, size_t i)
{
    size_t order[STEPS_MAX], n = plan_sweep_steps(p);
    struct rng rng;

    if (!p->sweep.order)
        return i;
    rng_init(&rng, p->seed, ORDER_STREAM);
    for (size_t k = 0; k < n; k++)
        order[k] = k;
    for (size_t k = n; k > 1; k--) {
        size_t other = (size_t)rng_below(&rng, k), kept = order[k - 1];

        order[k - 1] = order[other];
        order[other] = kept;
    }
    return order[i];
}

void plan_sweep_step(struct plan_step *ret, const struct plan *p, size_t i)
{
    size_t left = in_order(p, i);

    assert(i < plan_sweep_steps(p) && p->sweep.count <= STEP_KEYS_MAX);
    ret->count = p->sweep.count;
    for (size_t k = p->sweep.count; k-- > 0;) {
        const struct plan_swept *s = &p->sweep.over[k];

        ret->set[k] = (struct plan_override){s->key, s->values[left % s->count]};
        left = p->sweep.combine ? left : left / s->count;
    }
}

void plan_search_step(struct plan_step *ret, const struct plan *p, double load, int32_t repeat)
{
    bool rate = p->search.key == SEARCH_RATE;

    ret->count = repeat > 0 ? 3 : 1;
    (void)snprintf(ret->text[0], STEP_KEY_TEXT, "%s%s", number_text(load).text, rate ? "/s" : "");
    (void)snprintf(ret->text[1], STEP_KEY_TEXT, "%lld", (long long)p->trials.count << repeat);
    (void)snprintf(ret->text[2], STEP_KEY_TEXT, "%llu", (unsigned long long)p->seed + repeat);
    ret->set[0] = (struct plan_override){rate ? "load.rate" : "load.concurrency", ret->text[0]};
    ret->set[1] = (struct plan_override){"trials.count", ret->text[1]};
    ret->set[2] = (struct plan_override){"seed", ret->text[2]};
}

int plan_of_step(struct plan **ret, const struct plan *p, const struct plan_step *s,
                 struct err *err)
{
    AUTO(arena_release) struct arena words = {0};
    size_t n = p->override_count + s->count;
    struct plan_override *all = arena_alloc(&words, (n + 1) * sizeof *all);
    struct err why = {0};
    char named[120];
    int r;

    if (!all)
        return err_set(err, -ENOMEM, "out of memory for a step's plan");
    if (p->override_count > 0)
        memcpy(all, p->overrides, p->override_count * sizeof *all);
    memcpy(all + p->override_count, s->set, s->count * sizeof *all);
    r = plan_read(ret, p->source, p->path, *p->path ? p->path : "plan", all, n, true, &why);
    plan_step_words(named, sizeof named, s);
    return r < 0 ? err_set(err, r, "the step with %s: %s", named, why.text) : 0;
}

json_t *plan_step_json(const struct plan_step *s)
{
    json_t *o = json_object();

    for (size_t i = 0; i < s->count; i++)
        json_put_str(o, s->set[i].key, s->set[i].value);
    return o;
}

void plan_step_words(char *buf, size_t size, const struct plan_step *s)
{
    size_t used = 0;

    buf[0] = '\0';
    for (size_t i = 0; i < s->count && used < size; i++)
        used += (size_t)snprintf(buf + used, size - used, "%s%s %s", i ? ", " : "", s->set[i].key,
                                 s->set[i].value);
}
