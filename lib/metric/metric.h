/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/metric/metric.h - the versioned definitions of design.md's table, as pure functions over a
 * sample's raw times (plus its events for gaps). Base units: seconds, ratio, 1/s, usd.
 * Percentile and SLO semantics are analysis's; this says only what one sample yields.
 */
#pragma once
#include "base/base.h"
#include "record/sample.h"

enum metric_kind {
    METRIC_PER_SAMPLE, /* one value a sample: ttft.*, latency.*, wait.client, tpot */
    METRIC_PER_EVENT,  /* several values a sample: itl.gap */
    METRIC_RATE,       /* over a window: throughput.*, goodput */
    METRIC_SHARE,      /* errors.share, slo_attainment */
    METRIC_COST,       /* cost.*: derived, over SLO-met tokens */
};

struct metric {
    const char *id;   /* "ttft.content.due@1" */
    const char *name; /* "time to first content, from when it was due" */
    const char *unit; /* s, ratio, 1/s, token/s, usd */
    enum metric_kind kind;
    bool lower_is_better;
    bool client_sensitive;  /* void when the client is saturated (docs/method.md) */
    const char *definition; /* one sentence for people */
};

/* The table's first rows are the METRIC_PER_SAMPLE ones, so that they index an array. */
enum { METRIC_SAMPLE_COUNT = 7 };

const struct metric *metric_find(const char *id); /* NULL: unknown */
const struct metric *metric_at(size_t i);         /* NULL past the last */
/* METRIC_PER_SAMPLE: 1 and *@ret in seconds, or 0 when the sample has no such value. */
int metric_sample(double *ret, const struct metric *m, const struct sample *s);
/* Output tokens as reported, else the events that carried any. */
int32_t metric_output_tokens(const struct sample *s);
