/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/api.h - what the endpoints have, and what they lack. */
#pragma once
#include "plan/plan.h"
#include "wire/reply.h"

const char *api_name(enum api api);
/* Whether its answers may come as a stream. */
bool api_streams(enum api api);
/* Whether its answers have output tokens. */
bool api_has_output(enum api api);
/* Why @metric says nothing of its answers (static text); NULL: it does. */
const char *api_lacks(enum api api, const char *metric);

/* Whether the plan's requests ask for an answer of some length. */
bool plan_asks_output(const struct plan *p);
/* How the plan's answers are read; borrows the plan. */
struct reply_spec plan_reply(const struct plan *p);
