/* SPDX-License-Identifier: Apache-2.0 */
/* CSV series, and what is said of them. */
#include "analysis/series_judge.h"
#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void judge(const struct series_set *set)
{
    const struct series_rules rules = {.delta = 0.05, .margin = 0.02, .better = -1};
    AUTO(series_judgement_release) struct series_judgement j = {0};
    struct series_comparison c;
    struct err err = {0};

    for (size_t i = 0; i < set->count; i++) {
        assert(set->runs[i].count > 0);
        for (size_t k = 0; k < set->runs[i].count; k++)
            assert(isfinite(set->runs[i].value[k]));
    }
    if (series_judge(&j, set, &rules, &err) < 0)
        abort();
    for (size_t i = 0; i < j.count; i++)
        assert(j.runs[i].from < j.runs[i].n);
    if (series_compare(&c, &j, &j, true, &rules, &err) < 0 && !err.text[0])
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO(source_release) struct source s = {.fd = -1};
    AUTO(series_set_release) struct series_set set = {0};
    struct err err = {0};

    if (source_open_memory(&s, data, n, "fuzz", &err) < 0)
        return 0;
    if (series_read(&set, &s, NULL, &err) == 0)
        judge(&set);
    else if (!err.text[0])
        abort(); /* never fails without words */
    return 0;
}
