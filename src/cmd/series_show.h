/* SPDX-License-Identifier: Apache-2.0 */
/* src/cmd/series_show.h - a judgement of series, for people and for machines. */
#pragma once
#include "analysis/series_judge.h"
#include "base/json.h"

struct series_shown {
    const struct series_judgement *j;
    const struct series_comparison *c; /* NULL: nothing was compared */
    const struct series_judgement *against;
    const struct series_rules *rules;
    const char *unit; /* "" where none was given */
};
void series_text(const struct series_shown *s);
/* NULL members of it where memory ran out. */
json_t *series_json(const struct series_shown *s);
