/* SPDX-License-Identifier: Apache-2.0 */
/* lib/claim/parts.h - private to claim: who writes which part of the document. */
#pragma once
#include "base/str.h"
#include "claim/claim.h"

void put_number(json_t *o, const char *key, double v); /* six significant digits; NAN, inf: null */
json_t *claim_number(double v);

/* estimates.c */
json_t *estimate_json(const struct estimate *e);
json_t *statistic_json(double percentile); /* "p99", "mean" */
json_t *metrics_json(const struct claim_source *s);
json_t *answers_json(const struct claim_source *s);
json_t *expectations_json(const struct claim_source *s);
json_t *trials_json(const struct claim_source *s);
/* ledger.c */
json_t *capacity_json(const struct analysis *a); /* null: no pilot */
json_t *ledger_json(const struct ledger *l);
/* limited.c */
json_t *limited_json(const struct analysis *a);
/* utilisation.c */
json_t *utilisation_json(const struct analysis *a);
/* mix.c */
json_t *mix_json(const struct claim_source *s);
void mix_text(struct str *out, const struct plan *p);
/* instrument.c */
json_t *parts_json(const struct analysis *a);
json_t *instrument_json(const struct claim_source *s);
/* self_test.c */
json_t *self_test_json(const struct claim_source *s);
json_t *tokens_json(const struct analysis *a);
json_t *stamps_json(const struct analysis *a);
const char *stamps_source(const struct analysis *a); /* kernel, user, wire */
/* stated.c */
json_t *assumptions_json(const struct claim_source *s);
json_t *gaps_json(const struct claim_source *s);
json_t *not_observed_json(const struct claim_source *s);
json_t *facts_json(const struct claim_source *s);
const char *fact_value(const struct claim_source *s, const char *name); /* NULL: not known */
/* observed.c */
json_t *requirements_json(const struct claim_source *s);
json_t *changes_json(const struct analysis *a);
json_t *conditions_json(const struct analysis *a);
/* ", though precision bf16 is met by word only (reported)": what is required and wasn't seen. */
void required_text(struct str *out, const struct claim_source *s);
/* figures.c */
json_t *figures_json(const struct claim_source *s);
/* sentence.c */
json_t *statement_json(const struct claim_source *s);
char *sentence_text(const struct claim_source *s); /* caller frees */
void value_text(struct str *out, const char *unit, double v);
void ratio_text(struct str *out, double ratio); /* "1/16" where it is one */
void load_text(struct str *out, const struct plan *p);
/* "32 in, 100 out": of fixed lengths. */
void lengths_text(struct str *out, const struct plan *p);
void workload_text(struct str *out, const struct plan *p);
