/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/parts.h"

static json_t *outcomes_json(const struct ledger_row *r)
{
    json_t *o = json_object();

    for (int i = 0; i < OUTCOME_COUNT_; i++)
        if (r->outcomes[i] > 0)
            json_put_i64(o, outcome_name((enum outcome)i), r->outcomes[i]);
    return o;
}

static json_t *not_executed_json(const struct ledger_row *r)
{
    json_t *o = json_object();

    for (int i = 0; i < NOT_EXECUTED_COUNT_; i++)
        if (r->not_executed[i] > 0)
            json_put_i64(o, not_executed_name((enum not_executed)i), r->not_executed[i]);
    return o;
}

static json_t *row_json(const struct ledger_row *r)
{
    json_t *o = json_object(), *excluded = json_object();

    json_put_i64(o, "scheduled", r->scheduled);
    json_put_i64(o, "executed", r->counted + r->warm_up + r->pilot);
    json_put_i64(o, "counted", r->counted);
    json_put_i64(excluded, "warm_up", r->warm_up);
    json_put_i64(excluded, "capacity_pilot", r->pilot);
    json_put(o, "excluded", excluded);
    json_put_i64(o, "excludedFailed", r->warm_up_failed);
    json_put(o, "notExecuted", not_executed_json(r));
    json_put(o, "outcomes", outcomes_json(r));
    json_put_bool(o, "balanced", ledger_balances(r));
    return o;
}

json_t *ledger_json(const struct ledger *l)
{
    json_t *o = row_json(&l->total), *trials = json_array();

    for (size_t t = 0; t < l->trial_count; t++)
        json_push(trials, row_json(&l->trials[t]));
    json_put(o, "trials", trials);
    json_put(o, "neverBegun", row_json(&l->unbegun));
    json_put(o, "capacityPilot", row_json(&l->pilot));
    return o;
}

json_t *capacity_json(const struct analysis *a)
{
    const struct capacity *c = &a->capacity;
    json_t *o;

    if (a->pilot.count == 0)
        return json_null();
    o = json_object();
    json_put_i64(o, "requests", c->requests);
    json_put_i64(o, "failed", c->failed);
    json_put_i64(o, "concurrency", c->concurrency);
    json_put_real(o, "requestsPerSecond", c->per_s);
    json_put_real(o, "offeredPerSecond", c->offered_per_s);
    json_put_real(o, "offeredShare", c->share);
    return o;
}

int claim_ledger(json_t **ret, struct evidence *e, struct err *err)
{
    AUTO(plan_free) struct plan *plan = NULL;
    AUTO(analysis_free) struct analysis *a = NULL;
    struct err why = {0};
    int r;

    if (evidence_kind(e) != EVIDENCE_RUN)
        return err_set(err, -ENODATA, "%s " CLAIM_NO_RUN, evidence_info(e)->path,
                       evidence_kind_name(evidence_kind(e)));
    r = plan_parse(&plan, evidence_plan(e), evidence_info(e)->path, NULL, 0, &why);
    if (r < 0)
        return err_set(err, r == -ENOMEM ? r : -EBADMSG, "%s", why.text);
    r = analysis_read_ledger(&a, e, plan, err);
    if (r == 0)
        *ret = ledger_json(&a->ledger);
    return r;
}
