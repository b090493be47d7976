/* SPDX-License-Identifier: Apache-2.0 */
/* lib/record/dispatch.h - one row of the dispatch fingerprint: what ran, in which phase of a run.
 */
#pragma once
#include "base/base.h"

struct dispatch_row {     /* samples of one function in one phase */
    const char *phase;    /* "start", "trial 0", "between", "end" */
    const char *library;  /* file name of the mapped object, "[kernel]", "[gpu]", "[unknown]" */
    const char *build_id; /* hex; "" if none */
    const char *function; /* "" where it could not be symbolised */
    uint64_t samples;     /* or launches, on a GPU */
    int64_t time_ns;      /* on a GPU: their time together; TIME_NONE elsewhere */
};
