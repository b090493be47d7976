/* SPDX-License-Identifier: Apache-2.0 */
#include "run/feed.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/vec.h"
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

struct remark {
    int64_t time_ns;
    const char *text;
};

struct feed {
    pthread_mutex_t lock; /* of all below */
    int64_t anchor_ns;
    bool begun;
    struct fact_list *early;
    struct fact_list facts;
    struct arena words;
    struct series *series; /* all that were declared: the position is the id */
    size_t series_count, series_cap, series_drained;
    struct arena series_words;
    struct remark *changes;
    size_t change_count, change_cap;
    struct dispatch_row *dispatch;
    size_t dispatch_count, dispatch_cap;
    size_t row_count;
    uint64_t lost;
    struct telemetry_row rows[FEED_ROWS];
};

int feed_new(struct feed **ret, struct fact_list *early, struct err *err)
{
    struct feed *f = calloc(1, sizeof *f);

    if (!f)
        return err_set(err, -ENOMEM, "out of memory for telemetry");
    (void)pthread_mutex_init(&f->lock, NULL); /* can't fail for a default one */
    f->early = early;
    *ret = f;
    return 0;
}

void feed_free(struct feed *f)
{
    if (!f)
        return;
    fact_list_release(&f->facts);
    arena_release(&f->words);
    arena_release(&f->series_words);
    free(f->series);
    free(f->changes);
    free(f->dispatch);
    (void)pthread_mutex_destroy(&f->lock);
    free(f);
}

/* False: it is lost. */
static bool room_for_remark(struct feed *f)
{
    bool room = f->facts.count + f->change_count + f->dispatch_count < FEED_REMARKS;

    f->lost += !room;
    return room;
}

static int put_fact(void *ctx, const struct fact *fact)
{
    struct feed *f = ctx;
    struct fact own = *fact;
    int r = 0;

    (void)pthread_mutex_lock(&f->lock);
    if (!f->begun) {
        own.time_ns = TIME_NONE;
        r = fact_list_add(f->early, &own);
    } else if (room_for_remark(f)) {
        own.time_ns = (own.time_ns == TIME_NONE ? clock_mono_ns() : own.time_ns) - f->anchor_ns;
        r = fact_list_add(&f->facts, &own);
    }
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

static int declare(void *ctx, uint32_t *id, const struct series *s)
{
    struct feed *f = ctx;
    struct series own = *s;
    int r = -ENOMEM;

    (void)pthread_mutex_lock(&f->lock);
    own.scope = arena_strdup(&f->series_words, s->scope);
    own.name = arena_strdup(&f->series_words, s->name);
    own.unit = arena_strdup(&f->series_words, s->unit);
    own.source = arena_strdup(&f->series_words, s->source);
    if (own.scope && own.name && own.unit && own.source)
        r = VEC_PUSH(f->series, f->series_count, f->series_cap, own);
    if (r == 0)
        *id = (uint32_t)f->series_count - 1;
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

static void put_value(void *ctx, uint32_t id, int64_t time_ns, double value)
{
    struct feed *f = ctx;

    (void)pthread_mutex_lock(&f->lock);
    assert(id < f->series_count);
    if (isfinite(value) && f->row_count < FEED_ROWS)
        f->rows[f->row_count++] = (struct telemetry_row){id, time_ns - f->anchor_ns, value};
    else
        f->lost++;
    (void)pthread_mutex_unlock(&f->lock);
}

static int put_change(void *ctx, int64_t time_ns, const char *text)
{
    struct feed *f = ctx;
    int r = 0;

    (void)pthread_mutex_lock(&f->lock);
    if (room_for_remark(f)) {
        struct remark m = {time_ns - f->anchor_ns, arena_strdup(&f->words, text)};

        r = m.text ? VEC_PUSH(f->changes, f->change_count, f->change_cap, m) : -ENOMEM;
    }
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

static int put_dispatch(void *ctx, const struct dispatch_row *row)
{
    struct feed *f = ctx;
    int r = 0;

    (void)pthread_mutex_lock(&f->lock);
    if (room_for_remark(f)) {
        struct dispatch_row own = *row;

        own.phase = arena_strdup(&f->words, row->phase);
        own.library = arena_strdup(&f->words, row->library);
        own.build_id = arena_strdup(&f->words, row->build_id);
        own.function = arena_strdup(&f->words, row->function);
        r = own.phase && own.library && own.build_id && own.function
                ? VEC_PUSH(f->dispatch, f->dispatch_count, f->dispatch_cap, own)
                : -ENOMEM;
    }
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

struct probe_out feed_out(struct feed *f)
{
    return (struct probe_out){.facts = {put_fact, f},
                              .series = {declare, put_value, f},
                              .changed = put_change,
                              .dispatch = put_dispatch,
                              .ctx = f};
}

void feed_begin(struct feed *f, int64_t anchor_ns)
{
    (void)pthread_mutex_lock(&f->lock);
    assert(!f->begun);
    f->begun = true;
    f->anchor_ns = anchor_ns;
    for (size_t i = 0; i < f->row_count; i++)
        f->rows[i].time_ns -= anchor_ns;
    for (size_t i = 0; i < f->change_count; i++)
        f->changes[i].time_ns -= anchor_ns;
    (void)pthread_mutex_unlock(&f->lock);
}

static int drain_series(struct feed *f, struct store *store, struct err *err)
{
    int r = 0;

    while (f->series_drained < f->series_count && r == 0) {
        r = store_series(store, (uint32_t)f->series_drained, &f->series[f->series_drained], err);
        f->series_drained += r == 0;
    }
    return r;
}

/* Rows that the store can't take yet wait here, until there is no more room. */
static int drain_rows(struct feed *f, struct store *store, struct err *err)
{
    int r = f->row_count ? store_telemetry(store, f->rows, f->row_count, err) : 0;

    if (r == 0)
        f->row_count = 0;
    return r == -ENOBUFS ? 0 : r;
}

/* All or, for want of memory, not all: then some of them are there twice, which says nothing new.
 */
static int drain_remarks(struct feed *f, struct store *store, struct err *err)
{
    int r = 0;

    for (size_t i = 0; i < f->facts.count && r == 0; i++)
        r = store_fact(store, &f->facts.items[i], err);
    for (size_t i = 0; i < f->change_count && r == 0; i++)
        r = store_note(store, f->changes[i].time_ns, "changed", f->changes[i].text, err);
    for (size_t i = 0; i < f->dispatch_count && r == 0; i++)
        r = store_dispatch(store, &f->dispatch[i], err);
    if (r < 0)
        return r;
    fact_list_release(&f->facts);
    arena_release(&f->words);
    f->change_count = f->dispatch_count = 0;
    return 0;
}

int feed_drain(struct feed *f, struct store *store, struct err *err)
{
    int r;

    (void)pthread_mutex_lock(&f->lock);
    assert(f->begun);
    r = drain_series(f, store, err);
    if (r == 0)
        r = drain_rows(f, store, err);
    if (r == 0)
        r = drain_remarks(f, store, err);
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

uint64_t feed_lost(struct feed *f)
{
    uint64_t lost;

    (void)pthread_mutex_lock(&f->lock);
    lost = f->lost + f->row_count;
    (void)pthread_mutex_unlock(&f->lock);
    return lost;
}
