/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/track.h - scrapes of one page after each other: gauges as they are, counters as growth
 * a second, restarts noticed, and what grew over the run. Private to probe.
 *
 * A counter that goes down, or a later process_start_time_seconds, is a restart: the growth between
 * the scrapes around it is unknown, is not put, and is in no total. A total is a lower bound then,
 * and its source says so.
 */
#pragma once
#include "probe/ops.h"
#include "probe/scrape.h"

struct track;

/* @page: "GET /metrics", for sources; both are borrowed. */
NODISCARD int track_new(struct track **ret, const struct metric_map *m, const char *page,
                        const struct probe_out *out);
/* A scrape that was asked for at @now_ns. 0 or what a sink returned. */
NODISCARD int track_take(struct track *t, const struct scrape *s, int64_t now_ns);
/* Puts totals, ratios, facts from labels, and what the page never had. */
NODISCARD int track_finish(struct track *t);
void track_free(struct track *t); /* NULL is a no-op */
DEFINE_AUTO(struct track *, track_free)
