/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/evidence/recover.h - what a killed run left: its spool's records become rows, samples in
 * flight become interrupted ones, and the run's state "killed", all in one transaction. Killed at
 * any instant itself, it can be started again and comes to the same result.
 */
#pragma once
#include "base/base.h"
#include "evidence/packer.h"
#include "evidence/spool.h"

struct recovery {
    bool live;       /* a writer, or another recovery, holds the spool: nothing was done */
    int64_t records; /* taken from the spool */
};

/* @path is evidence without a final state. */
NODISCARD int evidence_recover(struct recovery *ret, const char *path, struct err *err);
/* Repeats what a kill may have left undone after the final state: seal, and remove the spool. */
void evidence_tidy(const char *path, const char *spool_id);
/* Replays @spool (with @positions from the store, one a ring) into @r. Notes what doesn't fit. */
NODISCARD int recover_replay(struct packer *r, const struct spool *spool, const int64_t *positions,
                             int64_t *records, struct err *err);
