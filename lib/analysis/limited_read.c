/* SPDX-License-Identifier: Apache-2.0 */
/* What is known beside the samples of what a run was limited by: round trips, the engine's queue by
 * its own word, and how much of its CPUs it used. */
#include "analysis/row.h"
#include "base/cpus.h"
#include "base/units.h"
#include <math.h>
#include <string.h>

static const double full = 0.95; /* of the CPUs that it may use */

struct reading {
    struct analysis *a;
    double cpus;              /* that the engine may use; 0: not known */
    int64_t queue_ns, cpu_ns; /* of the values before; TIME_NONE: none */
    bool waiting;             /* since queue_ns */
};

static bool is_engine(const char *scope)
{
    return strncmp(scope, "engine", 6) == 0 && (scope[6] == '\0' || scope[6] == '.');
}

static int cpus_in(const char *list)
{
    int cpus[CPUS_MAX], n = cpus_parse(cpus, CPUS_MAX, list);

    return n > 0 ? n : 0;
}

/* Its affinity, or all of the host's, whichever are fewer. */
static int on_fact(void *ctx, const struct fact *f)
{
    struct reading *r = ctx;
    int n = 0;

    model_facts_take(&r->a->model, f);
    if (!f->value)
        return 0;
    if (strcmp(f->scope, "host") == 0 && strcmp(f->name, "cpu.online") == 0)
        n = cpus_in(f->value);
    else if (is_engine(f->scope) && strcmp(f->name, "affinity.cpus") == 0)
        n = cpus_in(f->value);
    if (n > 0 && (r->cpus == 0 || n < r->cpus))
        r->cpus = n;
    return 0;
}

static int on_connection(void *ctx, const struct connection *c)
{
    struct reading *r = ctx;
    int64_t rtt_ns = c->v[CONNECTION_RTT];

    return rtt_ns >= 0 ? limited_add_trip(r->a, rtt_ns) : 0;
}

/* A gauge holds until the next one is read. */
static int on_queue(struct reading *r, int64_t time_ns, double depth)
{
    int e = r->waiting ? limited_add_span(r->a, SPAN_QUEUE, r->queue_ns, time_ns) : 0;

    r->a->spans[SPAN_QUEUE].looked = true;
    r->queue_ns = time_ns;
    r->waiting = depth > 0;
    return e;
}

/* A rate is that of the time since the one before. */
static int on_cpu(struct reading *r, int64_t time_ns, double use)
{
    int64_t since_ns = r->cpu_ns;

    r->cpu_ns = time_ns;
    r->a->spans[SPAN_CPU].looked = r->cpus > 0;
    if (since_ns == TIME_NONE || r->cpus == 0 || use < full * r->cpus)
        return 0;
    return limited_add_span(r->a, SPAN_CPU, since_ns, time_ns);
}

static int on_telemetry(void *ctx, const struct series *s, const struct telemetry_row *row)
{
    if (strcmp(s->scope, "engine") == 0 && strcmp(s->name, "queue.depth") == 0)
        return on_queue(ctx, row->time_ns, row->value);
    if (strcmp(s->scope, "engine.process") == 0 && strcmp(s->name, "cpu.use") == 0)
        return on_cpu(ctx, row->time_ns, row->value);
    return 0;
}

int limited_read(struct analysis *a, struct evidence *e, struct err *err)
{
    struct reading reading = {.a = a, .queue_ns = TIME_NONE, .cpu_ns = TIME_NONE};
    int r = evidence_each_fact(e, on_fact, &reading, err);

    if (r == 0)
        r = evidence_each_connection(e, on_connection, &reading, err);
    if (r == 0)
        r = evidence_each_telemetry(e, EVIDENCE_ALL_SERIES, on_telemetry, &reading, err);
    return r;
}
