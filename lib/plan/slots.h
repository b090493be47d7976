/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/slots.h - how many slots a closed loop has, and from when. */
#pragma once
#include "plan/schedule.h"

/* Sets s->slot_steps where the plan's slots change or don't all open at once; -ENOMEM, -EINVAL. */
NODISCARD int slots_build(struct schedule *s, const struct plan *p, struct err *err);
