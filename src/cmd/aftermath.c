/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/aftermath.h"
#include "analysis/analysis.h"
#include <stdio.h>

void aftermath_say(const char *path)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    AUTO(plan_free) struct plan *p = NULL;
    AUTO(analysis_free) struct analysis *a = NULL;
    struct err err = {0};

    if (evidence_open(&e, path, EVIDENCE_READ_ONLY, &err) < 0 ||
        plan_parse(&p, evidence_plan(e), path, NULL, 0, &err) < 0 ||
        analysis_read_client(&a, e, p, &err) < 0)
        return;
    for (size_t i = 0; i < a->reason_count; i++)
        if (a->reasons[i].takes_away)
            fprintf(stderr, "warning: %s\n", a->reasons[i].text);
}
