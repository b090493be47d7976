/* SPDX-License-Identifier: Apache-2.0 */
/* lib/evidence/open.h - an open evidence file, as its reader's two source files see it. */
#pragma once
#include "base/arena.h"
#include "evidence/evidence.h"
#include "evidence/sql.h"
#include "evidence/table.h"

struct pair {
    const char *key, *value;
};

struct evidence {
    bool wire;   /* walks give the wire's series */
    sqlite3 *db; /* in one read transaction from open to close: a consistent picture */
    struct evidence_info info;
    struct arena words;
    struct pair *meta;
    size_t meta_count, meta_cap;
    struct evidence_trial *trials;
    size_t trial_count, trial_cap;
    struct evidence_step *steps;
    size_t step_count, step_cap;
    struct evidence_info whole;         /* @info while a step is selected */
    const struct evidence_step *step;   /* the selected one; NULL: the whole file */
    struct evidence_trial *step_trials; /* its trials, numbered anew */
    size_t step_trial_count;
    uint64_t *seen; /* a bit a sample, while checking */
};

/* Decoding of parts; @events is reused from one to the next. */
struct scratch {
    struct event *events;
    size_t cap;
};
void scratch_release(struct scratch *p);
DEFINE_AUTO_HELD(struct scratch, scratch_release)
/* Columns of @st: sample, first_index, events, blob. -EBADMSG, -ENOMEM. */
NODISCARD int scratch_decode(struct scratch *p, size_t *n, sqlite3_stmt *st, struct err *err);

/* wire.c: the statements of walks that give the wire's series. */
NODISCARD int wire_select_samples(sqlite3_stmt **ret, sqlite3 *db, struct err *err);
NODISCARD int wire_select_events(sqlite3_stmt **ret, sqlite3 *db, struct err *err);
/* steps.c: reads them from the meta table; -EBADMSG. */
NODISCARD int evidence_load_steps(struct evidence *e, struct err *err);
/* The ids of the selected items: [*@first, *@last]. */
void evidence_items(const struct evidence *e, int64_t *first, int64_t *last);
