/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/evidence/evidence.h - reading an .asrun file: what a run did, in plain structs.
 *
 * Opening for recovery drains what a killed run left in its spool (idempotent, also when killed
 * during recovery) and says so; a read-only open, or one of a run that is still going on, only says
 * how much awaits recovery. Conservation and the block chain are checked on every open.
 *
 * Errors: -EBADMSG the file is no evidence, or its content does not agree with its digests.
 */
#pragma once
#include "base/base.h"
#include "base/clock.h"
#include "record/fact.h"
#include "record/sample.h"
#include "record/connection.h"
#include "record/dispatch.h"
#include "record/second.h"
#include "record/series.h"

enum evidence_open { EVIDENCE_RECOVER = 0, EVIDENCE_READ_ONLY = 1 };

struct evidence; /* opaque */

struct evidence_trial {
    uint32_t trial;
    int64_t start_ns, end_ns; /* since the anchor; end TIME_NONE if it never ended */
    int64_t last_due_ns;      /* the last arrival; TIME_NONE for a closed loop until its end */
    uint32_t first, count;    /* its items in the schedule */
    int64_t skipped;          /* items that came after one that did not end well */
    char outcome[24];         /* complete, interrupted, stopped, killed */
    char reset[24];
};

/* One step of a sweep or a search: a run of its own inside the file. */
struct evidence_step {
    uint32_t step;
    uint32_t first, count;        /* its items */
    uint32_t first_trial, trials; /* its trials */
    uint32_t target;              /* which of the run's targets, from 1; 0: there is only one */
    const char *overrides;        /* JSON: what it sets over the run's plan */
    const char *plan;             /* its effective plan */
    const char *why;              /* why this one was next; "" in a sweep */
    const char *plan_digest, *schedule_digest, *prompts_digest;
};

struct evidence_info {
    char path[512];
    char state[16]; /* running, complete, interrupted, killed */
    struct clock_anchor anchor;
    char plan_digest[65], schedule_digest[65], prompts_digest[65], chain_head[65];
    uint32_t scheduled; /* items in the schedule, all trials */
    uint32_t trials;
    int64_t samples;           /* rows */
    int64_t recovered_records; /* by this open */
    int64_t awaiting_records;  /* in an unlocked spool, of a read-only open */
    int64_t lost_records;      /* ring was full: counted, never silent */
    bool live;                 /* a writer holds the spool */
};

NODISCARD int evidence_open(struct evidence **ret, const char *path, enum evidence_open mode,
                            struct err *err);
void evidence_close(struct evidence *e);
DEFINE_AUTO(struct evidence *, evidence_close)

const struct evidence_info *evidence_info(const struct evidence *e);
const struct evidence_trial *evidence_trials(const struct evidence *e, size_t *count);
/* The effective plan (canonical JSON). Borrowed. */
const char *evidence_plan(const struct evidence *e);
/* What wrote the file. Only a run has a plan. */
enum evidence_kind {
    EVIDENCE_RUN,
    EVIDENCE_WITNESS,  /* packets of another client's run (docs/formats/evidence.md, "Witness
                          files"): @scheduled is the number of samples */
    EVIDENCE_ENVELOPE, /* measured ceilings of a host: envelope_read() */
};
enum evidence_kind evidence_kind(struct evidence *e);
const char *evidence_kind_name(enum evidence_kind k); /* "run", "witness", "envelope" */
/* Packets were watched beside the run (load.witness): there is a second series of times, the
 * wire's.
 */
bool evidence_has_wire(struct evidence *e);
/* From now on samples and events are walked with the wire's times and no others: due, released and
 * what was asked for are the run's. Where the wire has not the whole answer, a sample has no times
 * but its end, and no events. @kernel of a sample then says whether the wire has it.
 * -ENODATA: there is no such series. */
NODISCARD int evidence_use_wire(struct evidence *e, struct err *err);
bool evidence_uses_wire(const struct evidence *e);
/* The steps of a sweep or a search, in the order in which they run; none: *@count is 0. */
const struct evidence_step *evidence_steps(const struct evidence *e, size_t *count);
/* Shows only step @step, as if it were a run of its own: its info, trials, plan, samples, events,
 * seconds and facts, samples and trials numbered from 0. EVIDENCE_WHOLE: all of the file again. */
enum { EVIDENCE_WHOLE = UINT32_MAX };
void evidence_select(struct evidence *e, uint32_t step);
/* When the selected step's trials were over; INT64_MAX: none is selected, or it has no end. */
int64_t evidence_until_ns(const struct evidence *e);
/* The number that the meta table has of @key for trial @trial ("cap_waits.0"); 0: none. */
int64_t evidence_trial_number(struct evidence *e, const char *key, size_t trial);
/* A single value of the run's meta table; NULL if absent. Borrowed until close. */
const char *evidence_meta(struct evidence *e, const char *key);

/* Visitors get borrowed structs; a negative return ends the walk and is forwarded. */
typedef int (*sample_visit)(void *ctx, const struct sample *s);
typedef int (*event_visit)(void *ctx, uint32_t sample, uint32_t index, const struct event *e);
typedef int (*fact_visit)(void *ctx, const struct fact *f);
typedef int (*second_visit)(void *ctx, const struct second *s);
typedef int (*connection_visit)(void *ctx, const struct connection *c);
typedef int (*note_visit)(void *ctx, int64_t time_ns, const char *kind, const char *text);
NODISCARD int evidence_each_sample(struct evidence *e, sample_visit fn, void *ctx, struct err *err);
/* Events of one sample, or of all (@sample UINT32_MAX), in order of sample and index. */
NODISCARD int evidence_each_event(struct evidence *e, uint32_t sample, event_visit fn, void *ctx,
                                  struct err *err);
NODISCARD int evidence_each_fact(struct evidence *e, fact_visit fn, void *ctx, struct err *err);
NODISCARD int evidence_each_note(struct evidence *e, note_visit fn, void *ctx, struct err *err);
/* How many answers were good, and how many of them the wire has not wholly. */
NODISCARD int evidence_wire_missing(struct evidence *e, int64_t *good, int64_t *missing,
                                    struct err *err);
/* Each event that both series have: the run's own and the wire's. */
typedef int (*pair_visit)(void *ctx, const struct event *own, const struct event *wire);
NODISCARD int evidence_each_pair(struct evidence *e, pair_visit fn, void *ctx, struct err *err);
/* By trial, start and thread; none in files of versions that did not measure themselves. */
NODISCARD int evidence_each_second(struct evidence *e, second_visit fn, void *ctx, struct err *err);
/* As they were closed, by thread about; none in files of versions that did not write them down. */
NODISCARD int evidence_each_connection(struct evidence *e, connection_visit fn, void *ctx,
                                       struct err *err);
/* What probes told over time: each series as it was declared; the rows of one, or of all
 * (EVIDENCE_ALL_SERIES), in order of time, of a selected step those while its trials ran; what was
 * dispatched, of a selected step in its trials. None in files of versions without probes. */
enum { EVIDENCE_ALL_SERIES = UINT32_MAX };
typedef int (*series_visit)(void *ctx, uint32_t id, const struct series *s);
typedef int (*telemetry_visit)(void *ctx, const struct series *s, const struct telemetry_row *row);
typedef int (*dispatch_visit)(void *ctx, const struct dispatch_row *row);
NODISCARD int evidence_each_series(struct evidence *e, series_visit fn, void *ctx, struct err *err);
NODISCARD int evidence_each_telemetry(struct evidence *e, uint32_t series, telemetry_visit fn,
                                      void *ctx, struct err *err);
NODISCARD int evidence_each_dispatch(struct evidence *e, dispatch_visit fn, void *ctx,
                                     struct err *err);
