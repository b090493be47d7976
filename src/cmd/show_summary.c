/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "cmd/show.h"
#include "claim/map.h"
#include "envelope/envelope.h"
#include "report/report.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tally { /* of one trial */
    int64_t outcome[OUTCOME_COUNT_];
    int64_t executed;
};

struct tallies {
    const struct evidence_trial *trials;
    size_t count;
    struct tally *of;
};

static void tallies_release(struct tallies *t)
{
    free(t->of);
}
DEFINE_AUTO_HELD(struct tallies, tallies_release)

static int count_sample(void *ctx, const struct sample *s)
{
    struct tallies *t = ctx;

    for (size_t i = 0; i < t->count; i++) {
        if (t->trials[i].trial != s->trial)
            continue;
        t->of[i].outcome[s->outcome]++;
        t->of[i].executed++;
    }
    return 0;
}

static int tally(struct tallies *ret, const struct show *s, struct err *err)
{
    ret->trials = evidence_trials(s->evidence, &ret->count);
    ret->of = calloc(ret->count + 1, sizeof *ret->of);
    if (!ret->of)
        return err_set(err, -ENOMEM, "summary: out of memory");
    return evidence_each_sample(s->evidence, count_sample, ret, err);
}

/* Items of trials that never began. */
static int64_t never_begun(const struct tallies *t, const struct evidence_info *info)
{
    int64_t left = info->scheduled;

    for (size_t i = 0; i < t->count; i++)
        left -= t->trials[i].count;
    return left;
}

/* Scheduled = executed + not executed, in each trial and in all. */
static bool balances(const struct tallies *t, const struct evidence_info *info)
{
    int64_t executed = 0;

    for (size_t i = 0; i < t->count; i++) {
        if (t->of[i].executed > t->trials[i].count)
            return false;
        executed += t->of[i].executed;
    }
    return executed == info->samples && never_begun(t, info) >= 0;
}

static json_t *json_time(int64_t ns)
{
    return ns == TIME_NONE ? json_null() : json_integer(ns);
}

static json_t *json_trial(const struct evidence_trial *t, const struct tally *of)
{
    json_t *trial = json_object(), *outcomes = json_object();

    for (int i = 0; i < OUTCOME_COUNT_; i++)
        if (of->outcome[i] > 0)
            json_put_i64(outcomes, outcome_name((enum outcome)i), of->outcome[i]);
    json_put_i64(trial, "trial", t->trial);
    json_put_str(trial, "outcome", t->outcome);
    json_put_str(trial, "reset", t->reset);
    json_put(trial, "start_ns", json_time(t->start_ns));
    json_put(trial, "end_ns", json_time(t->end_ns));
    json_put_i64(trial, "scheduled", t->count);
    json_put_i64(trial, "executed", of->executed);
    json_put_i64(trial, "not_executed", (int64_t)t->count - of->executed);
    json_put(trial, "outcomes", outcomes);
    return trial;
}

static json_t *json_ledger(const struct tallies *t, const struct evidence_info *info)
{
    json_t *ledger = json_object(), *trials = json_array();

    for (size_t i = 0; i < t->count; i++)
        json_push(trials, json_trial(&t->trials[i], &t->of[i]));
    json_put_i64(ledger, "scheduled", info->scheduled);
    json_put_i64(ledger, "executed", info->samples);
    json_put_i64(ledger, "not_executed", info->scheduled - info->samples);
    json_put_i64(ledger, "trials_not_begun", never_begun(t, info));
    json_put_bool(ledger, "balances", balances(t, info));
    json_put(ledger, "trials", trials);
    return ledger;
}

static int print_json(json_t *document, struct err *err)
{
    AUTO(json_unref) json_t *owned = document;
    AUTO(free) char *text = owned ? json_pretty(owned) : NULL;

    if (!text)
        return err_set(err, -ENOMEM, "show: out of memory");
    puts(text);
    return 0;
}

static json_t *json_anchor(const struct clock_anchor *a)
{
    json_t *anchor = json_object();

    json_put_i64(anchor, "mono_ns", a->mono_ns);
    json_put_i64(anchor, "real_ns", a->real_ns);
    json_put_i64(anchor, "width_ns", a->width_ns);
    json_put_str(anchor, "time", clock_rfc3339(a->real_ns).text);
    return anchor;
}

static json_t *json_summary(const struct show *s, const struct tallies *t,
                            const struct connection_sums *sums, json_t *unseen)
{
    const struct evidence_info *info = evidence_info(s->evidence);
    json_t *o = json_object();
    size_t steps;

    json_put_str(o, "path", info->path);
    json_put_str(o, "state", info->state);
    json_put_str(o, "kind", evidence_kind_name(evidence_kind(s->evidence)));
    json_put_bool(o, "live", info->live);
    json_put_str(o, "run_id", evidence_meta(s->evidence, "run_id"));
    json_put_str(o, "asrun_version", evidence_meta(s->evidence, "asrun_version"));
    json_put(o, "anchor", json_anchor(&info->anchor));
    json_put_str(o, "plan_digest", info->plan_digest);
    json_put_str(o, "schedule_digest", info->schedule_digest);
    json_put_str(o, "prompts_digest", info->prompts_digest);
    json_put_str(o, "chain_head", info->chain_head);
    json_put_i64(o, "samples", info->samples);
    json_put_i64(o, "recovered_records", info->recovered_records);
    json_put_i64(o, "awaiting_records", info->awaiting_records);
    json_put_i64(o, "lost_records", info->lost_records);
    json_put(o, "ledger", json_ledger(t, info));
    json_put(o, "connections", connection_sums_json(sums));
    (void)evidence_steps(s->evidence, &steps);
    json_put_i64(o, "steps", (json_int_t)steps);
    json_put(o, "not_observed", json_incref(unseen));
    return o;
}

static bool is_unseen(const struct fact *f)
{
    return f->known == KNOWN_UNKNOWN &&
           (strcmp(f->scope, "probe") == 0 || strcmp(f->scope, "engine") == 0);
}

static int list_unseen(void *ctx, const struct fact *f)
{
    json_t *o = is_unseen(f) ? json_object() : NULL;

    if (!o)
        return 0;
    json_put_str(o, "what", f->name);
    json_put_str(o, "why", f->source);
    json_push(ctx, o);
    return 0;
}

/* What no probe could look at, each with the reason. */
static void print_unseen(const json_t *list)
{
    const json_t *o;
    size_t i;

    if (json_array_size(list) > 0)
        printf("not observed:");
    json_array_foreach(list, i, o)
        printf("%s %s (%s)", i ? "," : "", json_string_value(json_object_get(o, "what")),
               json_string_value(json_object_get(o, "why")));
    if (json_array_size(list) > 0)
        printf("\n");
}

static void print_trial(const struct evidence_trial *t, const struct tally *of)
{
    printf("trial %u: %s; %u scheduled = %" PRId64 " executed + %" PRId64 " not executed\n",
           t->trial, t->outcome, t->count, of->executed, (int64_t)t->count - of->executed);
    for (int i = 0; i < OUTCOME_COUNT_; i++)
        if (of->outcome[i] > 0)
            printf("  %-14s %" PRId64 "\n", outcome_name((enum outcome)i), of->outcome[i]);
}

static const char *meta_or_0(const struct show *s, const char *key)
{
    const char *text = evidence_meta(s->evidence, key);

    return text ? text : "0";
}

/* What a witness saw, and what it may have missed. */
static void print_witness(const struct show *s, const struct tally *of)
{
    printf("witness   of port %s; %s packets, %s dropped by the capture; %s exchanges lost\n"
           "requests  %" PRId64 "\n",
           meta_or_0(s, "witness.port"), meta_or_0(s, "witness.packets"),
           meta_or_0(s, "witness.dropped"), meta_or_0(s, "witness.lost"), of->executed);
    for (int i = 0; i < OUTCOME_COUNT_; i++)
        if (of->outcome[i] > 0)
            printf("  %-14s %" PRId64 "\n", outcome_name((enum outcome)i), of->outcome[i]);
}

static void print_ledger(const struct tallies *t, const struct evidence_info *info)
{
    for (size_t i = 0; i < t->count; i++)
        print_trial(&t->trials[i], &t->of[i]);
    if (never_begun(t, info) > 0)
        printf("trials that never began: %" PRId64 " scheduled = 0 executed + %" PRId64
               " not executed\n",
               never_begun(t, info), never_begun(t, info));
    printf("all: %u scheduled = %" PRId64 " executed + %" PRId64 " not executed: %s\n",
           info->scheduled, info->samples, info->scheduled - info->samples,
           balances(t, info) ? "balances" : "DOES NOT BALANCE");
}

static void print_state(const struct evidence_info *i)
{
    printf("state     %s%s\n", i->state, i->live ? " (its writer is at work)" : "");
    if (i->recovered_records > 0)
        printf("recovered %" PRId64 " records, just now\n", i->recovered_records);
    if (i->awaiting_records > 0)
        printf("awaiting  %" PRId64 " records await recovery (open the file where it can be"
               " written)\n",
               i->awaiting_records);
    if (i->lost_records > 0)
        printf("lost      %" PRId64 " records found the spool full\n", i->lost_records);
}

static void print_summary(const struct show *s)
{
    const struct evidence_info *i = evidence_info(s->evidence);
    const char *id = evidence_meta(s->evidence, "run_id");
    const char *version = evidence_meta(s->evidence, "asrun_version");

    printf("evidence  %s\n", i->path);
    print_state(i);
    printf("run       %s, begun %s, asrun %s\n", id ? id : "-",
           clock_rfc3339(i->anchor.real_ns).text, version ? version : "-");
    if (evidence_kind(s->evidence) == EVIDENCE_RUN)
        printf("plan      sha256:%s\nschedule  sha256:%s\nprompts   sha256:%s\n", i->plan_digest,
               i->schedule_digest, i->prompts_digest);
    printf("chain     sha256:%s\n", i->chain_head);
}

static int print_map(const struct show *s, struct err *err)
{
    const struct report_style style = {.color = false};
    AUTO(json_unref) json_t *map = NULL;
    AUTO(str_release) struct str text = {0};
    int r = claim_map(&map, s->evidence, (double)NAN, err);

    if (r < 0)
        return r;
    report_map(&text, map, &style);
    if (!str_ok(&text))
        return err_set(err, -ENOMEM, "out of memory for the map");
    printf("\n%s", text.data);
    return 0;
}

static int print_envelope(const struct show *s, struct err *err)
{
    AUTO(json_unref) json_t *envelope = NULL;
    AUTO(str_release) struct str text = {0};
    int r = envelope_read(&envelope, s->evidence, err);

    if (r < 0)
        return r;
    if (s->format == ROWS_JSON)
        return print_json(TAKE(envelope), err);
    report_envelope(&text, envelope);
    if (!str_ok(&text))
        return err_set(err, -ENOMEM, "out of memory for the envelope");
    print_summary(s);
    printf("\n%s", text.data);
    return 0;
}

int show_summary(const struct show *s, struct err *err)
{
    AUTO(tallies_release) struct tallies t = {0};
    AUTO(json_unref) json_t *unseen = json_array();
    struct connection_sums sums;
    size_t steps;
    int r;

    if (evidence_kind(s->evidence) == EVIDENCE_ENVELOPE)
        return print_envelope(s, err);
    r = tally(&t, s, err);
    if (r == 0)
        r = connection_sums(&sums, s->evidence, err);
    if (r == 0)
        r = evidence_each_fact(s->evidence, list_unseen, unseen, err);
    if (r < 0)
        return r;
    if (s->format == ROWS_JSON)
        return print_json(json_summary(s, &t, &sums, unseen), err);
    print_summary(s);
    if (evidence_kind(s->evidence) == EVIDENCE_WITNESS && t.count > 0)
        print_witness(s, &t.of[0]);
    else
        print_ledger(&t, evidence_info(s->evidence));
    connection_sums_print(&sums);
    print_unseen(unseen);
    (void)evidence_steps(s->evidence, &steps);
    return steps > 0 && s->step < 0 ? print_map(s, err) : 0;
}

static int print_ledger_of(const struct show *s, struct err *err)
{
    const struct report_style style = {.color = false};
    AUTO(str_release) struct str text = {0};
    json_t *ledger = NULL;
    int r = claim_ledger(&ledger, s->evidence, err);

    if (r < 0)
        return r;
    if (s->format == ROWS_JSON)
        return print_json(ledger, err);
    report_ledger(&text, ledger, &style);
    json_unref(ledger);
    if (!str_ok(&text))
        return err_set(err, -ENOMEM, "out of memory for the ledger");
    fputs(text.data, stdout);
    return 0;
}

/* Of a sweep or a search that of each step: its rules are its own plan's. */
int show_ledger(const struct show *s, struct err *err)
{
    size_t steps;
    const struct evidence_step *step = evidence_steps(s->evidence, &steps);
    int r = 0;

    if (steps == 0 || s->step >= 0)
        return print_ledger_of(s, err);
    if (s->format == ROWS_JSON)
        return err_set(err, -EINVAL, "ledger --json is of one step: add --step N");
    for (size_t i = 0; i < steps && r == 0; i++) {
        printf("%sstep %zu: %s\n", i ? "\n" : "", i, step[i].overrides);
        evidence_select(s->evidence, (uint32_t)i);
        r = print_ledger_of(s, err);
    }
    return r;
}

int show_plan(const struct show *s, struct err *err)
{
    const char *plan = evidence_plan(s->evidence);
    json_t *document = NULL;
    int r;

    if (evidence_kind(s->evidence) != EVIDENCE_RUN)
        return err_set(err, -ENODATA, "a file of kind %s carries no plan",
                       evidence_kind_name(evidence_kind(s->evidence)));
    if (s->format == ROWS_JSON) {
        puts(plan);
        return 0;
    }
    r = json_parse(&document, plan, "plan", err);
    return r < 0 ? r : print_json(document, err);
}
