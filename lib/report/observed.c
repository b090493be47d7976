/* SPDX-License-Identifier: Apache-2.0 */
/* What the plan required and what became of it; what changed during the run. */
#include "report/layout.h"

static void requirements(struct page *p, const json_t *list)
{
    const json_t *o;
    size_t i;

    if (json_array_size(list) == 0)
        return;
    page_heading(p, "Required");
    json_array_foreach(list, i, o)
    {
        AUTO(str_release) struct str text = {0};

        str_addf(&text, "%s: %s; %s", get_text(o, "name"), get_text(o, "outcome"),
                 get_text(o, "words"));
        page_bullet(p, text.data ? text.data : "");
    }
}

static void changes(struct page *p, const json_t *list)
{
    const json_t *o;
    size_t i;

    if (json_array_size(list) == 0)
        return;
    page_heading(p, "Changed during the run");
    json_array_foreach(list, i, o)
    {
        AUTO(str_release) struct str text = {0};

        str_add(&text, "after ");
        show_value(&text, "s", get_number(o, "time"));
        str_addf(&text, ": %s", get_text(o, "text"));
        page_bullet(p, text.data ? text.data : "");
    }
}

void report_observed(struct page *p, const json_t *claim)
{
    requirements(p, json_object_get(claim, "requirements"));
    changes(p, json_object_get(claim, "changes"));
}
