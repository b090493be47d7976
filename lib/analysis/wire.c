/* SPDX-License-Identifier: Apache-2.0 */
/* How far the client's own stamps and the wire's agree, event by event. */
#include "analysis/row.h"
#include "base/vec.h"
#include <math.h>
#include <stdlib.h>

struct pairs {
    double *apart; /* seconds */
    size_t n, cap;
    int64_t close;
    struct err *err;
};

static void pairs_release(struct pairs *p)
{
    free(p->apart);
}
DEFINE_AUTO_HELD(struct pairs, pairs_release)

static int add_pair(void *ctx, const struct event *own, const struct event *wire)
{
    struct pairs *p = ctx;
    int64_t apart_ns = llabs(own->time_ns - wire->time_ns);

    p->close += apart_ns <= WIRE_CLOSE_NS;
    return VEC_PUSH(p->apart, p->n, p->cap, (double)apart_ns / 1e9) < 0
               ? err_set(p->err, -ENOMEM, "out of memory for the analysis")
               : 0;
}

static int64_t meta_count(struct evidence *e, const char *key)
{
    const char *text = evidence_meta(e, key);

    return text ? strtoll(text, NULL, 10) : 0;
}

int wire_compare(struct analysis *a, struct evidence *e, struct err *err)
{
    AUTO(pairs_release) struct pairs p = {.err = err};
    struct wire_agreement *w = &a->instrument.wire;
    struct column sorted;
    int r;

    if (!evidence_has_wire(e))
        return 0;
    r = evidence_each_pair(e, add_pair, &p, err);
    if (r == 0)
        r = evidence_wire_missing(e, &w->answers, &w->missing, err);
    if (r < 0)
        return r;
    stats_sort(p.apart, p.n);
    sorted = (struct column){.v = p.apart, .sorted = p.apart, .n = p.n};
    w->watched = true;
    w->apart = spread_of(&sorted);
    w->close_share = p.n > 0 ? (double)p.close / (double)p.n : (double)NAN;
    w->dropped = meta_count(e, "witness.dropped");
    w->clock_steps = meta_count(e, "witness.clock_steps");
    return 0;
}
