/* SPDX-License-Identifier: Apache-2.0 */
/* Fast at what, under which stack, measured how: one sentence, generated. */
#include "base/units.h"
#include "claim/parts.h"
#include "plan/api.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

struct headline {
    const struct metric *metric;
    double percentile;
    struct estimate estimate;
};

/* What was asked first; else the median of the headline metric of this kind of load. */
static struct headline headline_of(const struct claim_source *s)
{
    const struct analysis *a = s->analysis;
    bool closed = s->plan->load.arrivals == ARRIVALS_CLOSED;
    struct headline h = {.percentile = 50};

    if (s->plan->good_count > 0) {
        h.metric = metric_find(s->plan->good[0].metric);
        h.percentile = s->plan->good[0].percentile;
        h.estimate = a->answers[0].estimate;
    }
    if (!h.metric) {
        h.metric = metric_find(closed ? "ttft.content.sent@1" : "ttft.content.due@1");
        if (api_lacks(s->plan->target.api, h.metric->id))
            h.metric = metric_find(closed ? "latency.sent@1" : "latency.due@1");
        h.percentile = 50;
        h.estimate = a->summaries[h.metric - metric_at(0)].percentile[0];
    }
    return h;
}

void value_text(struct str *out, const char *unit, double v)
{
    if (strcmp(unit, "s") == 0)
        str_add(out, units_show_ns(v * 1e9).text);
    else if (strcmp(unit, "ratio") == 0)
        str_addf(out, "%.4g %%", 100 * v);
    else if (strcmp(unit, "usd") == 0)
        str_addf(out, "%.4g USD", v);
    else if (strcmp(unit, "1/s") == 0)
        str_addf(out, "%.4g per second", v);
    else
        str_addf(out, "%.4g %s", v, unit);
}

void ratio_text(struct str *out, double ratio)
{
    double inverse = 1 / ratio;

    if (ratio < 1 && fabs(inverse - round(inverse)) < 1e-9 * inverse)
        str_addf(out, "1/%.0f", inverse);
    else
        str_addf(out, "%.4g", ratio);
}

static void scale_text(struct str *out, const char *what, double ratio)
{
    if (ratio == 1)
        return;
    str_addf(out, ", %s x ", what);
    ratio_text(out, ratio);
}

void lengths_text(struct str *out, const struct plan *p)
{
    str_addf(out, "%d in", p->fixed_input);
    if (p->fixed_output)
        str_addf(out, ", %d out", p->fixed_output);
}

void workload_text(struct str *out, const struct plan *p)
{
    if (p->family[0])
        str_addf(out, "%s (", p->family);
    if (p->mix_count > 0) {
        mix_text(out, p);
    } else if (p->profile[0]) {
        const char *slash = strrchr(p->profile, '/');

        str_addf(out, "profile %s", slash ? slash + 1 : p->profile);
    } else {
        str_add(out, "fixed lengths ");
        lengths_text(out, p);
    }
    scale_text(out, "lengths", p->scale_lengths);
    scale_text(out, "rate", p->scale_rate);
    if (p->family[0])
        str_add(out, ")");
}

static void repeat_text(struct str *out, const struct plan *p)
{
    if (p->load.repeat > 1)
        str_addf(out, ", all of it %d times", p->load.repeat);
}

static void rate_text(struct str *out, const struct plan *p, const char *kind)
{
    str_addf(out, "%s arrivals", kind);
    if (!p->load.stage_count)
        str_addf(out, " at %.4g per second", p->load.rate_per_s);
    for (size_t i = 0; i < p->load.stage_count; i++)
        str_addf(out, "%s%s for %s", i ? ", then " : " at ", stage_text(&p->load.stages[i]).text,
                 units_exact_ns(p->load.stages[i].for_ns).text);
    repeat_text(out, p);
}

static void slots_text(struct str *out, const struct plan *p)
{
    if (!p->load.stage_count)
        str_addf(out, "a closed loop of %d at a time", p->load.concurrency);
    for (size_t i = 0; i < p->load.stage_count; i++)
        str_addf(out, "%s%s%s for %s", i ? ", then " : "a closed loop of ",
                 stage_text(&p->load.stages[i]).text, i ? "" : " at a time",
                 units_exact_ns(p->load.stages[i].for_ns).text);
    repeat_text(out, p);
    if (p->load.opening_ns)
        str_addf(out, ", slots opening over %s", units_exact_ns(p->load.opening_ns).text);
}

void load_text(struct str *out, const struct plan *p)
{
    switch (p->load.arrivals) {
    case ARRIVALS_CLOSED:
        slots_text(out, p);
        if (p->load.think_ns)
            str_addf(out, ", each resting %s%s after an answer",
                     units_show_ns((double)p->load.think_ns).text,
                     p->load.think_exponential ? " (exponential mean)" : "");
        break;
    case ARRIVALS_REPLAY:
        str_add(out, "the profile's own arrivals");
        if (p->load.speedup != 1)
            str_addf(out, " at %.4g times their speed", p->load.speedup);
        break;
    case ARRIVALS_POISSON:
        rate_text(out, p, "Poisson");
        break;
    case ARRIVALS_GAMMA:
        rate_text(out, p, "gamma");
        str_addf(out, ", burstiness %.4g", p->load.burstiness);
        break;
    case ARRIVALS_CONSTANT:
        rate_text(out, p, "constant");
        break;
    }
}

static void stack_text(struct str *out, const struct claim_source *s)
{
    const char *engine = fact_value(s, "engine.name"), *version = fact_value(s, "engine.version");

    if (engine)
        str_addf(out, "%s%s%s", engine, version ? " " : "", version ? version : "");
    else
        str_add(out, "an engine that doesn't say what it is");
    str_addf(out, ", model %s, at %s", s->plan->target.model, s->plan->target.url);
    if (s->plan->target.api != API_CHAT && s->plan->target.api != API_COMPLETIONS)
        str_addf(out, " (%s)", api_name(s->plan->target.api));
    required_text(out, s);
}

static void number_text(struct str *out, const struct headline *h)
{
    const struct estimate *e = &h->estimate;
    const char *unit = h->metric->unit;

    if (e->state == ESTIMATE_NEEDS)
        str_addf(out, "could not be established (needs %" PRId64 " more requests)", e->needs);
    else if (e->state != ESTIMATE_OK)
        str_addf(out, "could not be established (%s)", e->why);
    if (e->state != ESTIMATE_OK)
        return;
    str_add(out, "was ");
    value_text(out, unit, e->value);
    if (isnan(e->lo) && isnan(e->hi)) {
        str_addf(out, " (%s)", e->why[0] ? e->why : "no interval");
        return;
    }
    str_add(out, " (95 % interval ");
    value_text(out, unit, e->lo);
    str_add(out, isinf(e->hi) ? " and beyond" : " to ");
    if (!isinf(e->hi))
        value_text(out, unit, e->hi);
    str_add(out, ")");
}

static void measured_text(struct str *out, const struct claim_source *s)
{
    const char *source = stamps_source(s->analysis);
    size_t trials = s->analysis->in.trial_count;

    str_addf(out,
             "measured by asrun at the client, %s, over %" PRId64
             " counted requests in %zu trial%s",
             strcmp(source, "wire") == 0     ? "by the kernel's stamps of the packets"
             : strcmp(source, "kernel") == 0 ? "by kernel receive stamps"
                                             : "by user-space stamps",
             s->analysis->ledger.total.counted, trials, trials == 1 ? "" : "s");
}

char *sentence_text(const struct claim_source *s)
{
    AUTO(str_release) struct str out = {0};
    struct headline h = headline_of(s);

    if (!isnan(h.percentile))
        str_addf(&out, "The p%g ", h.percentile);
    else
        str_add(&out, h.metric->kind == METRIC_PER_SAMPLE || h.metric->kind == METRIC_PER_EVENT
                          ? "The mean "
                          : "The ");
    str_addf(&out, "%s%s ", h.metric->name, strchr(h.metric->name, ',') ? "," : "");
    number_text(&out, &h);
    str_add(&out, " for ");
    workload_text(&out, s->plan);
    str_add(&out, " under ");
    load_text(&out, s->plan);
    str_add(&out, " on ");
    stack_text(&out, s);
    str_add(&out, "; ");
    measured_text(&out, s);
    str_add(&out, ".");
    return str_take(&out);
}

json_t *statement_json(const struct claim_source *s)
{
    struct headline h = headline_of(s);
    json_t *o = estimate_json(&h.estimate);

    json_put_str(o, "metric", h.metric->id);
    json_put_str(o, "name", h.metric->name);
    json_put_str(o, "unit", h.metric->unit);
    json_put(o, "statistic", statistic_json(h.percentile));
    return o;
}
