/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "envelope/envelope.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int envelope_document_init(struct envelope_document *d)
{
    *d = (struct envelope_document){.ceilings = json_array(), .real_ns = clock_real_ns()};
    return d->ceilings ? 0 : -ENOMEM;
}

/* Six digits: what is printed is what is stored. */
static void put_rounded(json_t *o, const char *key, double v)
{
    char text[40];

    (void)snprintf(text, sizeof text, "%.6g", v);
    json_put_real(o, key, isfinite(v) ? strtod(text, NULL) : (double)NAN);
}

static int on_ceiling(void *ctx, const struct ceiling *c)
{
    struct envelope_document *d = ctx;
    struct ceiling_estimate e = ceiling_estimate(c);
    json_t *o = json_object();

    json_put_str(o, "name", c->name);
    json_put_str(o, "unit", c->unit);
    json_put(o, "threads", c->threads > 0 ? json_integer(c->threads) : json_null());
    json_put_i64(o, "sizeBytes", c->size);
    json_put(o, "order", c->order > 0 ? json_integer(c->order) : json_null());
    json_put_real(o, "workPerRepetition", c->work);
    json_put_i64(o, "repetitions", (int64_t)c->n);
    put_rounded(o, "median", e.median);
    put_rounded(o, "lo", e.lo);
    put_rounded(o, "hi", e.hi);
    put_rounded(o, "best", e.best);
    json_put_str(o, "known", known_name(KNOWN_MEASURED));
    return json_array_append_new(d->ceilings, o) == 0 ? 0 : -ENOMEM;
}

static int on_fact(void *ctx, const struct fact *f)
{
    return fact_list_add(&((struct envelope_document *)ctx)->facts, f);
}

struct envelope_sink envelope_document_sink(struct envelope_document *d)
{
    return (struct envelope_sink){on_ceiling, on_fact, NULL, d};
}

static json_t *fact_json(const struct fact *f)
{
    json_t *o = json_object();

    json_put_str(o, "scope", f->scope);
    json_put_str(o, "name", f->name);
    if (f->known != KNOWN_UNKNOWN) {
        json_put_str(o, "value", f->value);
        json_put_str(o, "unit", f->unit);
        json_put_str(o, "known", known_name(f->known));
        json_put_str(o, "source", f->source);
    } else
        json_put_str(o, "why", f->source);
    return o;
}

json_t *envelope_document_json(const struct envelope_document *d)
{
    json_t *o = json_object(), *facts = json_array(), *absent = json_array();

    json_put_i64(o, "asrunEnvelope", 1);
    json_put_str(o, "time", clock_rfc3339(d->real_ns).text);
    json_put_str(o, "words", ENVELOPE_WORDS);
    json_put(o, "ceilings", json_incref(d->ceilings));
    for (size_t i = 0; i < d->facts.count; i++) {
        const struct fact *f = &d->facts.items[i];
        bool of_host = strcmp(f->scope, "envelope") != 0;

        if (f->known != KNOWN_UNKNOWN)
            json_push(facts, fact_json(f));
        else if (!of_host) /* what is unknown of the host is in the file, as of any run */
            json_push(absent, fact_json(f));
    }
    json_put(o, "facts", facts);
    json_put(o, "notMeasured", absent);
    return o;
}

void envelope_document_release(struct envelope_document *d)
{
    json_unref(d->ceilings);
    fact_list_release(&d->facts);
}
