/* SPDX-License-Identifier: Apache-2.0 */
/* src/cmd/show.h - the views of asrun show. */
#pragma once
#include "cmd/rows.h"
#include "evidence/evidence.h"

struct show {
    struct evidence *evidence;
    enum rows_format format;
    uint32_t sample; /* UINT32_MAX: all */
};

/* Each prints one view; errors as those of the evidence. */
NODISCARD int show_summary(const struct show *s, struct err *err);
NODISCARD int show_ledger(const struct show *s, struct err *err);
NODISCARD int show_plan(const struct show *s, struct err *err);
NODISCARD int show_samples(const struct show *s, struct err *err);
NODISCARD int show_events(const struct show *s, struct err *err);
NODISCARD int show_facts(const struct show *s, struct err *err);
NODISCARD int show_notes(const struct show *s, struct err *err);
NODISCARD int show_seconds(const struct show *s, struct err *err);
