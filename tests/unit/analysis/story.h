/* SPDX-License-Identifier: Apache-2.0 */
/* A run told in numbers: trials of evenly due requests whose first content takes what a seeded
 * stream says; every token an event of its own. */
#pragma once
#include "analysis/analysis.h"
#include "base/rng.h"
#include "harness/unit.h"
#include <math.h>

enum { STORY_TRIALS = 3, STORY_TOKENS = 10 };
#define STORY_EVERY_NS (250 * NS_PER_MS)
#define STORY_GAP_NS (20 * NS_PER_MS)

struct story {
    const char *yaml; /* of the plan */
    uint32_t trials, each;
    const char *state, *outcome;
    uint32_t missing;       /* the last items of the last trial were never executed */
    uint32_t fail_every;    /* every nth request is reset; 0: none */
    uint32_t hang_up_every; /* every nth request was drawn to hang up; 0: none */
    enum hang_up hang_up;   /* after 4 events, or after 200 ms without any */
    double late_s;          /* every request leaves so late */
    double shift_s;         /* the first half of each trial is slower by this */
    double growth_s;        /* each request of a trial takes so much longer than the one before */
    int together;           /* tokens that come in one event */
    bool paired;            /* events come two to a read */
    int64_t lost_records, cap_waits;
    double extra_percentile; /* 0: none */
    uint32_t unbegun;        /* scheduled items of trials that never began */
    const struct self_test *self_test;
    const struct observed *observed; /* whoever gives it takes it back */
    int64_t skipped; /* of what is missing: came after a failure; the first trial says so */
    const struct second *second; /* each second of each trial was like this one; NULL: none */
};

#define STORY_ASKED                                                                                \
    "asrun: 1\n"                                                                                   \
    "question: Is it fast enough?\n"                                                               \
    "good: [{metric: ttft.content.due@1, percentile: 90, at_most: 500ms},"                         \
    " {metric: slo_attainment@1, at_least: 80%, slo: {ttft.content.due@1: 400ms}}]\n"              \
    "regime: latency\n"                                                                            \
    "workload: {family: test, fixed: {input_tokens: 32, output_tokens: 10}}\n"                     \
    "target: {url: \"http://127.0.0.1:1/v1\", model: m}\n"                                         \
    "load: {arrivals: constant, rate: 4/s, requests: 100}\n"                                       \
    "trials: {count: 3}\n"                                                                         \
    "exclude: {warm_up: first 5s}\n"                                                               \
    "expect: [{metric: ttft.content.due@1, percentile: 50, value: 100ms, source: slide}]\n"        \
    "cost: {usd_per_hour: 2}\n"                                                                    \
    "declare: {precision: bf16}\n"                                                                 \
    "assume: [\"no other tenant\"]\n"
#define STORY_UNASKED                                                                              \
    "asrun: 1\n"                                                                                   \
    "workload: {fixed: {input_tokens: 32, output_tokens: 10}}\n"                                   \
    "target: {url: \"http://127.0.0.1:1/v1\", model: m}\n"                                         \
    "load: {arrivals: constant, rate: 4/s, requests: 100}\n"                                       \
    "exclude: {warm_up: first 20}\n"

struct told {
    struct plan *plan;
    struct evidence_trial trials[STORY_TRIALS];
    struct analysis *analysis;
    struct err err;
    int result;
};

static inline int64_t story_start(uint32_t trial)
{
    return (int64_t)trial * 100 * NS_PER_S;
}

static inline void story_hang_up(const struct story *s, struct sample *v)
{
    bool quick = v->first_content_ns - v->sent_ns < 200 * NS_PER_MS;

    if (!s->hang_up_every || v->id % s->hang_up_every != 0 || outcome_failed(v->outcome))
        return;
    v->hang_up = (uint8_t)s->hang_up;
    if (s->hang_up == HANG_UP_TIME && quick)
        return;
    v->outcome = OUTCOME_HUNG_UP;
    v->content_events = s->hang_up == HANG_UP_TIME ? 0 : 4;
    v->output_reported = v->input_reported = v->cached_reported = COUNT_NONE;
    v->end_ns = v->last_content_ns = v->first_content_ns + 3 * STORY_GAP_NS;
    if (s->hang_up == HANG_UP_TIME) {
        v->end_ns = v->sent_ns + 200 * NS_PER_MS;
        v->first_byte_ns = v->first_choice_ns = v->first_content_ns = v->last_content_ns =
            TIME_NONE;
    }
}

static inline struct sample story_sample(const struct story *s, struct rng *r, uint32_t id)
{
    uint32_t trial = id / s->each, at = id % s->each;
    int64_t due = story_start(trial) + at * STORY_EVERY_NS;
    int64_t sent = due + NS_PER_MS + (int64_t)(s->late_s * 1e9);
    int64_t ttft = (int64_t)(0.2e9 * exp(0.4 * rng_normal(r)) +
                             (at < s->each / 2 ? s->shift_s * 1e9 : 0) + at * s->growth_s * 1e9) /
                   1000 * 1000;
    int events = STORY_TOKENS / s->together;
    struct sample v = {
        .id = id,
        .trial = trial,
        .due_ns = due,
        .released_ns = due + NS_PER_MS / 2,
        .connect_start_ns = TIME_NONE,
        .connect_end_ns = TIME_NONE,
        .tls_end_ns = TIME_NONE,
        .sent_ns = sent,
        .sent_last_ns = sent + 1000,
        .first_byte_ns = sent + ttft,
        .first_choice_ns = sent + ttft,
        .first_content_ns = sent + ttft,
        .last_content_ns = sent + ttft + (events - 1) * STORY_GAP_NS,
        .end_ns = sent + ttft + events * STORY_GAP_NS,
        .input_requested = 32,
        .output_requested = STORY_TOKENS,
        .input_reported = 33,
        .output_reported = STORY_TOKENS,
        .cached_reported = 0,
        .content_events = events,
        .events = events + 1,
        .http_status = 200,
        .finish = FINISH_LENGTH,
        .kernel = 1,
    };

    if (s->fail_every && id % s->fail_every == s->fail_every - 1) {
        v.outcome = OUTCOME_RESET;
        v.end_ns = v.first_content_ns;
        v.first_byte_ns = v.first_choice_ns = v.first_content_ns = v.last_content_ns = TIME_NONE;
        v.content_events = 0;
        v.output_reported = v.input_reported = v.cached_reported = COUNT_NONE;
    }
    story_hang_up(s, &v);
    return v;
}

static inline int story_events(struct analysis *a, const struct story *s, const struct sample *v,
                               struct err *err)
{
    int r = 0;

    for (int i = 0; i < v->content_events && r == 0; i++) {
        int read = s->paired ? i / 2 * 2 : i;
        struct event e = {.time_ns = v->first_content_ns + read * STORY_GAP_NS,
                          .lag_us = 30,
                          .bytes = 200,
                          .kind = EVENT_CONTENT | EVENT_CHOICES,
                          .flags = REC_KERNEL};

        e.flags |= s->paired && i % 2 == 0 ? REC_NOT_LAST : 0;
        r = analysis_add_event(a, v->id, &e, err);
    }
    return r;
}

static inline int story_run(struct told *t, const struct story *s, struct sample *samples, size_t n)
{
    int r = 0;

    for (size_t i = n; i-- > 0 && r == 0;) /* backwards: the order of the file is no matter */
        r = analysis_add_sample(t->analysis, &samples[i], &t->err);
    if (r == 0)
        r = analysis_order(t->analysis, &t->err);
    for (uint32_t i = 0; i < s->trials * 30 && r == 0 && s->second; i++) {
        struct second second = *s->second;

        second.trial = i / 30;
        second.start_ns = story_start(i / 30) + i % 30 * NS_PER_S;
        analysis_add_second(t->analysis, &second);
    }
    for (size_t i = 0; i < n && r == 0; i++)
        r = story_events(t->analysis, s, &samples[i], &t->err);
    if (s->observed)
        t->analysis->observed = *s->observed;
    return r == 0 ? analysis_finish(t->analysis, &t->err) : r;
}

static inline void story_trials(struct told *t, const struct story *s)
{
    for (uint32_t i = 0; i < s->trials; i++) {
        t->trials[i] = (struct evidence_trial){.trial = i,
                                               .start_ns = story_start(i),
                                               .end_ns = story_start(i) + 90 * NS_PER_S,
                                               .last_due_ns = TIME_NONE,
                                               .skipped = i == 0 ? s->skipped : 0,
                                               .first = i * s->each,
                                               .count = s->each};
        (void)snprintf(t->trials[i].outcome, sizeof t->trials[i].outcome, "%s",
                       i + 1 < s->trials || !s->outcome ? "complete" : s->outcome);
        (void)snprintf(t->trials[i].reset, sizeof t->trials[i].reset, "none");
    }
}

static inline void story_defaults(struct story *s)
{
    s->yaml = s->yaml ? s->yaml : STORY_ASKED;
    s->trials = s->trials ? s->trials : STORY_TRIALS;
    s->each = s->each ? s->each : 100;
    s->state = s->state ? s->state : "complete";
    s->together = s->together ? s->together : 1;
}

static inline struct told tell(struct story s)
{
    struct told t = {0};
    struct analysis_input in;
    struct sample *samples;
    struct rng r;
    size_t n;

    story_defaults(&s);
    n = s.trials * s.each - s.missing;
    samples = calloc(n + 1, sizeof *samples);
    assert_non_null(samples);
    rng_init(&r, 11, 1);
    for (size_t i = 0; i < n; i++)
        samples[i] = story_sample(&s, &r, (uint32_t)i);
    if (plan_parse(&t.plan, s.yaml, "story", NULL, 0, &t.err) < 0)
        fail_msg("%s", t.err.text);
    story_trials(&t, &s);
    in = (struct analysis_input){.plan = t.plan,
                                 .trials = t.trials,
                                 .trial_count = s.trials,
                                 .self_test = s.self_test,
                                 .scheduled = s.trials * s.each + s.unbegun,
                                 .state = s.state,
                                 .lost_records = s.lost_records,
                                 .cap_waits = s.cap_waits,
                                 .extra_percentile =
                                     s.extra_percentile > 0 ? s.extra_percentile : (double)NAN};
    t.result = analysis_new(&t.analysis, &in, &t.err);
    if (t.result == 0)
        t.result = story_run(&t, &s, samples, n);
    free(samples);
    return t;
}

static inline void told_release(struct told *t)
{
    analysis_free(t->analysis);
    plan_free(t->plan);
}
DEFINE_AUTO_HELD(struct told, told_release)

static inline const struct summary *summary_of(const struct told *t, const char *id)
{
    assert_int_equal(t->result, 0);
    return &t->analysis->summaries[metric_find(id) - metric_at(0)];
}

static inline bool has_reason(const struct told *t, const char *words)
{
    for (size_t i = 0; i < t->analysis->reason_count; i++)
        if (strstr(t->analysis->reasons[i].text, words))
            return true;
    return false;
}
