/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/report/report.h - the claim for people. Reads the document alone (claim/claim.h), computes
 * nothing: the number shown is the number in the document.
 */
#pragma once
#include "base/json.h"
#include "base/str.h"

struct report_style {
    bool color;       /* bold headings and dim notes by ANSI sequences: the output is a terminal */
    const char *path; /* named in the first line; NULL: not named */
};

/* At most 96 columns. str_ok(out) tells whether memory sufficed. */
void report_claim(struct str *out, const json_t *claim, const struct report_style *style);
/* The steps of a sweep or a search (claim/map.h) side by side; of a search where it ended. Each key
 * a column, so that it may be wider. */
void report_map(struct str *out, const json_t *map, const struct report_style *style);
/* The table of an envelope (envelope/envelope.h), and the words that keep it apart from
 * performance. */
void report_envelope(struct str *out, const json_t *envelope);
/* Two runs side by side (analysis/diff.h). */
void report_diff(struct str *out, const json_t *diff, const struct report_style *style);
/* The table of a ledger document: claim["ledger"], or what claim_ledger() gives. Says for each
 * trial and in all: scheduled = counted + excluded + not executed. */
void report_ledger(struct str *out, const json_t *ledger, const struct report_style *style);
