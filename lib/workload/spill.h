/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/workload/spill.h - text of any length that goes into a file behind a first line that is known
 * only at the end: kept in an unnamed file beside the destination, then published whole or not at
 * all.
 */
#pragma once
#include "base/str.h"

struct spill {
    const char *path; /* the destination; borrowed */
    int fd;           /* -1: not open */
    struct str text;  /* what is not written yet */
};

NODISCARD int spill_open(struct spill *ret, const char *path, struct err *err);
/* Writes s->text out once it is large. Add to s->text, then call this. */
NODISCARD int spill_flush(struct spill *s, size_t above, struct err *err);
/* @first, then all that was added, at the path. */
NODISCARD int spill_publish(struct spill *s, const struct str *first, struct err *err);
void spill_release(struct spill *s);
DEFINE_AUTO_HELD(struct spill, spill_release)
