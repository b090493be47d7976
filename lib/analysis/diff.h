/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/analysis/diff.h - what differs between two runs: what was dispatched, stack, plan, system
 * and conditions, the most telling first; and what can't be told, which is never left out.
 *
 * The document: {asrunDiff: 1, a, b: {path, start, state}, result: "same" | "differs" | "cannot
 * tell", differs[], unknown[], same[], notCompared}. An entry is {part, name, a, b, unit, aKnown,
 * bKnown, why}: null is not known. "cannot tell": nothing differs, and something telling (what was
 * dispatched, which engine in which version) is unknown in one of them.
 *
 * Times, process ids, addresses and ports differ from run to run: they are no differences.
 */
#pragma once
#include "base/json.h"
#include "evidence/evidence.h"

NODISCARD int diff_evidence(json_t **ret, struct evidence *a, struct evidence *b, struct err *err);
