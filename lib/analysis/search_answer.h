/* SPDX-License-Identifier: Apache-2.0 */
/* lib/analysis/search_answer.h - what a search (stats/search.h) makes of a step's analysis. */
#pragma once
#include "analysis/analysis.h"
#include "stats/search.h"

struct search_rules search_rules_of(const struct plan *p);
/* All of the plan's `good` together. What the instrument may have made tells nothing, however long
 * a trial; *@longer: a longer one might tell. */
enum search_answer search_answer_of(bool *longer, const struct analysis *a);
