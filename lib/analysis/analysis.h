/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/analysis/analysis.h - from raw samples to figures: what was counted and what was not (the
 * ledger), every metric with its interval, the answers to the plan's `good`, and the verdict.
 *
 * Order: analysis_new(); all samples (any order); analysis_order(); all seconds (any order) and all
 * events, in order of sample and index; analysis_finish(). Or analysis_read(), which does all of it
 * from an evidence file. Keeps a row of times a sample and a double a gap, never events. Everything
 * in struct analysis is read-only for others. Which statistic is used where, and why:
 * docs/method.md.
 *
 * Errors: -EBADMSG the evidence contradicts itself (the ledger does not balance, a sample that no
 * trial has, two of one id); -ENOMEM.
 */
#pragma once
#include "analysis/condition.h"
#include "analysis/observed.h"
#include "analysis/limited.h"
#include "analysis/telemetry_sums.h"
#include "analysis/utilisation.h"
#include "base/base.h"
#include "evidence/evidence.h"
#include "metric/metric.h"
#include "plan/plan.h"
#include "record/sample.h"
#include "stats/stats.h"

enum not_executed {
    NOT_STOPPED,     /* the trial was stopped */
    NOT_INTERRUPTED, /* by the user */
    NOT_KILLED,      /* asrun was killed */
    NOT_DURATION,    /* load.duration was over */
    NOT_LOST,        /* records were lost: the ring was full */
    NOT_RUNNING,     /* the run is still going on */
    NOT_PREDECESSOR, /* what it comes after failed */
    NOT_EXECUTED_COUNT_
};
const char *not_executed_name(enum not_executed n); /* "stopped", ... */

struct ledger_row {
    int64_t scheduled;
    int64_t counted;
    int64_t warm_up; /* executed, excluded by the rule exclude.warm_up */
    int64_t pilot;   /* executed, excluded: the capacity pilot (load.capacity) */
    int64_t not_executed[NOT_EXECUTED_COUNT_];
    int64_t outcomes[OUTCOME_COUNT_]; /* of the counted */
    int64_t warm_up_failed;           /* of the excluded */
};

struct ledger {
    struct ledger_row total, *trials; /* one a begun trial */
    struct ledger_row unbegun;        /* items of trials that never began */
    struct ledger_row pilot;          /* of the capacity pilot; scheduled 0: there was none */
    size_t trial_count;
};

enum estimate_state {
    ESTIMATE_OK,
    ESTIMATE_NEEDS,   /* the sample can't carry it: @needs more requests */
    ESTIMATE_REFUSED, /* @why */
    ESTIMATE_ABSENT,  /* there is nothing to estimate from; @why */
};

struct estimate {
    enum estimate_state state;
    double value, lo, hi; /* base unit; NAN: none; lo or hi INFINITY: beyond every observed value */
    size_t n;             /* values (requests or gaps) */
    double n_eff;         /* what they are worth */
    size_t trials;        /* trials the interval rests on; 0: within the run */
    int64_t needs;        /* further requests, at the present rate of n_eff; 0: not known */
    const char *method;   /* static text */
    char why[120];        /* "" if nothing is to be said */
};

/* One trial's part of a statement. */
struct trial_value {
    double value, n_eff, variance; /* NAN: none */
    size_t n;
};

enum { ANALYSIS_PERCENTILES = 5, ANALYSIS_MAX_GOOD = 32, ANALYSIS_SLICES = 60 };

struct summary { /* of one metric */
    const struct metric *metric;
    struct estimate mean; /* the single value of rates, shares and costs */
    struct estimate percentile[ANALYSIS_PERCENTILES]; /* distributions only */
    size_t percentile_count;
    double min, max;            /* of the observed; NAN: none */
    size_t n, censored;         /* values; of them failures, known only to be longer */
    struct trial_value *trials; /* of the mean; ledger.trial_count */
};

enum part {
    PART_WAIT,      /* due to released: in the generator */
    PART_CONNECT,   /* new connections only */
    PART_TLS,       /* the handshake on a new connection */
    PART_SENDING,   /* first to last request byte */
    PART_WAITING,   /* last request byte to first content */
    PART_STREAMING, /* first to last content */
    PART_COUNT_
};
const char *part_name(enum part p);

struct spread { /* a plain description, without interval */
    size_t n;
    double p50, p99, max; /* seconds; NAN: none */
};

struct gate_result {         /* of one gate, over the measured seconds of all I/O threads */
    int64_t warned, refused; /* seconds */
    double refused_share;    /* of the measured time */
    double overall, worst;   /* its figure over the whole run; of its worst second; NAN: none */
    enum gate_state state;   /* of the run */
    unsigned voids;          /* enum voids: what is void, because of it */
};

#define WIRE_CLOSE_NS (100 * NS_PER_US)
/* The client's own event times beside those of the packets (load.witness). */
struct wire_agreement {
    bool watched;
    int64_t answers, missing; /* good answers; those that the wire has not wholly */
    int64_t dropped, clock_steps;
    struct spread apart; /* of events that both have */
    double close_share;  /* of them at most WIRE_CLOSE_NS apart; NAN: none */
};

struct self_test { /* events a second; NAN: not tested */
    double capacity_per_s, planned_per_s;
    bool planned_is_a_guess; /* a closed loop's target decides; a step is not the hardest one */
};

struct instrument {
    int64_t seconds[CONDITION_COUNT_]; /* measured, by condition */
    struct gate_result gates[GATE_COUNT_];
    int64_t lost_records, cap_waits, arrivals;
    double kernel_share;  /* of samples whose stamps are all kernel stamps; NAN: none */
    struct spread lag;    /* user stamp minus kernel stamp, of events */
    double batched_share; /* of events that were not the last of their read */
    struct spread
        batched_width; /* of these: from the read before to the stamp, s: at most so early */
    double step_share; /* of events whose kernel stamp was refused as implausible */
    struct spread release_to_send; /* without connecting and its handshake */
    struct spread due_to_send;     /* lateness: without them, too */
    struct spread send_to_kernel;  /* the kernel's stamp of sending minus ours; where it gave one */
    int64_t resent, reused, samples, sent;
    struct wire_agreement wire;
    struct self_test self_test;
    double asked_per_s; /* events of the run's measured time, all I/O threads; NAN: not known */
};

struct tokens {
    int64_t output_compared, output_differ; /* reported against counted events */
    int64_t length_compared, length_differ; /* reported output against requested */
    int64_t cached_compared, cached_differ; /* reported against the plan's expected reuse */
    int64_t input_compared, input_within;   /* within 2 % or 2 tokens of the requested */
    int64_t content_events;
    double several_share; /* of content events that hold several tokens, at most; NAN: unknown */
};

/* What the capacity pilot showed: a closed loop completes a request for each one that it starts
 * beyond its first @concurrency, so starts give the rate at which the target serves when every slot
 * is full, without edge effects. */
struct capacity {
    int64_t requests, failed;
    int32_t concurrency;
    double per_s;         /* requests per second; NAN: no pilot, too short, or failures in it */
    double offered_per_s; /* arrivals of the trials' open loop; NAN: closed loop */
    double share;         /* offered of capacity; NAN: not known */
};

enum answer { ANSWER_MET, ANSWER_NOT_MET, ANSWER_CANNOT_TELL, ANSWER_NOT_ASKED };
const char *answer_name(enum answer a);

struct good_answer {
    enum answer answer;
    struct estimate estimate;
    struct trial_value *trials;
    int64_t needs; /* further requests to tell, if nothing changes; 0: not known */
    char why[160];
};

enum verdict { VERDICT_CHARACTERIZATION, VERDICT_SNAPSHOT, VERDICT_REFUSED };
const char *verdict_name(enum verdict v);

struct reason {
    char text[240];
    bool refuses;    /* else it only qualifies */
    bool instrument; /* the instrument may have made the number */
    bool takes_away; /* the client's own condition voids metrics, or all */
};

struct component_times { /* p50 ...: NAN where its requests don't carry them */
    size_t n;
    double p50, p90, p99; /* seconds */
};

struct component { /* of the plan's mix: its counted requests */
    int64_t counted, failed, hung_up, input_tokens, output_tokens;
    struct component_times ttft, latency; /* the headlines of this kind of load */
};

struct analysis_input {
    const struct plan *plan; /* borrowed until analysis_free() */
    const struct evidence_trial *trials;
    size_t trial_count;
    uint32_t scheduled;
    const char *state; /* running, complete, interrupted, killed */
    int64_t lost_records, cap_waits;
    double extra_percentile;           /* NAN: none */
    bool wire;                         /* all times are the wire's */
    const struct self_test *self_test; /* copied; NULL: there was none */
};

struct row; /* a sample as analysis keeps it (analysis/row.h) */

struct column { /* values of one metric in arrival order; INFINITY: censored */
    double *v, *sorted;
    size_t n, cap, censored;
    size_t *first; /* trial t has [first[t], first[t + 1]) */
    size_t open;   /* the trial being filled */
};

struct window {
    int64_t from_ns, to_ns;
};

enum limited_span {                 /* when it was so */
                    SPAN_SATURATED, /* the client, by its gates */
                    SPAN_QUEUE,     /* requests waited, by the engine's own word */
                    SPAN_CPU,       /* the engine was on all the CPUs that it may use */
                    SPAN_COUNT_,
};
struct limited_spans {
    struct window *items;
    size_t count, cap;
    bool looked; /* there was a series to tell it */
};

enum rate { RATE_REQUESTS, RATE_GOOD, RATE_INPUT, RATE_OUTPUT, RATE_MET_OUTPUT, RATE_COUNT_ };

struct trial_rates {
    struct window window;
    double slice[RATE_COUNT_][ANALYSIS_SLICES]; /* of equal length; sums of counts */
    double *output_per_s, *requests_per_s;      /* since the trial's start; second by second */
    size_t seconds;
};

struct analysis {
    struct analysis_input in;
    struct evidence_trial *trials;         /* copies; open ends closed by the last thing seen */
    struct evidence_trial pilot;           /* count 0: no capacity pilot has begun */
    int64_t pilot_first_ns, pilot_last_ns; /* its first and last start */
    struct row *rows;                      /* by trial and due time once ordered */
    size_t row_count, row_cap;
    uint32_t *by_id; /* row of each id; UINT32_MAX: none */
    size_t by_id_count;
    struct ledger ledger;
    struct column metric[METRIC_SAMPLE_COUNT], gaps, parts[PART_COUNT_];
    double *lags; /* seconds */
    size_t lag_count, lag_cap;
    int64_t event_count, batched_events, stepped_events;
    double *widths; /* of batched events, s */
    size_t width_count, width_cap;
    uint32_t width_sample;            /* of the event before */
    int64_t width_ns, width_floor_ns; /* its stamp; the stamp of the read before its own, or its
                                         own where none is known */
    struct second measured;           /* all measured seconds together */
    int64_t gate_ns[GATE_SECONDS_];   /* length of those that the gate refuses */
    int64_t last_event_ns;
    uint32_t last_event_id;
    struct trial_rates *rates; /* one a begun trial */
    size_t slo_good;           /* the first good with an slo; SIZE_MAX: none */
    struct limited_spans spans[SPAN_COUNT_];
    double *trips; /* round trips, s, one a connection */
    size_t trip_count, trip_cap;

    /* results */
    struct summary *summaries; /* in the order of the metric table */
    size_t summary_count;
    struct instrument instrument;
    struct tokens tokens;
    struct capacity capacity;
    struct observed observed; /* filled before analysis_finish() */
    struct limited limited;
    struct telemetry_sums conditions; /* while trials ran; the same */
    struct model_facts model;         /* filled before analysis_finish() */
    struct utilisation utilisation;
    struct component components[PLAN_MAX_COMPONENTS]; /* of a mix */
    size_t component_count;
    struct good_answer answers[ANALYSIS_MAX_GOOD];
    struct estimate expected[ANALYSIS_MAX_GOOD];
    enum answer answer; /* of all goods together */
    enum verdict verdict;
    struct reason reasons[24];
    size_t reason_count;
    bool ordered;
};

NODISCARD int analysis_new(struct analysis **ret, const struct analysis_input *in, struct err *err);
NODISCARD int analysis_add_sample(struct analysis *a, const struct sample *s, struct err *err);
NODISCARD int analysis_order(struct analysis *a, struct err *err);
NODISCARD int analysis_add_event(struct analysis *a, uint32_t sample, const struct event *e,
                                 struct err *err);
/* A second of an I/O thread; what is no part of a trial's measured window is left out. 0 or
 * -ENOMEM. */
int analysis_add_second(struct analysis *a, const struct second *s);
NODISCARD int analysis_finish(struct analysis *a, struct err *err);
void analysis_free(struct analysis *a);
DEFINE_AUTO(struct analysis *, analysis_free)

/* All of it from @e; @plan is the re-read effective plan. */
NODISCARD int analysis_read(struct analysis **ret, struct evidence *e, const struct plan *plan,
                            double extra_percentile, struct err *err);
/* All but the events: enough for what the client takes away (struct reason). */
NODISCARD int analysis_read_client(struct analysis **ret, struct evidence *e,
                                   const struct plan *plan, struct err *err);
/* Samples and ledger only (analysis_order() is done, nothing after it). */
NODISCARD int analysis_read_ledger(struct analysis **ret, struct evidence *e,
                                   const struct plan *plan, struct err *err);

/* The estimate of any statement: a percentile (NAN: mean or single value) of a metric; for goodput
 * and attainment, by the limits of good @good. */
NODISCARD int analysis_estimate(struct estimate *ret, const struct analysis *a,
                                const struct metric *m, double percentile, size_t good,
                                struct err *err);
/* Its value in one trial. */
struct trial_value analysis_trial_value(const struct analysis *a, const struct metric *m,
                                        double percentile, size_t good, size_t trial);
bool ledger_balances(const struct ledger_row *r);
