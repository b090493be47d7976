/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/analysis/series_file.h - series that somebody else measured, out of CSV: a value a row.
 *
 * The first line is the header, unless all its fields are numbers; then the columns go by their
 * numbers from 1. A column named "run" (in any case) splits the rows into runs, in order of their
 * first rows. Without @column there must be but one that could be meant: columns named run,
 * iteration, index or step don't count. Empty cells, text, NaN and numbers beyond +-1e100 are
 * errors that name file, line and column: nothing is skipped.
 */
#pragma once
#include "base/base.h"
#include "workload/source.h"

struct series_run {
    char *name; /* FILE, or FILE: RUN where there is such a column */
    double *value;
    size_t count, cap;
};
struct series_set {
    struct series_run *runs;
    size_t count, cap;
};

/* Adds the runs of @s. -EINVAL with words; what was there before stays. */
NODISCARD int series_read(struct series_set *set, struct source *s, const char *column,
                          struct err *err);
/* Of the file at @path; "-": standard input. */
NODISCARD int series_load(struct series_set *set, const char *path, const char *column,
                          struct err *err);
void series_set_release(struct series_set *set);
DEFINE_AUTO_HELD(struct series_set, series_set_release)
