/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/utilisation.h"
#include "claim/parts.h"
#include <math.h>
#include <string.h>

static const double bound_share = 0.7; /* of the ceiling: from there on it binds */

#define BYTES_FORMULA_DECODE                                                                       \
    "steps x (parameters x bytes_per_parameter) + tokens x context x kv_bytes_per_token; at "      \
    "least: one step for all that are in decode together, at most: one for each token"
#define BYTES_FORMULA_PREFILL                                                                      \
    "parameters x bytes_per_parameter once a stretch of prefill + prompt tokens x "                \
    "kv_bytes_per_token: at least"
#define OPERATIONS_FORMULA "2 x parameters x tokens; at least: without those of the embedding"

static json_t *rate_json(const struct work_rate *r, const char *formula)
{
    json_t *o = json_object();

    json_put_str(o, "known", known_name(KNOWN_DERIVED));
    json_put_str(o, "formula", formula);
    put_number(o, "least", r->least);
    put_number(o, "most", r->most);
    return o;
}

static json_t *phase_json(const struct phase_work *p, const char *bytes_formula)
{
    json_t *o = json_object();

    put_number(o, "seconds", p->seconds);
    put_number(o, "tokens", p->tokens);
    json_put(o, "bytesPerSecond", rate_json(&p->bytes, bytes_formula));
    json_put(o, "operationsPerSecond", rate_json(&p->operations, OPERATIONS_FORMULA));
    return o;
}

static json_t *model_json(const struct model_facts *m)
{
    json_t *o = json_object();

    for (enum model_figure f = 0; f < MODEL_FIGURES_; f++) {
        json_t *figure = json_object();

        put_number(figure, "value", m->of[f].value);
        json_put_str(figure, "known",
                     known_name(isnan(m->of[f].value) ? KNOWN_UNKNOWN : m->of[f].known));
        json_put(o, model_figure_name(f), figure);
    }
    return o;
}

json_t *utilisation_json(const struct analysis *a)
{
    const struct utilisation *u = &a->utilisation;
    json_t *o = json_object();

    json_put_str(o, "absent", u->absent);
    json_put(o, "model", model_json(&a->model));
    if (u->absent)
        return o;
    json_put(o, "prefill", phase_json(&u->prefill, BYTES_FORMULA_PREFILL));
    json_put(o, "decode", phase_json(&u->decode, BYTES_FORMULA_DECODE));
    put_number(o, "inDecodeTogether", u->at_once);
    return o;
}

/* The best of the ceilings of @name over thread counts; NULL: it was not measured. */
static const json_t *best(const json_t *envelope, const char *name)
{
    const json_t *c, *found = NULL;
    size_t i;

    json_array_foreach(json_object_get(envelope, "ceilings"), i, c)
    {
        const char *own = json_string_value(json_object_get(c, "name"));
        double v = json_number_value(json_object_get(c, "median"));

        if (own && strcmp(own, name) == 0 &&
            (!found || v > json_number_value(json_object_get(found, "median"))))
            found = c;
    }
    return found;
}

static void push_beside(json_t *list, const struct work_rate *r, const json_t *ceiling)
{
    json_t *o = json_object();
    double v = json_number_value(json_object_get(ceiling, "median"));

    json_put(o, "ceiling", json_copy(json_object_get(ceiling, "name")));
    json_put(o, "threads", json_copy(json_object_get(ceiling, "threads")));
    put_number(o, "value", v);
    put_number(o, "leastShare", r->least / v);
    put_number(o, "mostShare", r->most / v);
    json_push(list, o);
}

static json_t *beside(const struct work_rate *r, const json_t *envelope, const char *const *names)
{
    json_t *list = json_array();

    for (size_t i = 0; names[i]; i++) {
        const json_t *c = best(envelope, names[i]);

        if (c && !isnan(r->least))
            push_beside(list, r, c);
    }
    return list;
}

static void put_beside(json_t *phase, const struct phase_work *p, const json_t *envelope)
{
    static const char *const reads[] = {"memory.read", "gpu.0.copy.device", NULL};
    static const char *const products[] = {"gemm.f32",       "gemm.bf16",       "gpu.0.gemm.f32",
                                           "gpu.0.gemm.f16", "gpu.0.gemm.bf16", NULL};

    json_put(json_object_get(phase, "bytesPerSecond"), "beside",
             beside(&p->bytes, envelope, reads));
    json_put(json_object_get(phase, "operationsPerSecond"), "beside",
             beside(&p->operations, envelope, products));
}

static const char *fact_in(const json_t *list, const char *scope, const char *name)
{
    const json_t *f;
    size_t i;

    json_array_foreach(list, i, f)
    {
        const char *own = json_string_value(json_object_get(f, "scope"));
        const char *word = json_string_value(json_object_get(f, "name"));

        if ((!own || strcmp(own, scope) == 0) && word && strcmp(word, name) == 0)
            return json_string_value(json_object_get(f, "value"));
    }
    return NULL;
}

/* NULL: as far as known both are of one host. */
static const char *other_host(const json_t *claim, const json_t *envelope)
{
    static const char *const names[] = {"cpu.model", "memory.total_bytes", "cpu.online"};
    const json_t *own = json_object_get(json_object_get(claim, "facts"), "host");
    const json_t *its = json_object_get(envelope, "facts");

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *x = fact_in(own, "host", names[i]), *y = fact_in(its, "host", names[i]);

        if (x && y && strcmp(x, y) != 0)
            return names[i];
    }
    return NULL;
}

/* As the run saw it: the envelope is of the host that asrun is on. */
static bool is_here(const json_t *claim)
{
    const json_t *own = json_object_get(json_object_get(claim, "facts"), "target");
    const char *value = fact_in(own, "target", "on_this_host");

    return value && strcmp(value, "yes") == 0;
}

static bool has_gpu(const json_t *claim, const json_t *envelope)
{
    const json_t *own = json_object_get(claim, "facts");

    return fact_in(json_object_get(envelope, "facts"), "envelope", "gpu.cuda_version") ||
           json_object_get(own, "gpu.0") || json_object_get(own, "gpu.amd.0");
}

/* Whether decode is bound by the memory's bandwidth, said only where which memory is plain: of a
 * host without GPU, and not where more was moved than this memory can. */
static void push_bandwidth(json_t *claim, const struct work_rate *bytes, const json_t *envelope)
{
    json_t *evidence = json_object_get(json_object_get(claim, "limitedBy"), "evidence");
    const json_t *read = best(envelope, "memory.read");
    double share = bytes->least / json_number_value(json_object_get(read, "median"));
    AUTO(str_release) struct str s = {0};

    if (!read || has_gpu(claim, envelope) || !(share <= 1))
        return;
    str_addf(&s, "decode moved at least %.3g %% of what memory.read measures: %s", 100 * share,
             share >= bound_share ? "it is bound by the memory's bandwidth"
                                  : "that the memory's bandwidth binds it is not shown");
    if (str_ok(&s))
        json_push(evidence, json_string(s.data));
}

int claim_add_envelope(json_t *claim, const struct analysis *a, const json_t *envelope,
                       struct err *err)
{
    json_t *u = json_object_get(claim, "utilisation"), *o = json_object();
    const char *differs = other_host(claim, envelope);

    if (!u || !o)
        return err_set(err, -ENOMEM, "out of memory for the envelope beside the claim");
    json_put(o, "time", json_copy(json_object_get(envelope, "time")));
    json_put(o, "words", json_copy(json_object_get(envelope, "words")));
    json_put_str(o, "differs", differs);
    json_put_bool(o, "targetIsHere", is_here(claim));
    json_put(u, "envelope", o);
    if (a->utilisation.absent || differs)
        return 0;
    put_beside(json_object_get(u, "prefill"), &a->utilisation.prefill, envelope);
    put_beside(json_object_get(u, "decode"), &a->utilisation.decode, envelope);
    if (is_here(claim))
        push_bandwidth(claim, &a->utilisation.decode.bytes, envelope);
    return 0;
}
