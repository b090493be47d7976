/* SPDX-License-Identifier: Apache-2.0 */
/* What the plan required and what became of it; what changed during the run; under which conditions
 * it was. */
#include "report/layout.h"
#include <math.h>
#include <string.h>

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

        str_addf(&text, "%s: %s; %s%s", get_text(o, "name"), get_text(o, "outcome"),
                 get_text(o, "words"),
                 json_is_true(json_object_get(o, "changed")) ? "; it changed during the run" : "");
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

/* Of the many series those that say most about how a run was disturbed, or what limited it. */
static bool is_telling(const char *name)
{
    static const char *const names[] = {"cpu.use",
                                        "cpu.steal",
                                        "run_delay",
                                        "pressure.cpu.some",
                                        "cpu.frequency",
                                        "faults.major",
                                        "pressure.memory.some",
                                        "memory.resident_bytes",
                                        "pressure.io.some",
                                        "cgroup.cpu.throttled",
                                        "tcp.retransmits",
                                        "power",
                                        "use.compute",
                                        "clock.sm",
                                        "temperature",
                                        "memory.used_bytes",
                                        "utilization",
                                        "queue.depth",
                                        "requests.running",
                                        "kv_cache.use",
                                        "preemptions"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return strncmp(name, "power.", 6) == 0;
}

/* Thousands, millions ... of the units that take them; the range is in the same. */
static double scale_of(const char **prefix, const char *unit, double v)
{
    static const char *const prefixes[] = {"", "k", "M", "G", "T"};
    bool takes = strcmp(unit, "bytes") == 0 || strcmp(unit, "Hz") == 0;
    double scale = 1;
    size_t i = 0;

    for (; takes && i + 1 < COUNT_OF(prefixes) && fabs(v) >= 1000 * scale; i++)
        scale *= 1000;
    *prefix = prefixes[i];
    return scale;
}

static void add_condition(struct str *text, const json_t *o)
{
    const char *unit = get_text(o, "unit"), *prefix;
    double mean = get_number(o, "mean"), least = get_number(o, "least");
    double most = get_number(o, "most"), scale = scale_of(&prefix, unit, most);

    str_addf(text, "%s%s %.3g", text->len ? "; " : "", get_text(o, "name"), mean / scale);
    if (strcmp(unit, "1/s") == 0)
        str_add(text, "/s");
    else if (*unit && strcmp(unit, "1") != 0)
        str_addf(text, " %s%s", prefix, strcmp(unit, "bytes") == 0 ? "B" : unit);
    if (least < most)
        str_addf(text, " (%.3g to %.3g)", least / scale, most / scale);
}

/* One bullet for each scope, in the order in which they come. */
static void conditions_of(struct page *p, const json_t *list, const char *scope)
{
    AUTO(str_release) struct str text = {0}, line = {0};
    const json_t *o;
    size_t i;

    json_array_foreach(list, i, o) if (strcmp(get_text(o, "scope"), scope) == 0 &&
                                       is_telling(get_text(o, "name"))) add_condition(&text, o);
    if (!text.data)
        return;
    str_addf(&line, "%s: %s", scope, text.data);
    page_bullet(p, line.data ? line.data : "");
}

static bool is_first_of(const json_t *list, size_t n, const char *scope)
{
    const json_t *o;
    size_t i;

    json_array_foreach(list, i,
                       o) if (i < n && strcmp(get_text(o, "scope"), scope) == 0) return false;
    return true;
}

static void conditions(struct page *p, const json_t *list)
{
    const json_t *o;
    size_t i;

    if (json_array_size(list) == 0)
        return;
    page_heading(p, "Conditions while trials ran: mean (least to most)");
    json_array_foreach(list, i, o) if (is_first_of(list, i, get_text(o, "scope")))
        conditions_of(p, list, get_text(o, "scope"));
}

void report_observed(struct page *p, const json_t *claim)
{
    requirements(p, json_object_get(claim, "requirements"));
    changes(p, json_object_get(claim, "changes"));
    conditions(p, json_object_get(claim, "conditions"));
}
