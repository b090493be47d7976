/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/check_steps.h"
#include "base/units.h"
#include "plan/schedule.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* From the first trial's start to the last arrival of the last; NAN where only the target's speed
 * says. */
static double span_s(const struct plan *p, const struct schedule *s)
{
    double sum = 0;

    for (size_t t = 0; t < s->trials; t++) {
        int64_t end_ns = p->load.arrivals == ARRIVALS_CLOSED ? p->load.duration_ns : 0;

        for (size_t i = s->trial_first[t]; i < s->trial_first[t + 1]; i++)
            end_ns = i64_max(end_ns, s->items[i].at_ns);
        if (end_ns == 0 && p->load.arrivals == ARRIVALS_CLOSED)
            return (double)NAN;
        sum += (double)(end_ns + p->trials.pause_ns) / 1e9;
    }
    return sum;
}

static int add_step(json_t *list, const struct plan *p, const struct plan_step *set,
                    struct err *err)
{
    AUTO(plan_free) struct plan *own = NULL;
    AUTO(schedule_free) struct schedule *s = NULL;
    json_t *o;
    int r = plan_of_step(&own, p, set, err);

    if (r == 0)
        r = schedule_build(&s, own, err);
    if (r < 0)
        return r;
    o = json_object();
    json_put_i64(o, "step", (json_int_t)json_array_size(list));
    json_put(o, "overrides", plan_step_json(set));
    json_put_i64(o, "trials", (json_int_t)s->trials);
    json_put_i64(o, "items", (json_int_t)s->count);
    json_put_real(o, "span_s", span_s(own, s));
    json_put_str(o, "plan_digest", digest_hex(&own->digest).text);
    json_put_str(o, "schedule_digest", digest_hex(&s->digest).text);
    json_push(list, o);
    return 0;
}

/* Of a search only its range is known: its lowest and its highest load. */
int check_steps(json_t **ret, const struct plan *p, struct err *err)
{
    AUTO(json_unref) json_t *list = json_array();
    bool search = p->search.key != SEARCH_NOTHING;
    size_t n = search ? 2 : plan_sweep_steps(p);
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++) {
        struct plan_step set;

        if (search)
            plan_search_step(&set, p, i ? p->search.to_load : p->search.from_load, 0);
        else
            plan_sweep_step(&set, p, i);
        r = add_step(list, p, &set, err);
    }
    if (r == 0)
        *ret = TAKE(list);
    return r;
}

static void print_step(const json_t *o)
{
    const char *key;
    json_t *v;
    double span = json_number_value(json_object_get(o, "span_s"));

    printf("# step %" JSON_INTEGER_FORMAT ":", json_integer_value(json_object_get(o, "step")));
    json_object_foreach(json_object_get(o, "overrides"), key, v)
        printf(" %s %s", key, json_string_value(v));
    printf("; %" JSON_INTEGER_FORMAT " requests", json_integer_value(json_object_get(o, "items")));
    if (span > 0)
        printf(" over %s", units_show_ns(1e9 * span).text);
    printf(", schedule %.16s\n", json_string_value(json_object_get(o, "schedule_digest")));
}

void check_steps_print(const struct plan *p, const json_t *steps)
{
    double span = 0;
    int64_t items = 0;
    const json_t *o;
    bool timed = true;
    size_t i;

    printf("\n");
    json_array_foreach(steps, i, o)
    {
        print_step(o);
        items += json_integer_value(json_object_get(o, "items"));
        span += json_number_value(json_object_get(o, "span_s"));
        timed = timed && json_is_number(json_object_get(o, "span_s"));
    }
    if (p->search.key != SEARCH_NOTHING)
        printf("# search: from the first to the second of these loads, doubling and then halving, "
               "at most %d steps;\n# a load that can't be told is tried again up to %d times, each "
               "time with twice the trials\n",
               p->search.steps, p->search.repeats);
    else
        printf("# sweep: %zu steps, %" PRId64 " requests%s%s\n", json_array_size(steps), items,
               timed ? " over at least " : "", timed ? units_show_ns(1e9 * span).text : "");
    if (p->load.self_test_ns > 0)
        printf("# self-test: about %s before the run, at its hardest step\n",
               units_show_ns((double)p->load.self_test_ns).text);
    else
        printf("# self-test: none; the claims will say so\n");
}
