/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/claim/claim.h - the claim as a document (docs/formats/claim.md, schema/claim.schema.json):
 * one bounded sentence, and all that it takes to attack it. Built from an analysis; whoever prints
 * or judges it reads the document and nothing else.
 *
 * Values are in base units (seconds, ratio, per second, usd), rounded to six significant digits;
 * what is not known is null.
 */
#pragma once
#include "analysis/analysis.h"
#include "base/json.h"

struct claim_source {
    const struct analysis *analysis;
    const struct plan *plan;
    const struct evidence_info *info;
    const struct evidence_trial *trials; /* analysis->in.trial_count of them */
    const struct fact *facts;
    size_t fact_count;
    const char *asrun; /* version and build */
};

NODISCARD int claim_build(json_t **ret, const struct claim_source *s, struct err *err);
/* Re-reads the effective plan, analyses and builds. *@ret_analysis may be used until freed;
 * *@ret_plan is what it borrows from. Errors: -EBADMSG the evidence contradicts itself; -ENODATA it
 * is no run's (CLAIM_NO_RUN, with its kind). */
#define CLAIM_NO_RUN "is a file of kind %s: it carries no plan, so nothing can be claimed from it"
NODISCARD int claim_read(json_t **ret, struct analysis **ret_analysis, struct plan **ret_plan,
                         struct evidence *e, double extra_percentile, struct err *err);
/* The ledger alone, checked: {scheduled, executed, counted, excluded, notExecuted, outcomes,
 * balanced, trials: [...]}. For `asrun show FILE ledger`; print with report_ledger(). */
NODISCARD int claim_ledger(json_t **ret, struct evidence *e, struct err *err);
