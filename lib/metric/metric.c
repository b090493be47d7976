/* SPDX-License-Identifier: Apache-2.0 */
/* The table of definitions. Once released, an id keeps its meaning: changes get a new version. */
#include "metric/metric.h"
#include <string.h>

static const struct metric metrics[] = {
    {"ttft.content.due@1", "time to first content, from when it was due", "s", METRIC_PER_SAMPLE,
     true, true,
     "From the moment the plan wanted the request sent to the first event with non-empty content, "
     "reasoning or tool call."},
    {"ttft.content.sent@1", "time to first content, from sending", "s", METRIC_PER_SAMPLE, true,
     false,
     "From the first request byte written to the first event with non-empty content, reasoning or "
     "tool call."},
    {"ttft.choice.sent@1", "time to first choice event, from sending", "s", METRIC_PER_SAMPLE, true,
     false,
     "From the first request byte written to the first event with choices, even an empty role "
     "delta."},
    {"latency.due@1", "response time, from when it was due", "s", METRIC_PER_SAMPLE, true, true,
     "From the moment the plan wanted the request sent to the end of the response."},
    {"latency.sent@1", "response time, from sending", "s", METRIC_PER_SAMPLE, true, false,
     "From the first request byte written to the end of the response."},
    {"wait.client@1", "wait at the client", "s", METRIC_PER_SAMPLE, true, true,
     "From the moment the plan wanted the request sent to the first request byte written, a new "
     "connection included."},
    {"tpot.after_first@1", "time per output token after the first", "s", METRIC_PER_SAMPLE, true,
     false,
     "From the first to the last event with content, over the output tokens less one; tokens as "
     "the engine reports them, else as events are counted."},
    {"itl.gap@1", "gap between content events", "s", METRIC_PER_EVENT, true, false,
     "Between successive events with content of one response; withheld where more than 1 % of "
     "these events hold several tokens."},
    {"throughput.requests@1", "rate of completed requests", "1/s", METRIC_RATE, false, true,
     "Good responses that ended in the measured window, over its length."},
    {"throughput.output_tokens@1", "rate of output tokens", "token/s", METRIC_RATE, false, true,
     "Output tokens by the time of the event that carried them, over the measured window."},
    {"throughput.total_tokens@1", "rate of input and output tokens", "token/s", METRIC_RATE, false,
     true,
     "Output tokens by the time of their event and input tokens by the time of the first content, "
     "over the measured window."},
    {"goodput@1", "rate of requests within every limit", "1/s", METRIC_RATE, false, true,
     "Responses that met every limit of the plan and ended in the measured window, over its "
     "length."},
    {"slo_attainment@1", "share of requests within every limit", "ratio", METRIC_SHARE, false, true,
     "Counted requests that met every limit of the plan, over all counted requests; failures are "
     "in the denominator."},
    {"errors.share@1", "share of failed requests", "ratio", METRIC_SHARE, true, false,
     "Counted requests that the target or the connection failed, over all counted requests; those "
     "that asrun itself cut off are in the denominator only."},
    {"cost.per_million_output@1", "cost of a million output tokens", "usd", METRIC_COST, true, true,
     "The declared price of an hour over the output tokens of an hour; only tokens of requests "
     "within every limit, where the plan has limits."},
    {"energy.per_output_token@1", "energy per output token", "J/token", METRIC_COST, true, true,
     "Energy over output tokens of requests within every limit; needs a power meter, and none is "
     "read yet."},
};

const struct metric *metric_find(const char *id)
{
    for (size_t i = 0; i < COUNT_OF(metrics); i++)
        if (strcmp(metrics[i].id, id) == 0)
            return &metrics[i];
    return NULL;
}

const struct metric *metric_at(size_t i)
{
    return i < COUNT_OF(metrics) ? &metrics[i] : NULL;
}

static int span(double *ret, int64_t from_ns, int64_t to_ns)
{
    if (from_ns == TIME_NONE || to_ns == TIME_NONE)
        return 0;
    *ret = (double)(to_ns - from_ns) / 1e9;
    return 1;
}

int32_t metric_output_tokens(const struct sample *s)
{
    return s->output_reported != COUNT_NONE ? s->output_reported : s->content_events;
}

static int ttft_due(double *ret, const struct sample *s)
{
    return span(ret, s->due_ns, s->first_content_ns);
}

static int ttft_sent(double *ret, const struct sample *s)
{
    return span(ret, s->sent_ns, s->first_content_ns);
}

static int ttft_choice(double *ret, const struct sample *s)
{
    return span(ret, s->sent_ns, s->first_choice_ns);
}

/* The end of a failure is not the end of a response. */
static int64_t response_end(const struct sample *s)
{
    return s->outcome == OUTCOME_OK ? s->end_ns : TIME_NONE;
}

static int latency_due(double *ret, const struct sample *s)
{
    return span(ret, s->due_ns, response_end(s));
}

static int latency_sent(double *ret, const struct sample *s)
{
    return span(ret, s->sent_ns, response_end(s));
}

static int wait_client(double *ret, const struct sample *s)
{
    return span(ret, s->due_ns, s->sent_ns);
}

static int tpot(double *ret, const struct sample *s)
{
    int32_t tokens = metric_output_tokens(s);
    double whole;

    if (s->outcome != OUTCOME_OK || tokens < 2 || s->content_events < 2 ||
        !span(&whole, s->first_content_ns, s->last_content_ns))
        return 0;
    *ret = whole / (double)(tokens - 1);
    return 1;
}

int metric_sample(double *ret, const struct metric *m, const struct sample *s)
{
    /* In the order of the table, whose first rows these are. */
    static int (*const fns[])(double *, const struct sample *) = {
        ttft_due, ttft_sent, ttft_choice, latency_due, latency_sent, wait_client, tpot};
    size_t i = (size_t)(m - metrics);

    _Static_assert(COUNT_OF(fns) == METRIC_SAMPLE_COUNT, "one for each METRIC_PER_SAMPLE row");
    return i < COUNT_OF(fns) ? fns[i](ret, s) : 0;
}
