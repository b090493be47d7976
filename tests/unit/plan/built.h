/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/plan/built.h - plans of fixed lengths that differ in how they load, and their
 * schedules. */
#pragma once
#include "harness/unit.h"
#include "plan/schedule.h"
#include <stdio.h>

/* @load: what stands in the braces of load. NULL, and *@err, if it is no plan. */
static inline struct plan *plan_loading(const char *load, struct err *err)
{
    struct plan *p = NULL;
    char text[1024];

    (void)snprintf(text, sizeof text,
                   "asrun: 1\nworkload: {fixed: {input_tokens: 32, output_tokens: 100}}\n"
                   "load: {%s}\nexclude: {warm_up: none}\n"
                   "target: {url: \"http://127.0.0.1:8080/v1\", model: default}\nseed: 7\n",
                   load);
    return plan_parse(&p, text, "plan.yaml", NULL, 0, err) < 0 ? NULL : p;
}

/* The caller frees. */
static inline struct schedule *schedule_loading(const char *load)
{
    struct err err = {0};
    AUTO(plan_free) struct plan *p = plan_loading(load, &err);
    struct schedule *s = NULL;

    if (!p || schedule_build(&s, p, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}
