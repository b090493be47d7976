/* SPDX-License-Identifier: Apache-2.0 */
/* lib/claim/utilisation.h - what the run came to, beside what its host can do at most. */
#pragma once
#include "claim/claim.h"

/* Adds the ceilings of @envelope (an asrunEnvelope document) to @claim, made of @a. What they can't
 * be set beside is said, never left out. -ENOMEM. */
NODISCARD int claim_add_envelope(json_t *claim, const struct analysis *a, const json_t *envelope,
                                 struct err *err);
