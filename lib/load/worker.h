/* SPDX-License-Identifier: Apache-2.0 */
/* lib/load/worker.h - the threads that run the engines of a trial. */
#pragma once
#include "load/load.h"

struct crew; /* opaque: the trial's threads, their engines and loops */

/* Makes engines for @threads threads whose in-flight limits sum up to @cap (>= threads). */
NODISCARD int crew_new(struct crew **ret, const struct load_config *config, int32_t threads,
                       int32_t cap, struct err *err);
void crew_free(struct crew *crew);
DEFINE_AUTO(struct crew *, crew_free)

/* Starts the threads and waits for their end; sums up what they report. */
NODISCARD int crew_run(struct load_report *ret, struct crew *crew, struct load_control *control,
                       struct err *err);
