/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/aftermath.h"
#include "analysis/analysis.h"
#include <stdio.h>

/* @step: "", or which step of a sweep or a search. */
static void say(struct evidence *e, const char *path, const char *step)
{
    AUTO(plan_free) struct plan *p = NULL;
    AUTO(analysis_free) struct analysis *a = NULL;
    struct err err = {0};

    if (plan_parse(&p, evidence_plan(e), path, NULL, 0, &err) < 0 ||
        analysis_read_client(&a, e, p, &err) < 0)
        return;
    for (size_t i = 0; i < a->reason_count; i++)
        if (a->reasons[i].takes_away)
            fprintf(stderr, "warning: %s%s\n", step, a->reasons[i].text);
}

void aftermath_say(const char *path)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct err err = {0};
    size_t steps;

    if (evidence_open(&e, path, EVIDENCE_READ_ONLY, &err) < 0)
        return;
    (void)evidence_steps(e, &steps);
    if (steps == 0)
        say(e, path, "");
    for (size_t i = 0; i < steps; i++) {
        char name[32];

        (void)snprintf(name, sizeof name, "step %zu: ", i);
        evidence_select(e, (uint32_t)i);
        say(e, path, name);
    }
}
