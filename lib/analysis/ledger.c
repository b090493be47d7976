/* SPDX-License-Identifier: Apache-2.0 */
/* scheduled = counted + excluded by a declared rule + not executed for a reason. To the request. */
#include "analysis/row.h"
#include <stdio.h>
#include <string.h>

const char *not_executed_name(enum not_executed n)
{
    static const char *const names[NOT_EXECUTED_COUNT_] = {
        "stopped",       "interrupted",       "killed", "duration over", "record lost",
        "still running", "predecessor failed"};

    return (size_t)n < COUNT_OF(names) ? names[n] : "?";
}

bool row_is_warm_up(const struct analysis *a, const struct row *r)
{
    const struct evidence_trial *t = &a->trials[r->trial];
    const struct plan *p = a->in.plan;

    if (p->exclude.warm_up == WARM_UP_DURATION)
        return r->due_ns - t->start_ns < p->exclude.warm_up_ns;
    if (p->exclude.warm_up == WARM_UP_REQUESTS)
        return (int64_t)(r->id - t->first) < p->exclude.warm_up_requests;
    return false;
}

/* Why an item of a trial in @outcome has no sample; NOT_EXECUTED_COUNT_: nothing explains it. */
static enum not_executed reason_of(const struct analysis *a, const char *outcome)
{
    if (strcmp(outcome, "interrupted") == 0)
        return NOT_INTERRUPTED;
    if (strcmp(outcome, "stopped") == 0)
        return NOT_STOPPED;
    if (strcmp(outcome, "killed") == 0)
        return NOT_KILLED;
    if (strcmp(outcome, "running") == 0)
        return NOT_RUNNING;
    if (a->in.lost_records > 0)
        return NOT_LOST;
    return a->in.plan->load.duration_ns > 0 ? NOT_DURATION : NOT_EXECUTED_COUNT_;
}

static void count_rows(struct analysis *a)
{
    for (size_t i = 0; i < a->row_count; i++) {
        const struct row *r = &a->rows[i];
        struct ledger_row *l = &a->ledger.trials[r->trial];

        if (r->warm_up) {
            l->warm_up++;
            l->warm_up_failed += outcome_failed(r->outcome);
        } else {
            l->counted++;
            l->outcomes[r->outcome]++;
        }
    }
}

static int64_t executed(const struct ledger_row *r)
{
    return r->counted + r->warm_up + r->pilot;
}

/* A trial that never ended shares the fate of the run. @skipped: explained already. */
static int explain_rest(struct analysis *a, struct ledger_row *l, int64_t skipped,
                        const char *outcome, const char *what, struct err *err)
{
    int64_t rest = l->scheduled - executed(l) - skipped;
    bool open = outcome[0] == '\0' || strcmp(outcome, "running") == 0;
    enum not_executed why = reason_of(a, open ? a->in.state : outcome);

    if (rest < 0 || skipped < 0)
        return err_set(err, -EBADMSG, "the ledger does not balance: %s has more samples than items",
                       what);
    if (rest > 0 && why == NOT_EXECUTED_COUNT_)
        return err_set(err, -EBADMSG,
                       "the ledger does not balance: %" PRId64 " items of %s have no sample, and "
                       "nothing says why",
                       rest, what);
    l->not_executed[NOT_PREDECESSOR] += skipped;
    if (rest > 0)
        l->not_executed[why] += rest;
    return 0;
}

static void add_row(struct ledger_row *to, const struct ledger_row *r)
{
    to->scheduled += r->scheduled;
    to->counted += r->counted;
    to->warm_up += r->warm_up;
    to->pilot += r->pilot;
    to->warm_up_failed += r->warm_up_failed;
    for (size_t i = 0; i < NOT_EXECUTED_COUNT_; i++)
        to->not_executed[i] += r->not_executed[i];
    for (size_t i = 0; i < OUTCOME_COUNT_; i++)
        to->outcomes[i] += r->outcomes[i];
}

bool ledger_balances(const struct ledger_row *r)
{
    int64_t sum = executed(r), outcomes = 0;

    for (size_t i = 0; i < NOT_EXECUTED_COUNT_; i++)
        sum += r->not_executed[i];
    for (size_t i = 0; i < OUTCOME_COUNT_; i++)
        outcomes += r->outcomes[i];
    return sum == r->scheduled && outcomes == r->counted;
}

static int fill_trials(struct analysis *a, struct err *err)
{
    struct ledger *l = &a->ledger;
    int r = 0;

    for (size_t t = 0; t < l->trial_count && r == 0; t++) {
        char what[32];

        (void)snprintf(what, sizeof what, "trial %zu", t + 1);
        l->trials[t].scheduled = a->trials[t].count;
        r = explain_rest(a, &l->trials[t], a->trials[t].skipped, a->trials[t].outcome, what, err);
        add_row(&l->total, &l->trials[t]);
    }
    if (r == 0 && a->pilot.count > 0) {
        l->pilot.scheduled = a->pilot.count;
        l->pilot.pilot = a->capacity.requests;
        r = explain_rest(a, &l->pilot, 0, a->pilot.outcome, "the capacity pilot", err);
        add_row(&l->total, &l->pilot);
    }
    return r;
}

int ledger_make(struct analysis *a, struct err *err)
{
    struct ledger *l = &a->ledger;
    int r;

    count_rows(a);
    r = fill_trials(a, err);
    if (r < 0)
        return r;
    l->unbegun.scheduled = (int64_t)a->in.scheduled - l->total.scheduled;
    if (l->unbegun.scheduled < 0)
        return err_set(err, -EBADMSG,
                       "the ledger does not balance: the trials hold more items than the schedule");
    r = explain_rest(a, &l->unbegun, 0, a->in.state, "the trials that never began", err);
    if (r < 0)
        return r;
    add_row(&l->total, &l->unbegun);
    if (!ledger_balances(&l->total))
        return err_set(err, -EBADMSG, "the ledger does not balance");
    return 0;
}
