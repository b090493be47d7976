/* SPDX-License-Identifier: Apache-2.0 */
/* lib/run/target_route.h - to which address the load goes, from which of ours, and whether through
 * a socket or a proxy: settled once before the run, and facts. */
#pragma once
#include "run/target.h"

/* Fills @t's address, route and way; facts of scope "target". The target must not move any more.
 * -EINVAL: the plan's part is wrong; others: what the network says. */
NODISCARD int target_route_open(struct target *t, const struct plan *p, struct fact_list *facts,
                                struct err *err);
/* A fact: how connections come and go, in words. Once it is known which HTTP is spoken. */
NODISCARD int target_route_policy(const struct target *t, const struct plan *p,
                                  struct fact_list *facts, struct err *err);
void target_route_release(struct target *t);
