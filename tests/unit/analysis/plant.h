/* SPDX-License-Identifier: Apache-2.0 */
/* Servers with a planted truth, in virtual time: so many slots, one queue, known service. */
#pragma once
#include "harness/unit.h"
#include "analysis/analysis.h"
#include "analysis/row.h"
#include "base/rng.h"
#include <math.h>

enum { REQUESTS = 400, TOKENS = 11 };

struct plant {
    const char *yaml;
    int slots;          /* of the server */
    int64_t every_ns;   /* between arrivals; 0: a closed loop of 16 */
    int64_t prefill_ns; /* of each request */
    int64_t gap_ns;     /* of its tokens */
    bool varies;        /* the prefill takes one to five times as long, at random */
    int64_t late_ns;    /* due to sent */
    int64_t connect_ns; /* a connection a request */
    bool fails;         /* every answer is reset when it would have begun */
    bool saturated;     /* so was the client, all along */
    bool queue, cpu;    /* the engine says that requests wait; its CPUs are full */
    int64_t trip_ns;
    bool lengths; /* prompts of 10 to 1,000 tokens, prefill in proportion */
};

struct planted {
    struct plan *plan;
    struct analysis *a;
    struct evidence_trial trial;
};

static inline void planted_release(struct planted *p)
{
    analysis_free(p->a);
    plan_free(p->plan);
}
DEFINE_AUTO_HELD(struct planted, planted_release)

/* The slot that is free first; a slot is held from the prefill to the last token. */
static inline int first_free(const int64_t *free_ns, int slots)
{
    int at = 0;

    for (int i = 1; i < slots; i++)
        at = free_ns[i] < free_ns[at] ? i : at;
    return at;
}

static inline int64_t prefill_of(const struct plant *p, struct rng *r, int32_t tokens)
{
    int64_t ns = p->prefill_ns;

    if (p->varies)
        ns += (int64_t)(rng_unit(r) * 4 * (double)p->prefill_ns);
    return p->lengths ? ns * tokens / 100 : ns;
}

static inline struct sample serve(const struct plant *p, struct rng *r, uint32_t id, int64_t due_ns,
                                  int64_t *free_ns)
{
    int at = first_free(free_ns, p->slots);
    int64_t sent = due_ns + p->late_ns + p->connect_ns, begun = i64_max(sent, free_ns[at]);
    int32_t tokens = p->lengths ? (int32_t)(10 + rng_below(r, 990)) : 32;
    int64_t first = begun + prefill_of(p, r, tokens), last = first + (TOKENS - 1) * p->gap_ns;
    struct sample s = {
        .id = id,
        .due_ns = due_ns,
        .released_ns = due_ns + p->late_ns,
        .connect_start_ns = p->connect_ns ? due_ns + p->late_ns : TIME_NONE,
        .connect_end_ns = p->connect_ns ? sent : TIME_NONE,
        .tls_end_ns = TIME_NONE,
        .sent_ns = sent,
        .sent_last_ns = sent,
        .sent_kernel_ns = TIME_NONE,
        .first_byte_ns = first,
        .first_choice_ns = first,
        .first_content_ns = first,
        .last_content_ns = last,
        .end_ns = last,
        .input_requested = tokens,
        .output_requested = TOKENS,
        .input_reported = tokens,
        .output_reported = TOKENS,
        .cached_reported = COUNT_NONE,
        .content_events = TOKENS,
        .events = TOKENS,
        .session = COUNT_NONE,
        .turn = COUNT_NONE,
        .component = COUNT_NONE,
        .connection = COUNT_NONE,
    };

    free_ns[at] = last;
    if (p->fails) {
        s.outcome = OUTCOME_RESET;
        s.first_byte_ns = s.first_choice_ns = s.first_content_ns = s.last_content_ns = TIME_NONE;
        s.content_events = 0;
    }
    return s;
}

/* A closed loop's next request is due when one of its 16 has ended: also a queue of slots. */
static inline int64_t due_of(const struct plant *p, uint32_t id, int64_t *client_free_ns, int *slot)
{
    *slot = first_free(client_free_ns, 16);
    return p->every_ns ? id * p->every_ns : client_free_ns[*slot];
}

static inline void add_seconds(const struct plant *p, struct planted *t)
{
    for (int i = 0; p->saturated && i < 60; i++) {
        struct second s = {.start_ns = i * NS_PER_S};

        for (int f = 0; f < SECOND_FIELDS; f++)
            s.v[f] = 0;
        s.v[SECOND_LENGTH] = NS_PER_S;
        s.v[SECOND_CPU] = NS_PER_S; /* on its CPU all the time */
        assert_int_equal(analysis_add_second(t->a, &s), 0);
    }
    if (p->queue)
        assert_int_equal(limited_add_span(t->a, SPAN_QUEUE, 0, 600 * NS_PER_S), 0);
    if (p->cpu)
        assert_int_equal(limited_add_span(t->a, SPAN_CPU, 0, 600 * NS_PER_S), 0);
    if (p->trip_ns)
        assert_int_equal(limited_add_trip(t->a, p->trip_ns), 0);
}

static inline struct planted run(struct plant p)
{
    struct planted t = {.trial = {.count = REQUESTS,
                                  .last_due_ns = TIME_NONE,
                                  .end_ns = 600 * NS_PER_S,
                                  .outcome = "complete"}};
    struct analysis_input in = {.trials = &t.trial,
                                .trial_count = 1,
                                .scheduled = REQUESTS,
                                .state = "complete",
                                .extra_percentile = NAN};
    int64_t server_ns[64] = {0}, client_ns[16] = {0};
    struct err err = {0};
    struct rng r;

    rng_init(&r, 7, 0);
    if (plan_parse(&t.plan, p.yaml, "plant", NULL, 0, &err) < 0)
        fail_msg("%s", err.text);
    in.plan = t.plan;
    assert_int_equal(analysis_new(&t.a, &in, &err), 0);
    for (uint32_t id = 0; id < REQUESTS; id++) {
        int slot;
        int64_t due_ns = due_of(&p, id, client_ns, &slot);
        struct sample s = serve(&p, &r, id, due_ns, server_ns);

        client_ns[slot] = s.end_ns;
        assert_int_equal(analysis_add_sample(t.a, &s, &err), 0);
    }
    assert_int_equal(analysis_order(t.a, &err), 0);
    add_seconds(&p, &t);
    if (analysis_finish(t.a, &err) < 0)
        fail_msg("%s", err.text);
    return t;
}
