/* SPDX-License-Identifier: Apache-2.0 */
/* lib/report/mix.c - the components of a mix, a line each. */
#include "report/layout.h"
#include <math.h>
#include <stdio.h>

static void number(struct page *p, int64_t n)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%" PRId64, n);
    page_right(p, 10, text);
}

static void component(struct page *p, const json_t *o)
{
    static const char *const times[] = {"firstContent", "latency"}, *const at[] = {"p50", "p90"};
    double share = get_number(o, "share");
    char text[32] = "-";

    str_add(p->out, "  ");
    page_left(p, 16, get_text(o, "name"));
    if (!isnan(share))
        (void)snprintf(text, sizeof text, "%.3g %%", 100 * share);
    page_right(p, 8, text);
    number(p, get_count(o, "counted"));
    number(p, get_count(o, "failed"));
    for (size_t i = 0; i < COUNT_OF(times); i++)
        for (size_t k = 0; k < COUNT_OF(at); k++) {
            AUTO(str_release) struct str value = {0};

            show_value(&value, "s", get_number(json_object_get(o, times[i]), at[k]));
            page_right(p, 11, value.data ? value.data : "");
        }
    str_add(p->out, "\n");
}

void report_mix(struct page *p, const json_t *claim)
{
    const json_t *mix = json_object_get(claim, "mix"), *o;
    size_t i;

    if (json_array_size(mix) == 0)
        return;
    page_heading(p, "By component of the mix");
    str_add(p->out, "                     share   counted    failed   first p50  first p90 "
                    "latency p50        p90\n");
    json_array_foreach(mix, i, o) component(p, o);
}
