/* SPDX-License-Identifier: Apache-2.0 */
/* A small run in virtual time: records written into rings as the load engine would. */
#pragma once
#include "evidence/evidence.h"
#include "evidence/writer.h"
#include "harness/unit.h"
#include <sys/stat.h>
#include <unistd.h>

enum { SCENE_EVENTS = 8, SCENE_RECORDS = 17 /* a whole sample */, SCENE_ANCHOR = 1000000 };

struct scene {
    char dir[64], path[96];
    struct store *store;
};

static inline void put(struct ring *r, uint32_t sample, enum rec_type type, int kind, int64_t ns,
                       int64_t value)
{
    struct rec rec = {.time_ns = SCENE_ANCHOR + ns,
                      .sample = sample,
                      .type = (uint8_t)type,
                      .kind = (uint8_t)kind,
                      .flags = type == REC_EVENT ? REC_KERNEL : 0,
                      .value = value,
                      .user_ns = type == REC_EVENT ? SCENE_ANCHOR + ns + 7500 : 0};

    assert_true(ring_put(r, &rec));
}

static inline int64_t scene_due(uint32_t sample)
{
    return 5000000 + (int64_t)sample * 1000000;
}

static inline int64_t scene_event_ns(uint32_t sample, int i)
{
    return scene_due(sample) + 3000123 + i * 1000777;
}

/* Record @step (0 .. SCENE_RECORDS - 1) of @sample. */
static inline void put_step(struct ring *r, uint32_t sample, int step)
{
    int64_t due = scene_due(sample);

    if (step == 0)
        put(r, sample, REC_POINT, POINT_DUE, due, 32 | (int64_t)100 << 32);
    else if (step == 1)
        put(r, sample, REC_POINT, POINT_RELEASED, due + 1000, 0 | (int64_t)16 << 32);
    else if (step == 2)
        put(r, sample, REC_POINT, POINT_SENT, due + 2000, 0);
    else if (step == 3)
        put(r, sample, REC_POINT, POINT_SENT_LAST, due + 3000, 777);
    else if (step == 4)
        put(r, sample, REC_POINT, POINT_FIRST_BYTE, scene_event_ns(sample, 0), 0);
    else if (step == 5)
        put(r, sample, REC_READ, 0, scene_event_ns(sample, 0), 2000);
    else if (step < 6 + SCENE_EVENTS)
        put(r, sample, REC_EVENT,
            step == 6 ? EVENT_ROLE | EVENT_CHOICES : EVENT_CONTENT | EVENT_CHOICES,
            scene_event_ns(sample, step - 6), 180 + (step & 1));
    else if (step == 14)
        put(r, sample, REC_COUNT, COUNT_OUTPUT, scene_event_ns(sample, SCENE_EVENTS), 7);
    else if (step == 15)
        put(r, sample, REC_POINT, POINT_END, scene_event_ns(sample, SCENE_EVENTS), 0);
    else
        put(r, sample, REC_END, OUTCOME_OK, scene_event_ns(sample, SCENE_EVENTS), 200);
}

static inline void put_sample(struct ring *r, uint32_t sample)
{
    for (int step = 0; step < SCENE_RECORDS; step++)
        put_step(r, sample, step);
}

/* Fields from @from to @to of a second or connection whose every value is the number of its field.
 */
static inline void put_row(struct ring *r, enum rec_type type, int64_t ns, int from, int to)
{
    for (int f = from; f < to; f += 2) {
        const struct rec rec = {.time_ns = SCENE_ANCHOR + ns,
                                .type = (uint8_t)type,
                                .kind = (uint8_t)f,
                                .value = f,
                                .user_ns = f + 1};

        assert_true(ring_put(r, &rec));
    }
}

static inline void scene_make(struct scene *s)
{
    (void)snprintf(s->dir, sizeof s->dir, "%s/asrun-evidence-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(s->dir));
    (void)snprintf(s->path, sizeof s->path, "%s/run.asrun", s->dir);
}

static inline void scene_begin(struct scene *s, int threads, uint64_t records, uint32_t scheduled)
{
    struct store_begin begin = {.plan = "{\"asrun\":1}",
                                .anchor = {.mono_ns = SCENE_ANCHOR, .real_ns = 42, .width_ns = 1},
                                .plan_digest = "aa",
                                .schedule_digest = "bb",
                                .prompts_digest = "cc",
                                .scheduled = scheduled,
                                .trials = 1,
                                .asrun_version = "test"};
    struct err err = {0};

    assert_int_equal(store_create(&s->store, s->path, threads, records, &err), 0);
    assert_int_equal(store_begin(s->store, &begin, &err), 0);
    assert_int_equal(store_meta(s->store, "run_id", "0badcafe", &err), 0);
    assert_int_equal(store_trial_begin(s->store, 0, 0, 0, scheduled, "none", &err), 0);
}

static inline void scene_finish(struct scene *s)
{
    struct err err = {0};

    assert_int_equal(store_trial_end(s->store, 0, 9 * NS_PER_S, 8 * NS_PER_S, "complete", &err), 0);
    assert_int_equal(store_finish(s->store, "complete", &err), 0);
    store_close(s->store);
    s->store = NULL;
}

static inline void scene_remove(struct scene *s)
{
    static const char *const tails[] = {"",         "-spool",   "-wal",         "-shm",    "-new",
                                        "-new-wal", "-new-shm", "-new-journal", "-journal"};
    char path[128];

    store_close(s->store);
    s->store = NULL;
    for (size_t i = 0; i < COUNT_OF(tails); i++) {
        (void)snprintf(path, sizeof path, "%s%s", s->path, tails[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(s->dir), 0); /* nothing else was left there */
}

static inline bool scene_has(const struct scene *s, const char *tail)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s%s", s->path, tail);
    return access(path, F_OK) == 0;
}
