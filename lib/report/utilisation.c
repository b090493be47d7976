/* SPDX-License-Identifier: Apache-2.0 */
#include "report/layout.h"
#include <math.h>
#include <string.h>

static void amount(struct str *out, double v, const char *unit)
{
    str_addf(out, "%.4g %s", v / 1e9, unit);
}

static void add_beside(struct str *out, const json_t *list)
{
    const json_t *o;
    size_t i;

    json_array_foreach(list, i, o)
    {
        double most = get_number(o, "mostShare");

        str_addf(out, "; %.3g %%", 100 * get_number(o, "leastShare"));
        if (!isnan(most) && most > get_number(o, "leastShare"))
            str_addf(out, " to %.3g %%", 100 * most);
        str_addf(out, " of %s", get_text(o, "ceiling"));
        if (get_count(o, "threads") > 0)
            str_addf(out, " (%" PRId64 " threads)", get_count(o, "threads"));
    }
}

static void rate(struct page *p, const char *what, const char *unit, const json_t *o)
{
    AUTO(str_release) struct str text = {0};
    double least = get_number(o, "least"), most = get_number(o, "most");

    if (isnan(least))
        return;
    str_addf(&text, "%s, derived: at least ", what);
    amount(&text, least, unit);
    if (!isnan(most) && most > least) {
        str_add(&text, ", at most ");
        amount(&text, most, unit);
    }
    add_beside(&text, json_object_get(o, "beside"));
    page_bullet(p, text.data ? text.data : "");
}

static void envelope(struct page *p, const json_t *o)
{
    AUTO(str_release) struct str text = {0};

    if (!o)
        return;
    str_addf(&text, "envelope of %s. %s", get_text(o, "time"), get_text(o, "words"));
    if (get_text(o, "differs")[0])
        str_addf(&text, " It is of another host (%s differs): nothing is set beside it.",
                 get_text(o, "differs"));
    else if (!json_is_true(json_object_get(o, "targetIsHere")))
        str_add(&text, " Whether the target is on its host is not known.");
    page_bullet(p, text.data ? text.data : "");
}

void report_utilisation(struct page *p, const json_t *claim)
{
    const json_t *u = json_object_get(claim, "utilisation");
    const json_t *prefill = json_object_get(u, "prefill"), *decode = json_object_get(u, "decode");
    const json_t *e = json_object_get(u, "envelope");

    if (!u || (get_text(u, "absent")[0] && !e))
        return;
    page_heading(p, "Utilisation");
    if (get_text(u, "absent")[0])
        page_bullet(p, get_text(u, "absent"));
    rate(p, "prefill, memory", "GB/s", json_object_get(prefill, "bytesPerSecond"));
    rate(p, "prefill, operations", "Gflop/s", json_object_get(prefill, "operationsPerSecond"));
    rate(p, "decode, memory", "GB/s", json_object_get(decode, "bytesPerSecond"));
    rate(p, "decode, operations", "Gflop/s", json_object_get(decode, "operationsPerSecond"));
    envelope(p, e);
}
