/* SPDX-License-Identifier: Apache-2.0 */
/* asrun check PLAN: the plan with every default written out, and what it would send. */
#include "analysis/condition.h"
#include "base/json.h"
#include "base/units.h"
#include "cmd/check_steps.h"
#include "cmd/cmd.h"
#include "cmd/overrides.h"
#include "plan/plan.h"
#include "plan/schedule.h"
#include "run/selftest.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct totals {
    int64_t input, output, reuse, span_ns; /* span: of the longest trial; 0 for a closed loop */
    int64_t waiting;                       /* items that come after others */
};

static struct totals add_up(const struct schedule *s)
{
    struct totals t = {0};

    for (size_t i = 0; i < s->count; i++) {
        t.input += s->items[i].input_tokens;
        t.output += s->items[i].output_tokens;
        t.reuse += s->items[i].reuse_tokens;
        t.waiting += s->items[i].trigger == TRIGGER_AFTER;
        t.span_ns = i64_max(t.span_ns, s->items[i].at_ns);
    }
    return t;
}

static void print_schedule(const struct schedule *s)
{
    struct totals t = add_up(s);

    printf("\n# schedule: %zu items in %zu trial%s", s->count, s->trials,
           s->trials == 1 ? "" : "s");
    if (s->offered_per_s > 0)
        printf(", over %s, %.3g/s offered", units_show_ns((double)t.span_ns).text,
               s->offered_per_s);
    if (t.waiting > 0)
        printf(", %" PRId64 " of which wait for the answers to others", t.waiting);
    printf("\n# tokens: %" PRId64 " in, %" PRId64 " out", t.input, t.output);
    if (s->block_tokens > 0 || t.reuse > 0)
        printf(", %" PRId64 " of the input in prefixes seen before", t.reuse);
    if (s->production_rate_per_s > 0)
        printf("\n# production: %.3g/s over %s", s->production_rate_per_s,
               units_show_ns(s->production_span_s * 1e9).text);
    printf("\n# digest: %s\n", digest_hex(&s->digest).text);
}

/* What the run will do before its first request, and how long that takes. */
static void print_self_test(const struct plan *p, const struct schedule *s)
{
    struct selftest_load l;

    if (p->load.self_test_ns == 0 || s->count == 0) {
        printf("# self-test: none; the claim will say so\n");
        return;
    }
    selftest_load(&l, p, s);
    printf("# self-test: about %s before the run, against a null server on this host: %.3g "
           "requests/s, %.3g events/s, %.3g streams%s\n",
           units_show_ns((double)p->load.self_test_ns).text, l.requests_per_s, l.events_per_s,
           l.streams,
           p->load.arrivals == ARRIVALS_CLOSED ? " if the target answers at load.self_test.pace"
                                               : "");
}

static int print_text(const struct plan *p, const struct schedule *s, const json_t *steps)
{
    AUTO(free) char *yaml = plan_show(p);
    struct err err = {0};

    if (!yaml) {
        (void)err_set(&err, -ENOMEM, "out of memory");
        return cmd_failed(&cmd_check, &err);
    }
    printf("# effective plan, digest %s\n%s", digest_hex(&p->digest).text, yaml);
    if (steps) {
        check_steps_print(p, steps);
    } else {
        print_schedule(s);
        print_self_test(p, s);
    }
    return EXIT_HOLDS;
}

static int print_json(const struct plan *p, const struct schedule *s, json_t *steps)
{
    AUTO(json_unref) json_t *root = json_object(), *plan = NULL;
    AUTO(free) char *text = NULL;
    struct totals t = add_up(s);
    struct err err = {0};
    json_t *schedule = json_object();

    if (json_parse(&plan, p->effective, "effective plan", &err) < 0)
        return cmd_failed(&cmd_check, &err);
    json_put_i64(schedule, "items", (json_int_t)s->count);
    json_put_i64(schedule, "waiting_items", t.waiting);
    json_put_i64(schedule, "trials", (json_int_t)s->trials);
    json_put_real(schedule, "span_s", (double)t.span_ns / 1e9);
    json_put_real(schedule, "offered_per_s", s->offered_per_s);
    json_put_real(schedule, "production_rate_per_s", s->production_rate_per_s);
    json_put_real(schedule, "production_span_s", s->production_span_s);
    json_put_i64(schedule, "input_tokens", t.input);
    json_put_i64(schedule, "output_tokens", t.output);
    json_put_i64(schedule, "reuse_tokens", t.reuse);
    json_put_str(schedule, "digest", digest_hex(&s->digest).text);
    json_put(root, "plan", json_incref(plan));
    json_put_str(root, "plan_digest", digest_hex(&p->digest).text);
    json_put(root, "schedule", schedule);
    if (steps)
        json_put(root, "steps", json_incref(steps));
    text = json_pretty(root);
    puts(text ? text : "");
    return EXIT_HOLDS;
}

static int check(const char *path, const struct plan_override *overrides, size_t n, bool json)
{
    AUTO(plan_free) struct plan *p = NULL;
    AUTO(schedule_free) struct schedule *s = NULL;
    AUTO(json_unref) json_t *steps = NULL;
    struct err err = {0};

    if (plan_load(&p, path, overrides, n, &err) < 0 || schedule_build(&s, p, &err) < 0 ||
        (plan_has_steps(p) && check_steps(&steps, p, &err) < 0))
        return cmd_failed(&cmd_check, &err);
    return json ? print_json(p, s, steps) : print_text(p, s, steps);
}

static int print_document(char *(*make)(void), const char *end)
{
    AUTO(free) char *text = make();
    struct err err = {0};

    if (text) {
        printf("%s%s", text, end);
        return EXIT_HOLDS;
    }
    (void)err_set(&err, -ENOMEM, "out of memory");
    return cmd_failed(&cmd_check, &err);
}

static int run_check(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'}, {"schema", no_argument, NULL, 's'},
        {"keys", no_argument, NULL, 'k'}, {"gates", no_argument, NULL, 'g'},
        {"json", no_argument, NULL, 'j'}, {0}};
    struct overrides over = {0};
    bool json = false;

    if (overrides_take(&over, &argc, argv, options) < 0)
        return cmd_usage(&cmd_check, "more than %d --KEY=VALUE", OVERRIDES_MAX);
    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (c == 'h')
            return cmd_help(&cmd_check);
        if (c == 's')
            return print_document(plan_schema, "\n");
        if (c == 'k')
            return print_document(plan_key_docs, "");
        if (c == 'g')
            return print_document(gate_docs, "");
        if (c != 'j')
            return cmd_usage(&cmd_check, "no option '%s'; plan keys are --KEY=VALUE",
                             argv[optind - 1]);
        json = true;
    }
    if (argc - optind != 1)
        return cmd_usage(&cmd_check, argc == optind ? "name a plan" : "name one plan, not several");
    return check(argv[optind], over.items, over.count, json);
}

const struct command cmd_check = {
    "check", "check a plan and print it with every default",
    "asrun check PLAN [--KEY=VALUE...] [--json]\n\n"
    "  --KEY=VALUE  sets a key of the plan: --load.rate=4/s\n"
    "  --json       the effective plan and the schedule's summary as JSON\n"
    "  --schema     prints the JSON Schema of plans\n"
    "  --keys       prints all keys as a Markdown table\n"
    "  --gates      prints the limits of gates@1 as a Markdown table",
    run_check};
