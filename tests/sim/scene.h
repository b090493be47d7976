/* SPDX-License-Identifier: Apache-2.0 */
/* tests/sim/scene.h - one engine over a twin, its schedule, and its records read back. */
#pragma once
#include "harness/fault.h"
#include "harness/unit.h"
#include "load/engine.h"
#include "sim/twin.h"

enum { SCENE_ITEMS = 2048, SCENE_RECORDS = 1 << 16, SCENE_REQUEST = 100 };

struct scene {
    struct twin *twin;
    struct item items[SCENE_ITEMS];
    struct schedule schedule;
    struct load_config config;
    struct load_report report;
    struct ring ring;
    struct ring *rings[1];
    void *memory;
    int64_t rendered_ns[SCENE_ITEMS]; /* when the request of each item was rendered */
    int32_t thread, threads;
    int64_t stop_at_ns[3]; /* when the stop flag becomes 1 and 2 (0: never) */
    int allocs;            /* our allocations between start and end */
};

static inline size_t scene_render(void *ctx, uint32_t index, char *buf, size_t cap)
{
    struct scene *s = ctx;

    assert_true(cap >= SCENE_REQUEST);
    assert_int_equal(s->rendered_ns[index], 0); /* once each */
    s->rendered_ns[index] = s->twin->now_ns;
    s->twin->now_ns += 20 * NS_PER_US; /* what it costs */
    memset(buf, 'x', SCENE_REQUEST);
    return SCENE_REQUEST;
}

/* @count items, @gap_ns apart (0: a closed loop's). */
static inline struct scene *scene_new(size_t count, int64_t gap_ns)
{
    struct scene *s = calloc(1, sizeof *s);

    assert_non_null(s);
    s->twin = twin_new();
    s->twin->request_bytes = SCENE_REQUEST;
    s->twin->ctx = s;
    for (size_t i = 0; i < count; i++)
        s->items[i] = (struct item){.at_ns = gap_ns ? (int64_t)i * gap_ns : TIME_NONE,
                                    .input_tokens = 10 + (int32_t)i,
                                    .output_tokens = 5,
                                    .reuse_tokens = 3,
                                    .trigger = gap_ns ? TRIGGER_AT : TRIGGER_SLOT_FREE};
    s->schedule = (struct schedule){.items = s->items, .count = count};
    s->memory = aligned_alloc(64, ring_bytes(SCENE_RECORDS));
    assert_non_null(s->memory);
    memset(s->memory, 0, ring_bytes(SCENE_RECORDS));
    ring_create(&s->ring, s->memory, SCENE_RECORDS);
    s->rings[0] = &s->ring;
    s->threads = 1;
    s->config = (struct load_config){.schedule = &s->schedule,
                                     .count = count,
                                     .start_ns = s->twin->now_ns + 100 * NS_PER_MS,
                                     .max_in_flight = 64,
                                     .timeout_ns = 30 * NS_PER_S,
                                     .connect_timeout_ns = 2 * NS_PER_S,
                                     .stall_timeout_ns = 5 * NS_PER_S,
                                     .drain_timeout_ns = 60 * NS_PER_S,
                                     .resend_stale = true,
                                     .stream = true,
                                     .render = {scene_render, s, SCENE_REQUEST},
                                     .rings = s->rings,
                                     .threads = 1};
    return s;
}

static inline int scene_stop(const struct scene *s)
{
    for (int level = 2; level > 0; level--)
        if (s->stop_at_ns[level] && s->twin->now_ns >= s->stop_at_ns[level])
            return level;
    return 0;
}

static inline void scene_run(struct scene *s)
{
    AUTO(engine_free) struct engine *e = NULL;
    struct engine_setup setup = {.config = &s->config,
                                 .thread = s->thread,
                                 .threads = s->threads,
                                 .cap = s->config.concurrency > 0 ? s->config.concurrency
                                                                  : s->config.max_in_flight,
                                 .ops = &twin_ops,
                                 .loop = s->twin,
                                 .ring = &s->ring};
    struct err err = {0};

    assert_int_equal(engine_new(&e, &setup, &err), 0);
    fault_alloc(-1);
    while (engine_step(e, scene_stop(s)))
        assert_true(s->twin->now_ns < 100000 * NS_PER_S); /* it comes to an end */
    s->allocs = fault_allocs();
    s->report = *engine_report(e);
    assert_int_equal(s->twin->open, 0); /* every socket is closed */
    assert_int_equal(s->report.started, s->report.ended);
    assert_int_equal(ring_lost(&s->ring), 0);
}

static inline void scene_free(struct scene *s)
{
    free(s->twin);
    free(s->memory);
    free(s);
}
DEFINE_AUTO(struct scene *, scene_free)

/* The @nth record of @sample that has this type and kind (kind < 0: any); NULL if none. */
static inline const struct rec *scene_rec(const struct scene *s, uint32_t sample, int type,
                                          int kind, int nth)
{
    for (uint64_t i = 0; i < ring_head(&s->ring); i++) {
        const struct rec *r = ring_at(&s->ring, i);

        if (r->sample == sample && r->type == type && (kind < 0 || r->kind == kind) && nth-- == 0)
            return r;
    }
    return NULL;
}

static inline int scene_count(const struct scene *s, uint32_t sample, int type, int kind)
{
    int n = 0;

    while (scene_rec(s, sample, type, kind, n))
        n++;
    return n;
}

static inline int64_t scene_point(const struct scene *s, uint32_t sample, enum rec_point point)
{
    const struct rec *r = scene_rec(s, sample, REC_POINT, (int)point, 0);

    return r ? r->time_ns : TIME_NONE;
}

static inline int scene_outcome(const struct scene *s, uint32_t sample)
{
    const struct rec *r = scene_rec(s, sample, REC_END, -1, 0);

    return r ? r->kind : -1;
}

/* The words of a failure, put together again. */
static inline const char *scene_words(const struct scene *s, uint32_t sample)
{
    static char words[256];
    const struct rec *r;

    memset(words, 0, sizeof words);
    for (int n = 0; n < 8 && (r = scene_rec(s, sample, REC_TEXT, -1, n)); n++) {
        memcpy(words + 16 * n, &r->value, 8);
        memcpy(words + 16 * n + 8, &r->user_ns, 8);
    }
    return words;
}

/* Answers. */
#define SSE_HEAD                                                                                   \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nKeep-Alive: timeout=5, max=100\r\n"     \
    "Transfer-Encoding: chunked\r\n\r\n"
#define SSE_TOKEN "31\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"abc\"}}]}\n\n\r\n"
#define SSE_FINISH "3b\r\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n\r\n"
#define SSE_DONE "e\r\ndata: [DONE]\n\n\r\n"
#define SSE_END "0\r\n\r\n"
#define JSON_BODY "{\"choices\":[{\"message\":{\"content\":\"abc\"},\"finish_reason\":\"stop\"}]}"
#define JSON_ANSWER                                                                                \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 66\r\n\r\n" JSON_BODY

static inline void answer_sse(struct twin *t, int fd, int nth)
{
    (void)nth;
    twin_send(t, fd, 10 * NS_PER_MS, TWIN_DATA, SSE_HEAD SSE_TOKEN);
    twin_send(t, fd, 15 * NS_PER_MS, TWIN_DATA, SSE_TOKEN);
    twin_send(t, fd, 20 * NS_PER_MS, TWIN_DATA, SSE_FINISH SSE_DONE SSE_END);
}

static inline void answer_json(struct twin *t, int fd, int nth)
{
    (void)nth;
    twin_send(t, fd, 10 * NS_PER_MS, TWIN_DATA, JSON_ANSWER);
}
