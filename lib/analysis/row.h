/* SPDX-License-Identifier: Apache-2.0 */
/* lib/analysis/row.h - private to analysis: what it keeps of a sample, and its steps. */
#pragma once
#include "analysis/analysis.h"

struct row {
    uint32_t id, trial;
    int64_t due_ns, sent_ns, end_ns, first_content_ns, last_content_ns;
    int64_t held_ns;       /* at the target by others, from sent_ns on: limited.c */
    int64_t connecting_ns; /* before sent_ns, its handshake included; 0: an open connection */
    double value[METRIC_SAMPLE_COUNT]; /* NAN: none; INFINITY: censored */
    double part[PART_COUNT_];
    double release_to_send, due_to_send, send_to_kernel;
    int32_t input_tokens, output_tokens; /* reported, else requested or counted */
    int32_t fresh_tokens; /* input, without those from a cache as far as it is reported */
    int32_t content_events;
    uint32_t met; /* bit g: every limit of good g was met */
    uint8_t outcome;
    uint8_t hang_up; /* enum hang_up: drawn to hang up */
    uint8_t component;
    bool warm_up;
};

/* hang_up.c: which figures a request that was drawn to hang up is left out of, whatever came of it:
 * the draw depends on nothing, what came of it does. */
bool hang_up_hides(enum hang_up h, const struct metric *m);
bool hang_up_hides_part(enum hang_up h, enum part p);
bool hang_up_hides_gaps(enum hang_up h);

/* ledger.c */
bool row_is_warm_up(const struct analysis *a, const struct row *r);
NODISCARD int ledger_make(struct analysis *a, struct err *err);
/* components.c: -ENOMEM. */
NODISCARD int components_make(struct analysis *a);
/* capacity.c: the pilot's samples are counted apart from the trials'. */
void capacity_split(struct analysis *a, const struct evidence_trial *trials, size_t count);
bool capacity_takes(const struct analysis *a, uint32_t id);
NODISCARD int capacity_add(struct analysis *a, const struct sample *s, struct err *err);
void capacity_make(struct analysis *a);
/* tokens.c */
void tokens_add(struct tokens *t, const struct sample *s);
void tokens_finish(struct tokens *t);
/* column.c */
NODISCARD int column_add(struct column *s, double v);
NODISCARD int column_sort(struct column *s);
NODISCARD int columns_fill(struct analysis *a);
void column_release(struct column *s);
NODISCARD int column_init(struct column *s, size_t trials);
/* What is added from here on belongs to @trial (or a later one). */
void column_open_trial(struct column *s, size_t trial);
struct spread spread_of(const struct column *s);
/* rates.c */
NODISCARD int rates_init(struct analysis *a);
void rates_add_event(struct analysis *a, const struct row *r, int64_t time_ns);
void rates_release(struct analysis *a);
/* The rate of one trial, per second; good requests by the limits of @good. */
double rate_of_trial(const struct analysis *a, enum rate rate, size_t good, size_t trial);
double rate_of_slice(const struct analysis *a, enum rate rate, size_t good, size_t trial, size_t i);
bool row_is_good(const struct analysis *a, const struct row *r, size_t good);
/* estimate.c */
void estimate_percentile(struct estimate *e, const struct column *s, size_t trials, double p);
NODISCARD int estimate_mean(struct estimate *e, const struct column *s, size_t trials);
typedef bool row_is(const struct analysis *, const struct row *, size_t good);
NODISCARD int estimate_share(struct estimate *e, const struct analysis *a, row_is *is, size_t good);
/* Whether a share counts @r at all. */
bool row_in_share(const struct row *r, row_is *is);
void estimate_over_trials(struct estimate *e, const double *values, size_t n);
void estimate_absent(struct estimate *e, const char *why);
row_is row_failed;
/* summary.c */
NODISCARD int summaries_make(struct analysis *a, struct err *err);
const struct column *column_of_metric(const struct analysis *a, const struct metric *m);
/* gates.c */
void gates_make(struct analysis *a);
/* Which voids (enum voids) take metric @m away, with the limits of @good. */
unsigned metric_sensitive_to(const struct analysis *a, const struct metric *m, size_t good);
/* The first gate that voids metric @m with the limits of @good; NULL: it stands. */
const struct gate_name *metric_void(const struct analysis *a, const struct metric *m, size_t good);
/* instrument.c */
NODISCARD int instrument_make(struct analysis *a);
/* wire.c */
NODISCARD int wire_compare(struct analysis *a, struct evidence *e, struct err *err);
/* limited.c: what was seen beside the samples, then what follows. -ENOMEM. */
NODISCARD int limited_add_span(struct analysis *a, enum limited_span kind, int64_t from_ns,
                               int64_t to_ns);
NODISCARD int limited_add_trip(struct analysis *a, int64_t rtt_ns);
/* From an evidence file; connections and series of one that has none are none. */
NODISCARD int limited_read(struct analysis *a, struct evidence *e, struct err *err);
NODISCARD int limited_make(struct analysis *a);
void limited_release(struct analysis *a);
/* utilisation.c, after limited_make(). -ENOMEM. */
void model_facts_init(struct model_facts *m, const struct plan *p);
void model_facts_take(struct model_facts *m, const struct fact *f);
NODISCARD int utilisation_make(struct analysis *a);
/* overload.c: in each trial of a steady open loop the requests that are out grew all along. */
bool overloaded(const struct analysis *a);
/* answer.c, verdict.c */
NODISCARD int answers_make(struct analysis *a, struct err *err);
void verdict_make(struct analysis *a);
