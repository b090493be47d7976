/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/claim/map.h - the steps of a sweep or a search side by side: each with its own claim, no
 * score, no winner. Of a search also where it ended, from the answers of its steps.
 *
 * {asrunMap, kind, keys, steps: [{step, overrides, why, answer, verdict, claim}], search}. See
 * docs/formats/claim.md, "The map".
 */
#pragma once
#include "claim/claim.h"

/* Selects step after step of @e; afterwards all of the file is selected again. Errors: as
 * claim_read(); -ENODATA: the file has no steps. */
NODISCARD int claim_map(json_t **ret, struct evidence *e, double extra_percentile, struct err *err);
