/* SPDX-License-Identifier: Apache-2.0 */
#include "report/layout.h"
#include <string.h>

static void shares(struct page *p, const char *what, const json_t *o)
{
    AUTO(str_release) struct str text = {0};
    json_t *all = json_object_get(o, "shares");
    const char *by = get_text(o, "by"), *name;
    json_t *share;
    bool first = true;

    str_addf(&text, "%s: %s", what, by);
    json_object_foreach(all, name, share)
    {
        double v = json_number_value(share);

        if (v < 0.0005)
            continue;
        str_addf(&text, "%s%s %.3g %%", first ? " (" : ", ", name, 100 * v);
        first = false;
    }
    str_add(&text, first ? "" : ")");
    page_bullet(p, text.data ? text.data : "");
}

void report_limited(struct page *p, const json_t *claim)
{
    const json_t *o = json_object_get(claim, "limitedBy"), *v;
    size_t i;

    if (!o)
        return;
    page_heading(p, "Limited by (derived)");
    shares(p, "more requests a second, by wall time", json_object_get(o, "wall"));
    shares(p, "a request's own time", json_object_get(o, "time"));
    json_array_foreach(json_object_get(o, "evidence"), i, v) page_bullet(p, json_string_value(v));
}
