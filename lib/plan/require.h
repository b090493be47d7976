/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/plan/require.h - stack.require and system.require: what a plan takes for granted, held
 * against what is known.
 *
 * A requirement is a name and what is wanted: an exact text ("bf16", case aside), a pattern
 * ("NVIDIA H100*", "0.11.*"), comparisons (">=550", ">=0.11, <0.12"), or a list of which one must
 * hold. Facts with a unit compare as numbers (">=64Gi"), others as versions. What is measured goes
 * before what is reported, and that before what is declared: a word never outweighs an observation.
 * A name that several facts have (the GPUs of a host) must hold of each.
 */
#pragma once
#include "base/str.h"
#include "plan/plan.h"
#include "record/fact.h"

enum require_outcome {
    REQUIRE_MET,      /* by a measured fact, or one derived from such */
    REQUIRE_BY_WORD,  /* only reported, declared or published */
    REQUIRE_VIOLATED, /* some fact says otherwise */
    REQUIRE_UNKNOWN   /* no fact tells */
};
/* "met", "met by word only", "violated", "unknown" */
const char *require_outcome_name(enum require_outcome o);
NODISCARD int require_outcome_parse(enum require_outcome *ret, const char *name); /* -EINVAL */

struct require_found {
    enum require_outcome outcome;
    const struct fact *fact; /* what decided; of unknown: the absent one that tells why, or NULL */
    const char *why;         /* of unknown where there is no such fact: static words */
};

/* Holds @q against @facts. @here: the target runs on this host, so that the host's own facts are
 * facts of the target; else they only count where the plan names them as such ("host.cpu.model").
 */
struct require_found require_find(const struct plan_require *q, const struct fact *facts,
                                  size_t count, bool here);
/* "bf16", "A100* or H100*" */
void require_wanted(struct str *out, const struct plan_require *q);
/* One value against one thing wanted; @unit "" for texts and versions. 1: holds; 0: does not; -1:
 * can't be compared. */
int require_holds(const char *wanted, const char *value, const char *unit, bool precision);
/* By dotted numbers, a missing one is 0; what comes before a release (rc, beta, dev) is less. */
int require_version_compare(const char *a, const char *b);
