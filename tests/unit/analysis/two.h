/* SPDX-License-Identifier: Apache-2.0 */
/* Two small runs side by side. */
#pragma once
#include "../evidence/scene.h"
#include "analysis/diff.h"

struct two {
    struct scene scene[2];
    const char *plan[2];
    bool begun;
    uint32_t series;
};

static inline struct two two_begin(void)
{
    return (struct two){.plan = {"{\"asrun\":1,\"seed\":1,\"target\":{\"url\":\"http://a\"}}",
                                 "{\"asrun\":1,\"seed\":1,\"target\":{\"url\":\"http://b\"}}"}};
}

static inline void two_start(struct two *t)
{
    struct err err = {0};

    for (int i = 0; i < 2 && !t->begun; i++) {
        const struct store_begin begin = {.plan = t->plan[i],
                                          .anchor = {.mono_ns = SCENE_ANCHOR, .real_ns = 42},
                                          .plan_digest = "aa",
                                          .schedule_digest = "bb",
                                          .prompts_digest = "cc",
                                          .scheduled = 1,
                                          .trials = 1,
                                          .asrun_version = "test"};

        scene_make(&t->scene[i]);
        assert_int_equal(store_create(&t->scene[i].store, t->scene[i].path, 1, 64, &err), 0);
        assert_int_equal(store_begin(t->scene[i].store, &begin, &err), 0);
        assert_int_equal(store_trial_begin(t->scene[i].store, 0, 0, 0, 1, "none", &err), 0);
    }
    t->begun = true;
}

/* NULL: looked for, and absent. */
static inline void two_fact_at(struct two *t, int64_t time_ns, const char *scope, const char *name,
                               const char *a, const char *b)
{
    const char *const values[] = {a, b};
    struct err err = {0};

    two_start(t);
    for (int i = 0; i < 2; i++) {
        const struct fact f = {scope,  name,         values[i],
                               "",     "looked for", values[i] ? KNOWN_MEASURED : KNOWN_UNKNOWN,
                               time_ns};

        assert_int_equal(store_fact(t->scene[i].store, &f, &err), 0);
    }
}

static inline void two_fact(struct two *t, const char *scope, const char *name, const char *a,
                            const char *b)
{
    two_fact_at(t, TIME_NONE, scope, name, a, b);
}

/* @a samples of one function in A and @b in B, and as many of another library in each other. */
static inline void two_dispatch(struct two *t, uint64_t a, uint64_t b)
{
    const uint64_t samples[2][2] = {{a, 1000 - a}, {b, 1000 - b}};
    struct err err = {0};

    two_start(t);
    for (int i = 0; i < 2; i++) {
        const struct dispatch_row rows[] = {
            {"trial 0", "libone.so", "aa", "fast_kernel", samples[i][0], TIME_NONE},
            {"trial 0", "libtwo.so", "bb", "slow_kernel", samples[i][1], TIME_NONE},
            {"start", "libload.so", "cc", "load_weights", 100000 * (uint64_t)i + 1, TIME_NONE}};

        for (size_t k = 0; k < COUNT_OF(rows); k++)
            assert_int_equal(store_dispatch(t->scene[i].store, &rows[k], &err), 0);
    }
}

/* A series with values around @a and @b, one a tenth of a second. */
static inline void two_series(struct two *t, const char *name, double a, double b, size_t n)
{
    const struct series s = {"host", name, "1", "a source", KNOWN_MEASURED};
    const double values[] = {a, b};
    struct err err = {0};

    two_start(t);
    for (int i = 0; i < 2; i++) {
        uint32_t id = t->series;

        assert_int_equal(store_series(t->scene[i].store, id, &s, &err), 0);
        for (size_t k = 0; k < n; k++) {
            const struct telemetry_row row = {id, (int64_t)k * NS_PER_S / 10,
                                              values[i] * (1 + (k % 3 - 1.0) / 100)};

            assert_int_equal(store_telemetry(t->scene[i].store, &row, 1, &err), 0);
        }
    }
    t->series++;
}

static inline json_t *two_compare(struct two *t)
{
    AUTO(evidence_close) struct evidence *a = NULL, *b = NULL;
    json_t *d = NULL;
    struct err err = {0};

    two_start(t);
    scene_finish(&t->scene[0]);
    scene_finish(&t->scene[1]);
    if (evidence_open(&a, t->scene[0].path, EVIDENCE_READ_ONLY, &err) < 0 ||
        evidence_open(&b, t->scene[1].path, EVIDENCE_READ_ONLY, &err) < 0 ||
        diff_evidence(&d, a, b, &err) < 0)
        fail_msg("%s", err.text);
    return d;
}

static inline void two_release(struct two *t)
{
    scene_remove(&t->scene[0]);
    scene_remove(&t->scene[1]);
}
DEFINE_AUTO_HELD(struct two, two_release)
