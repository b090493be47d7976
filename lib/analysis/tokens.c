/* SPDX-License-Identifier: Apache-2.0 */
/* Requested, reported and counted lengths side by side: who agrees with whom. */
#include "analysis/row.h"
#include <math.h>
#include <stdlib.h>

static void compare(int64_t *compared, int64_t *differ, int32_t a, int32_t b)
{
    if (a == COUNT_NONE || b == COUNT_NONE)
        return;
    (*compared)++;
    *differ += a != b;
}

static bool near_enough(int32_t reported, int32_t requested)
{
    int32_t off = abs(reported - requested);

    return off <= 2 || off * 50 <= requested;
}

/* Tokens that came in company. The end-of-sequence token is reported and never shown: one is
 * allowed where the model itself stopped. */
static int64_t extra_tokens(const struct sample *s)
{
    int64_t hidden = s->finish == FINISH_STOP ? 1 : 0;

    return i64_max(0, (int64_t)s->output_reported - s->content_events - hidden);
}

void tokens_add(struct tokens *t, const struct sample *s)
{
    if (s->outcome != OUTCOME_OK)
        return;
    compare(&t->length_compared, &t->length_differ, s->output_requested, s->output_reported);
    compare(&t->cached_compared, &t->cached_differ, s->reuse_expected, s->cached_reported);
    if (s->input_reported != COUNT_NONE) {
        t->input_compared++;
        t->input_within += near_enough(s->input_reported, s->input_requested);
    }
    if (s->output_reported == COUNT_NONE)
        return;
    t->output_compared++;
    t->output_differ += s->output_reported != s->content_events;
    t->content_events += s->content_events;
    t->several_share += (double)extra_tokens(s); /* a count until tokens_finish() */
}

void tokens_finish(struct tokens *t)
{
    t->several_share =
        t->content_events > 0 ? t->several_share / (double)t->content_events : (double)NAN;
}
