/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/analysis/utilisation.c - a decode step yields one token of each request that is in decode, so
 * where D are, their tokens take at least one step for D of them, at most one each. A step reads
 * the weights once, and of each token the keys and values before it.
 */
#include "analysis/utilisation.h"
#include "analysis/row.h"
#include "base/units.h"
#include "base/vec.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *model_figure_name(enum model_figure f)
{
    static const char *const names[MODEL_FIGURES_] = {"parameters", "bytes_per_parameter",
                                                      "kv_bytes_per_token"};

    return (unsigned)f < MODEL_FIGURES_ ? names[f] : "?";
}

/* What is known better replaces what is known worse: the order of enum known. */
static void take(struct model_facts *m, enum model_figure f, enum known known, double v)
{
    if (v > 0 && (isnan(m->of[f].value) || known < m->of[f].known)) {
        m->of[f].value = v;
        m->of[f].known = known;
    }
}

void model_facts_init(struct model_facts *m, const struct plan *p)
{
    *m = (struct model_facts){0};
    for (int f = 0; f < MODEL_FIGURES_; f++)
        m->of[f].value = NAN;
    take(m, MODEL_PARAMETERS, KNOWN_DECLARED, p->model.parameters);
    take(m, MODEL_BYTES, KNOWN_DECLARED, p->model.bytes_per_parameter);
    take(m, MODEL_KV_BYTES, KNOWN_DECLARED, p->model.kv_bytes_per_token);
}

void model_facts_take(struct model_facts *m, const struct fact *f)
{
    bool of_target = strcmp(f->scope, "target") == 0 && strcmp(f->name, "model.parameters") == 0;
    double v;

    if (!f->value || units_double(&v, f->value) < 0)
        return;
    if (of_target)
        take(m, MODEL_PARAMETERS, f->known, v);
    if (strcmp(f->scope, "model") != 0)
        return;
    for (enum model_figure i = 0; i < MODEL_FIGURES_; i++)
        if (strcmp(f->name, model_figure_name(i)) == 0)
            take(m, i, f->known, v);
    if (strcmp(f->name, "parameters.embedding") == 0)
        m->embedding_parameters = v;
    else if (strcmp(f->name, "experts") == 0)
        m->experts = v;
    else if (strcmp(f->name, "sliding_window") == 0)
        m->sliding_window = v;
}

/* One request's part in a phase: so many tokens, evenly, in its interval. */
struct span {
    int64_t from_ns, to_ns;
    double tokens;
    double kv_tokens; /* read for them altogether */
};

struct turn { /* something begins or ends */
    int64_t time_ns;
    double tokens_per_s, kv_per_s; /* added */
    int step;
};

struct turns {
    struct turn *v;
    size_t n, cap;
};

static int by_time(const void *a, const void *b)
{
    const struct turn *x = a, *y = b;

    return (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns);
}

static int add_span(struct turns *t, const struct span *s)
{
    double length = (double)(s->to_ns - s->from_ns) / 1e9;
    struct turn turn = {s->from_ns, s->tokens / length, s->kv_tokens / length, 1};

    if (s->to_ns <= s->from_ns)
        return 0;
    if (VEC_PUSH(t->v, t->n, t->cap, turn) < 0)
        return -ENOMEM;
    turn = (struct turn){s->to_ns, -turn.tokens_per_s, -turn.kv_per_s, -1};
    return VEC_PUSH(t->v, t->n, t->cap, turn);
}

struct sums {
    double seconds, tokens, kv_tokens;
    double steps;   /* where all that are in it share each */
    double at_once; /* request seconds */
    double stretches;
};

static void pass(struct sums *s, const struct turn *now, double seconds)
{
    if (now->step <= 0 || seconds <= 0)
        return;
    s->seconds += seconds;
    s->tokens += now->tokens_per_s * seconds;
    s->kv_tokens += now->kv_per_s * seconds;
    s->steps += now->tokens_per_s / now->step * seconds;
    s->at_once += now->step * seconds;
}

/* Adds what happened in the window. */
static void sweep(struct sums *s, struct turns *t, const struct window *w)
{
    struct turn now = {.time_ns = w->from_ns};

    if (t->n > 1)
        qsort(t->v, t->n, sizeof *t->v, by_time);
    for (size_t i = 0; i < t->n; i++) {
        int64_t at_ns = i64_max(w->from_ns, i64_min(w->to_ns, t->v[i].time_ns));

        pass(s, &now, (double)(at_ns - now.time_ns) / 1e9);
        s->stretches += now.step == 0 && t->v[i].time_ns >= w->from_ns && at_ns < w->to_ns;
        now.time_ns = at_ns;
        now.tokens_per_s += t->v[i].tokens_per_s;
        now.kv_per_s += t->v[i].kv_per_s;
        now.step += t->v[i].step;
    }
}

/* The first token is the prefill's; each of the others reads the prompt and the answer so far. */
static struct span decode_span(const struct row *r)
{
    double n = r->output_tokens - 1;

    return (struct span){r->first_content_ns, r->last_content_ns, n,
                         n * r->input_tokens + n * (n + 1) / 2};
}

static struct span prefill_span(const struct row *r)
{
    return (struct span){r->sent_ns + r->held_ns, r->first_content_ns, r->fresh_tokens,
                         r->fresh_tokens};
}

static bool has_both(const struct row *r)
{
    return r->outcome == OUTCOME_OK && r->hang_up == HANG_UP_NONE && r->content_events > 1 &&
           r->output_tokens > 1 && r->sent_ns != TIME_NONE && r->first_content_ns != TIME_NONE &&
           r->fresh_tokens >= 0;
}

static int sum_phase(struct sums *s, const struct analysis *a,
                     struct span (*of)(const struct row *))
{
    int r = 0;

    for (size_t t = 0; t < a->in.trial_count && r == 0; t++) {
        const struct window *w = &a->rates[t].window;
        struct turns turns = {0};

        for (size_t i = 0; i < a->row_count && r == 0; i++) {
            struct span span = of(&a->rows[i]);

            if (a->rows[i].trial == t && has_both(&a->rows[i]))
                r = add_span(&turns, &span);
        }
        if (r == 0 && w->from_ns != TIME_NONE && w->to_ns > w->from_ns)
            sweep(s, &turns, w);
        free(turns.v);
    }
    return r;
}

static struct work_rate rate(double least, double most, double seconds)
{
    return (struct work_rate){least / seconds, most / seconds};
}

static void fill(struct phase_work *p, const struct sums *s, const struct model_facts *m,
                 double least_reads, double most_reads)
{
    double parameters = m->of[MODEL_PARAMETERS].value, bytes = m->of[MODEL_BYTES].value;
    double kv = m->of[MODEL_KV_BYTES].value * s->kv_tokens;
    double at_least = parameters - m->embedding_parameters;
    double kv_least = isnan(kv) || m->sliding_window > 0 ? 0 : kv;

    p->seconds = s->seconds;
    p->tokens = s->tokens;
    p->operations = rate(2 * at_least * s->tokens, 2 * parameters * s->tokens, s->seconds);
    p->bytes = rate(at_least * bytes * least_reads + kv_least, parameters * bytes * most_reads + kv,
                    s->seconds);
}

static const char *why_absent(const struct model_facts *m, const struct sums *decode)
{
    if (isnan(m->of[MODEL_PARAMETERS].value))
        return "how many parameters the model has is not known: declare model.parameters";
    if (m->experts > 1)
        return "a mixture of experts: which weights a token takes is not known";
    if (decode->seconds <= 0)
        return "no answer came in several pieces within the measured time";
    return NULL;
}

int utilisation_make(struct analysis *a)
{
    struct utilisation *u = &a->utilisation;
    struct sums prefill = {0}, decode = {0};
    int r = sum_phase(&prefill, a, prefill_span);

    if (r == 0)
        r = sum_phase(&decode, a, decode_span);
    u->absent = why_absent(&a->model, &decode);
    if (r < 0 || u->absent)
        return r;
    fill(&u->prefill, &prefill, &a->model, prefill.stretches, NAN); /* chunks: any number */
    fill(&u->decode, &decode, &a->model, decode.steps, decode.tokens);
    u->at_once = decode.at_once / decode.seconds;
    return 0;
}
