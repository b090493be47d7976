/* SPDX-License-Identifier: Apache-2.0 */
/* asrun show FILE steps: the steps of a sweep or a search as they were run. */
#include "cmd/show.h"
#include <stdio.h>

int show_steps(const struct show *s, struct err *err)
{
    static const char *const columns[] = {"step",   "overrides",       "first",
                                          "count",  "first_trial",     "trials",
                                          "target", "schedule_digest", "why"};
    static const int widths[] = {4, -48, 8, 8, 11, 6, 6, -16, -1};
    struct rows rows = {s->format, columns, COUNT_OF(columns), widths, 0};
    size_t n;
    const struct evidence_step *step = evidence_steps(s->evidence, &n);
    int r = 0;

    (void)err;
    rows_begin(&rows);
    for (size_t i = 0; i < n && r == 0; i++, step++) {
        char digest[17];
        const struct rows_value values[] = {rows_number(step->step),
                                            rows_text(step->overrides),
                                            rows_number(step->first),
                                            rows_number(step->count),
                                            rows_number(step->first_trial),
                                            rows_number(step->trials),
                                            rows_number(step->target),
                                            rows_text(digest),
                                            rows_text(step->why)};

        (void)snprintf(digest, sizeof digest, "%.16s", step->schedule_digest);
        r = rows_put(&rows, values);
    }
    rows_end(&rows);
    return r;
}
