/* SPDX-License-Identifier: Apache-2.0 */
/* What the tool knows about itself in this run. */
#include "analysis/row.h"
#include <math.h>
#include <stdlib.h>

const char *part_name(enum part p)
{
    static const char *const names[PART_COUNT_] = {"wait",    "connect", "tls",
                                                   "sending", "waiting", "streaming"};

    return (size_t)p < COUNT_OF(names) ? names[p] : "?";
}

static struct spread spread_sorting(double *v, size_t n)
{
    struct column s = {.v = v, .sorted = v, .n = n};

    stats_sort(v, n);
    return spread_of(&s);
}

static int lateness(struct instrument *in, const struct analysis *a)
{
    AUTO(free) double *release = malloc((a->row_count + 1) * sizeof *release);
    AUTO(free) double *due = malloc((a->row_count + 1) * sizeof *due);
    AUTO(free) double *kernel = malloc((a->row_count + 1) * sizeof *kernel);
    size_t releases = 0, dues = 0, kernels = 0;

    if (!release || !due || !kernel)
        return -ENOMEM;
    for (size_t i = 0; i < a->row_count; i++) {
        if (!isnan(a->rows[i].release_to_send))
            release[releases++] = a->rows[i].release_to_send;
        if (!isnan(a->rows[i].due_to_send))
            due[dues++] = a->rows[i].due_to_send;
        if (!isnan(a->rows[i].send_to_kernel))
            kernel[kernels++] = a->rows[i].send_to_kernel;
    }
    in->release_to_send = spread_sorting(release, releases);
    in->due_to_send = spread_sorting(due, dues);
    in->send_to_kernel = spread_sorting(kernel, kernels);
    return 0;
}

static double share(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : (double)NAN;
}

int instrument_make(struct analysis *a)
{
    struct instrument *in = &a->instrument;

    in->lost_records = a->in.lost_records;
    in->cap_waits = a->in.cap_waits;
    in->arrivals = (int64_t)a->row_count;
    in->kernel_share = in->samples > 0 ? in->kernel_share / (double)in->samples : (double)NAN;
    in->batched_share = share(a->batched_events, a->event_count);
    in->step_share = share(a->stepped_events, a->event_count);
    in->lag = spread_sorting(a->lags, a->lag_count);
    in->batched_width = spread_sorting(a->widths, a->width_count);
    return lateness(in, a);
}
