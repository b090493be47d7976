/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/claim.h"
#include "asrun/asrun.h"
#include "base/digest.h"
#include "claim/parts.h"
#include "record/fact_list.h"
#include <stdlib.h>
#include <string.h>

static const char *regime_name(enum regime r)
{
    static const char *const names[] = {NULL, "latency", "throughput", "cost"};

    return names[r];
}

static json_t *workload_json(const struct claim_source *s)
{
    AUTO(str_release) struct str workload = {0}, load = {0};
    json_t *o = json_object();

    workload_text(&workload, s->plan);
    load_text(&load, s->plan);
    json_put_str(o, "question", s->plan->question);
    json_put_str(o, "family", s->plan->family);
    json_put_str(o, "regime", regime_name(s->plan->regime));
    json_put_str(o, "workload", workload.data);
    json_put_str(o, "load", load.data);
    json_put_str(o, "url", s->plan->target.url);
    json_put_str(o, "model", s->plan->target.model);
    return o;
}

static json_t *verdict_json(const struct analysis *a)
{
    json_t *o = json_object(), *reasons = json_array();
    bool instrument = false;

    for (size_t i = 0; i < a->reason_count; i++) {
        json_t *r = json_object();

        json_put_str(r, "text", a->reasons[i].text);
        json_put_bool(r, "refuses", a->reasons[i].refuses);
        json_push(reasons, r);
        instrument = instrument || a->reasons[i].instrument;
    }
    json_put_str(o, "verdict", verdict_name(a->verdict));
    json_put_str(o, "gates", "gates@1");
    json_put_bool(o, "instrument", instrument);
    json_put(o, "reasons", reasons);
    return o;
}

static json_t *digests_json(const struct evidence_info *info, const json_t *figures)
{
    AUTO(free) char *text = json_canonical(figures);
    json_t *o = json_object();
    struct digest digest;

    json_put_str(o, "plan", info->plan_digest);
    json_put_str(o, "schedule", info->schedule_digest);
    json_put_str(o, "prompts", info->prompts_digest);
    json_put_str(o, "evidenceChain", info->chain_head);
    if (text)
        digest = digest_of(text, strlen(text));
    json_put_str(o, "figures", text ? digest_hex(&digest).text : NULL);
    return o;
}

static void put_run(json_t *o, const struct claim_source *s)
{
    json_put_str(o, "state", s->info->state);
    json_put_str(o, "start", clock_rfc3339(s->info->anchor.real_ns).text);
    json_put_i64(o, "recoveredRecords", s->info->recovered_records);
    json_put_i64(o, "awaitingRecords", s->info->awaiting_records);
    json_put_bool(o, "live", s->info->live);
    json_put(o, "workload", workload_json(s));
    json_put(o, "ledger", ledger_json(&s->analysis->ledger));
    json_put(o, "capacity", capacity_json(s->analysis));
}

static void put_numbers(json_t *o, const struct claim_source *s)
{
    json_put(o, "metrics", metrics_json(s));
    json_put(o, "parts", parts_json(s->analysis));
    if (s->plan->mix_count > 0)
        json_put(o, "mix", mix_json(s));
    json_put(o, "limitedBy", limited_json(s->analysis));
    json_put(o, "utilisation", utilisation_json(s->analysis));
    json_put(o, "tokens", tokens_json(s->analysis));
    json_put(o, "trials", trials_json(s));
    json_put(o, "expectations", expectations_json(s));
}

static void put_grounds(json_t *o, const struct claim_source *s)
{
    json_put(o, "assumptions", assumptions_json(s));
    json_put(o, "representativenessGaps", gaps_json(s));
    json_put(o, "requirements", requirements_json(s));
    json_put(o, "changes", changes_json(s->analysis));
    json_put(o, "conditions", conditions_json(s->analysis));
    json_put(o, "notObserved", not_observed_json(s));
    json_put(o, "stamps", stamps_json(s->analysis));
    json_put(o, "instrument", instrument_json(s));
    json_put(o, "facts", facts_json(s));
}

int claim_build(json_t **ret, const struct claim_source *s, struct err *err)
{
    AUTO(json_unref) json_t *o = json_object();
    AUTO(free) char *sentence = sentence_text(s);
    AUTO(json_unref) json_t *figures = figures_json(s);

    if (!o || !sentence || !figures)
        return err_set(err, -ENOMEM, "out of memory for the claim");
    json_put_i64(o, "asrunClaim", 1);
    json_put_str(o, "asrun", s->asrun);
    json_put_str(o, "sentence", sentence);
    json_put(o, "statement", statement_json(s));
    json_put(o, "verdict", verdict_json(s->analysis));
    json_put_str(o, "answer", answer_name(s->analysis->answer));
    json_put(o, "answers", answers_json(s));
    put_run(o, s);
    put_numbers(o, s);
    put_grounds(o, s);
    json_put(o, "digests", digests_json(s->info, figures));
    json_put(o, "figures", TAKE(figures));
    *ret = TAKE(o);
    return 0;
}

static int build_from(json_t **ret, const struct analysis *a, const struct plan *plan,
                      struct evidence *e, struct err *err)
{
    AUTO(fact_list_release) struct fact_list facts = {0};
    struct fact_sink sink = fact_list_sink(&facts);
    int r = evidence_each_fact(e, sink.put, sink.ctx, err);
    size_t trials;
    const struct claim_source s = {.analysis = a,
                                   .plan = plan,
                                   .info = evidence_info(e),
                                   .trials = evidence_trials(e, &trials),
                                   .facts = facts.items,
                                   .fact_count = facts.count,
                                   .asrun = asrun_version()};

    return r < 0 ? r : claim_build(ret, &s, err);
}

int claim_read(json_t **ret, struct analysis **ret_analysis, struct plan **ret_plan,
               struct evidence *e, double extra_percentile, struct err *err)
{
    AUTO(plan_free) struct plan *plan = NULL;
    AUTO(analysis_free) struct analysis *a = NULL;
    struct err why = {0};
    int r;

    if (evidence_kind(e) != EVIDENCE_RUN)
        return err_set(err, -ENODATA, "%s " CLAIM_NO_RUN, evidence_info(e)->path,
                       evidence_kind_name(evidence_kind(e)));
    r = plan_parse(&plan, evidence_plan(e), evidence_info(e)->path, NULL, 0, &why);
    if (r < 0) /* the plan in the file was valid when it was written */
        return err_set(err, r == -ENOMEM ? r : -EBADMSG, "%s", why.text);
    r = analysis_read(&a, e, plan, extra_percentile, err);
    if (r == 0)
        r = build_from(ret, a, plan, e, err);
    if (r < 0)
        return r;
    *ret_analysis = TAKE(a);
    *ret_plan = TAKE(plan);
    return 0;
}
