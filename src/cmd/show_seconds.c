/* SPDX-License-Identifier: Apache-2.0 */
/* asrun show FILE seconds: what each I/O thread knows of itself, and the condition that it was in.
 */
#include "analysis/condition.h"
#include "base/units.h"
#include "cmd/show.h"
#include "plan/plan.h"
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 4 + SECOND_FIELDS };

struct view {
    struct rows rows;
    struct gate_limit limits[GATE_COUNT_];
};

static int put(void *ctx, const struct second *s)
{
    struct view *v = ctx;
    struct rows_value values[COLUMNS] = {rows_number(s->trial), rows_number(s->thread),
                                         rows_number(s->start_ns),
                                         rows_text(condition_name(second_condition(s, v->limits)))};

    for (int f = 0; f < SECOND_FIELDS; f++)
        values[4 + f] = rows_maybe(s->v[f], SECOND_NONE);
    return rows_put(&v->rows, values);
}

static struct units_text share(double percent)
{
    struct units_text t = {"-"};

    if (percent >= 0)
        (void)snprintf(t.text, sizeof t.text, "%.3g %%", percent);
    return t;
}

static struct units_text span(int64_t ns)
{
    return ns < 0 ? (struct units_text){"-"} : units_show_ns((double)ns);
}

static int put_text(void *ctx, const struct second *s)
{
    struct view *v = ctx;
    struct units_text start = units_show_ns((double)s->start_ns);
    struct units_text cpu = share(gate_figure(GATE_CPU, s));
    struct units_text delay = share(gate_figure(GATE_RUN_DELAY, s));
    struct units_text lag = span(s->v[SECOND_LAG_P99]), loop = span(s->v[SECOND_LOOP_MAX]);
    struct units_text late = span(s->v[SECOND_LATE_P99]);
    const struct rows_value values[] = {rows_number(s->trial),
                                        rows_number(s->thread),
                                        rows_text(start.text),
                                        rows_text(condition_name(second_condition(s, v->limits))),
                                        rows_number(s->v[SECOND_EVENTS]),
                                        rows_number(s->v[SECOND_IN_FLIGHT]),
                                        rows_text(cpu.text),
                                        rows_text(delay.text),
                                        rows_text(lag.text),
                                        rows_text(loop.text),
                                        rows_text(late.text)};

    return rows_put(&v->rows, values);
}

/* Those of the run's plan; other files have none. */
static int limits_of(struct gate_limit ret[GATE_COUNT_], struct evidence *e, struct err *err)
{
    AUTO(plan_free) struct plan *p = NULL;
    int r;

    gates_default(ret);
    if (evidence_kind(e) != EVIDENCE_RUN)
        return 0;
    r = plan_parse(&p, evidence_plan(e), evidence_info(e)->path, NULL, 0, err);
    if (r == 0)
        memcpy(ret, p->limits, sizeof p->limits);
    return r;
}

int show_seconds(const struct show *s, struct err *err)
{
    static const char *const brief[] = {"trial",   "thread",    "start",   "condition",
                                        "events",  "in_flight", "cpu",     "run_delay",
                                        "lag_p99", "loop_max",  "late_p99"};
    static const int widths[] = {5, 6, 9, -9, 8, 9, 8, 9, 9, 9, 9};
    const char *full[COLUMNS] = {"trial", "thread", "start_ns", "condition"};
    bool text = s->format == ROWS_TEXT;
    struct view v = {.rows = {.format = s->format,
                              .columns = text ? brief : full,
                              .column_count = text ? COUNT_OF(brief) : COLUMNS,
                              .widths = widths}};
    int r = limits_of(v.limits, s->evidence, err);

    if (r < 0)
        return r;

    for (int f = 0; f < SECOND_FIELDS; f++)
        full[4 + f] = second_name((enum second_field)f);
    rows_begin(&v.rows);
    r = evidence_each_second(s->evidence, text ? put_text : put, &v, err);
    rows_end(&v.rows);
    return r;
}
