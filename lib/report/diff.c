/* SPDX-License-Identifier: Apache-2.0 */
/* Two runs side by side, for people. */
#include "report/layout.h"
#include <string.h>

enum { MOST_UNKNOWN = 20 };

static void add_side(struct str *out, const char *name, const json_t *o, const char *key,
                     const char *known)
{
    const char *value = json_string_value(json_object_get(o, key));

    str_addf(out, "%s ", name);
    if (!value) {
        str_add(out, "not known");
        return;
    }
    str_addf(out, "%.100s%s%s%s", value, strlen(value) > 100 ? "..." : "",
             get_text(o, "unit")[0] ? " " : "", get_text(o, "unit"));
    if (strcmp(get_text(o, known), "reported") == 0)
        str_add(out, " (reported)");
}

static void differing(struct page *p, const json_t *list)
{
    const json_t *o;
    size_t i;

    page_heading(p, "Differs, the most telling first");
    json_array_foreach(list, i, o)
    {
        AUTO(str_release) struct str text = {0};

        str_addf(&text, "%s, %s: ", get_text(o, "part"), get_text(o, "name"));
        add_side(&text, "A", o, "a", "aKnown");
        add_side(&text, "; B", o, "b", "bKnown");
        if (get_text(o, "why")[0])
            str_addf(&text, "; %s", get_text(o, "why"));
        page_bullet(p, text.data ? text.data : "");
    }
    if (json_array_size(list) == 0)
        page_bullet(p, "nothing that both tell");
}

static void unknown(struct page *p, const json_t *list)
{
    AUTO(str_release) struct str rest = {0};
    const json_t *o;
    size_t i;

    if (json_array_size(list) == 0)
        return;
    page_heading(p, "Unknown");
    json_array_foreach(list, i, o)
    {
        AUTO(str_release) struct str text = {0};
        const char *value = json_string_value(json_object_get(o, "a"));

        if (i == MOST_UNKNOWN)
            break;
        value = value ? value : json_string_value(json_object_get(o, "b"));
        str_addf(&text, "%s, %s: %s", get_text(o, "part"), get_text(o, "name"), get_text(o, "why"));
        if (value)
            str_addf(&text, "; in the other %.80s", value);
        page_bullet(p, text.data ? text.data : "");
    }
    str_addf(&rest, "and %zu more (--json has them all)", json_array_size(list) - i);
    if (i < json_array_size(list))
        page_bullet(p, rest.data ? rest.data : "");
}

/* How many of each part are the same. */
static void same(struct page *p, const json_t *list, int64_t not_compared)
{
    static const char *const parts[] = {"dispatch", "stack",      "plan",
                                        "system",   "conditions", "other"};
    AUTO(str_release) struct str text = {0};

    page_heading(p, "Same");
    for (size_t k = 0; k < COUNT_OF(parts); k++) {
        const json_t *o;
        size_t i, n = 0;

        json_array_foreach(list, i, o) n += strcmp(get_text(o, "part"), parts[k]) == 0;
        if (n > 0)
            str_addf(&text, "%s%zu of %s", text.len ? ", " : "", n, parts[k]);
    }
    str_addf(&text,
             "%s; %" PRId64
             " that differ from run to run (times, processes, addresses, outcomes) are "
             "not compared",
             text.len ? "" : "nothing", not_compared);
    page_bullet(p, text.data ? text.data : "");
}

void report_diff(struct str *out, const json_t *diff, const struct report_style *style)
{
    struct page p = {out, style->color};
    const json_t *a = json_object_get(diff, "a"), *b = json_object_get(diff, "b");

    page_bold(&p, true);
    str_addf(out, "%s",
             strcmp(get_text(diff, "result"), "cannot tell") == 0
                 ? "Nothing is seen to differ, but what would tell is not known."
             : strcmp(get_text(diff, "result"), "same") == 0
                 ? "The same, as far as both were observed."
                 : "They differ.");
    page_bold(&p, false);
    str_addf(out, "\n  A: %s, begun %s, %s\n  B: %s, begun %s, %s\n", get_text(a, "path"),
             get_text(a, "start"), get_text(a, "state"), get_text(b, "path"), get_text(b, "start"),
             get_text(b, "state"));
    differing(&p, json_object_get(diff, "differs"));
    unknown(&p, json_object_get(diff, "unknown"));
    same(&p, json_object_get(diff, "same"), get_count(diff, "notCompared"));
}
