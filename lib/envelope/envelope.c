/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/envelope.h"
#include "envelope/inside.h"
#include "envelope/sizes.h"
#include "probe/probe.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double ceiling_figure(const struct ceiling *c, size_t i)
{
    double length_s = (double)i64_max(c->rep[i].length_ns, 1) / 1e9;

    return strcmp(c->unit, "s") == 0 ? length_s / c->work : c->work / length_s;
}

struct ceiling_estimate ceiling_estimate(const struct ceiling *c)
{
    struct ceiling_estimate ret = {NAN, NAN, NAN, NAN};
    double v[CEILING_REPETITIONS_MOST];
    struct stats_quantile q;
    bool time = strcmp(c->unit, "s") == 0;

    for (size_t i = 0; i < c->n; i++) {
        v[i] = ceiling_figure(c, i);
        if (i == 0 || (time ? v[i] < ret.best : v[i] > ret.best))
            ret.best = v[i];
    }
    if (c->n == 0 || stats_quantile(&q, v, c->n, 0.5) < 0)
        return ret;
    ret.median = q.value;
    ret.lo = q.lo;
    ret.hi = q.hi;
    return ret;
}

void ceiling_begin(struct measuring *m, const char *unit, int threads, const char *fmt, ...)
{
    va_list ap;

    memset(&m->c, 0, offsetof(struct ceiling, rep));
    (void)snprintf(m->c.unit, sizeof m->c.unit, "%s", unit);
    m->c.threads = threads;
    va_start(ap, fmt);
    (void)vsnprintf(m->c.name, sizeof m->c.name, fmt, ap);
    va_end(ap);
    if (m->sink->next)
        m->sink->next(m->sink->ctx, m->c.name);
}

bool ceiling_goes_on(const struct measuring *m)
{
    const struct ceiling *c = &m->c;
    int64_t spent_ns = 0;

    for (size_t i = 0; i < c->n; i++)
        spent_ns += c->rep[i].length_ns;
    return c->n < CEILING_REPETITIONS_LEAST ||
           (c->n < CEILING_REPETITIONS_MOST && spent_ns < m->options->for_ns);
}

void ceiling_add(struct measuring *m, struct repetition r)
{
    assert(m->c.n < CEILING_REPETITIONS_MOST);
    m->c.rep[m->c.n++] = r;
}

int ceiling_end(struct measuring *m)
{
    return m->sink->ceiling(m->sink->ctx, &m->c);
}

int envelope_fact(struct measuring *m, enum known known, const char *name, const char *unit,
                  const char *source, const char *fmt, ...)
{
    struct fact f = {.scope = "envelope",
                     .name = name,
                     .unit = unit,
                     .source = source,
                     .known = known,
                     .time_ns = TIME_NONE};
    char value[1024];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(value, sizeof value, fmt, ap);
    va_end(ap);
    f.value = value;
    return m->sink->fact(m->sink->ctx, &f);
}

int envelope_absent(struct measuring *m, const char *name, const char *why, ...)
{
    struct fact f = {.scope = "envelope",
                     .name = name,
                     .unit = "",
                     .known = KNOWN_UNKNOWN,
                     .time_ns = TIME_NONE};
    char reason[512];
    va_list ap;

    va_start(ap, why);
    (void)vsnprintf(reason, sizeof reason, why, ap);
    va_end(ap);
    f.source = reason;
    return m->sink->fact(m->sink->ctx, &f);
}

static int put_host(const struct fact_list *host, const struct envelope_sink *sink)
{
    int r = 0;

    for (size_t i = 0; i < host->count && r == 0; i++)
        r = sink->fact(sink->ctx, &host->items[i]);
    return r;
}

/* The counts that are asked for must be there; none asked for: those of the sweep. */
static int settle_threads(struct envelope_options *o, const struct room *room, struct err *err)
{
    if (o->thread_counts == 0)
        o->thread_counts = thread_counts(o->threads, ENVELOPE_THREAD_COUNTS, room->cpu_count);
    for (int i = 0; i < o->thread_counts; i++)
        if (o->threads[i] < 1 || o->threads[i] > room->cpu_count)
            return err_set(err, -EINVAL, "%d threads: this process may use %d CPUs, one a thread",
                           o->threads[i], room->cpu_count);
    return 0;
}

static int measure_all(struct measuring *m, struct err *err)
{
    int r = measure_memory(m, err);

    if (r == 0)
        r = measure_latency(m, err);
    if (r == 0)
        r = measure_gemm(m, err);
    return r == 0 ? measure_gpus(m, err) : r;
}

int envelope_measure(const struct envelope_options *options, const struct envelope_sink *sink,
                     struct err *err)
{
    AUTO(fact_list_release) struct fact_list host = {0};
    const struct fact_sink into = fact_list_sink(&host);
    struct envelope_options o = *options;
    AUTO(free) struct measuring *m = calloc(1, sizeof *m);
    int r = probe_host(&into, err);

    if (r < 0)
        return r;
    if (!m)
        return err_set(err, -ENOMEM, "out of memory for the envelope");
    m->options = &o;
    m->sink = sink;
    room_look(&m->room, &host);
    r = settle_threads(&o, &m->room, err);
    if (r == 0)
        r = gemm_open(m, err);
    if (r == 0)
        r = put_host(&host, sink);
    if (r == 0)
        r = measure_all(m, err);
    blas_close(m->blas);
    if (r < 0 && err && err->code != r)
        return err_set(err, r, "the envelope's figures: %s", strerror(-r));
    return r;
}
