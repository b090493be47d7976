/* SPDX-License-Identifier: Apache-2.0 */
/* lib/evidence/open.h - an open evidence file, as its reader's two source files see it. */
#pragma once
#include "base/arena.h"
#include "evidence/evidence.h"
#include "evidence/sql.h"

struct pair {
    const char *key, *value;
};

struct evidence {
    sqlite3 *db; /* in one read transaction from open to close: a consistent picture */
    struct evidence_info info;
    struct arena words;
    struct pair *meta;
    size_t meta_count, meta_cap;
    struct evidence_trial *trials;
    size_t trial_count, trial_cap;
    uint64_t *seen; /* a bit a sample, while checking */
};
