/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/evidence/writer.h - writing a run: the store (one SQLite file), the spool beside it, and
 * the recorder that packs the spool's records into the store. See docs/formats/evidence.md.
 *
 * Threads: the store belongs to one thread at a time; the rings' producers are the I/O threads.
 */
#pragma once
#include "base/base.h"
#include "base/clock.h"
#include "record/fact.h"
#include "record/ring.h"
#include "record/sample.h"
#include "record/dispatch.h"
#include "record/series.h"

struct store; /* opaque */

struct store_begin {  /* all of it is in the file, durable, before the first request */
    const char *plan; /* effective plan, canonical JSON */
    struct clock_anchor anchor;
    const char *plan_digest, *schedule_digest, *prompts_digest; /* hex */
    uint32_t scheduled, trials;
    const char *asrun_version;
    bool closed_loop; /* the live ttft counts from sent instead of due */
    bool wire;        /* sample @scheduled + i of the records is sample i as the packets had it; at
                         most INT32_MAX items */
};

/* Creates @path (-EEXIST if it exists: evidence is never overwritten) and its spool with @threads
 * rings of @ring_records (a power of two) records each, preallocated and pre-faulted, locked. */
NODISCARD int store_create(struct store **ret, const char *path, int threads, uint64_t ring_records,
                           struct err *err);
NODISCARD int store_begin(struct store *s, const struct store_begin *b, struct err *err);
struct ring *store_ring(struct store *s, int thread); /* for load_config.rings */
/* -EEXIST: @key is there already; nothing in the evidence is ever changed. */
NODISCARD int store_meta(struct store *s, const char *key, const char *value, struct err *err);
/* Facts and notes are durable with the next commit. */
NODISCARD int store_fact(struct store *s, const struct fact *f, struct err *err);
/* A dated remark: interrupted, clock step, cap reached, resend ... @time_ns since the anchor. */
NODISCARD int store_note(struct store *s, int64_t time_ns, const char *kind, const char *text,
                         struct err *err);
/* Numbers over time, and what was dispatched; durable with the next commit. Each series has an @id
 * of its own. -ENOBUFS: as many rows wait for a commit as may; none of these was taken. */
NODISCARD int store_series(struct store *s, uint32_t id, const struct series *series,
                           struct err *err);
NODISCARD int store_telemetry(struct store *s, const struct telemetry_row *rows, size_t n,
                              struct err *err);
NODISCARD int store_dispatch(struct store *s, const struct dispatch_row *row, struct err *err);
/* Times are since the anchor. A trial is begun before its first sample and ended after its last. */
NODISCARD int store_trial_begin(struct store *s, uint32_t trial, int64_t start_ns, uint32_t first,
                                uint32_t count, const char *reset, struct err *err);
NODISCARD int store_trial_end(struct store *s, uint32_t trial, int64_t end_ns, int64_t last_due_ns,
                              const char *outcome, struct err *err);

/* What the recorder has seen; for the progress line. Latencies are in ns. */
struct store_live {
    uint64_t started, ended, ok; /* ok: none that failed */
    uint64_t in_flight;
    double ttft_p50_ns, ttft_p99_ns; /* due (open) or sent (closed) to first content; NAN: none */
    uint64_t output_events;
};

/* Drains the rings into memory; packs and commits what is due (about every 200 ms, each pending
 * stream at least once a second). Call it every 10 to 50 ms with CLOCK_MONOTONIC. When the file
 * can't be written the records stay in the spool and a later call tries again; until a try succeeds
 * every call returns the error. */
NODISCARD int store_pump(struct store *s, int64_t now_ns, struct err *err);
void store_live(const struct store *s, struct store_live *ret);
/* Packs and commits everything that has been published. */
NODISCARD int store_flush(struct store *s, struct err *err);
/* Ends the run: flush, state ("complete" or "interrupted"), checkpoint, chain head, spool removed.
 */
NODISCARD int store_finish(struct store *s, const char *state, struct err *err);
void store_close(struct store *s); /* NULL is a no-op; without store_finish() the spool stays */
DEFINE_AUTO(struct store *, store_close)
