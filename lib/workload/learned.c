/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/learned.h"
#include "base/json.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

struct field {
    const char *key;
    size_t at;
    double least, most;
};
#define FIELD(member, least, most)                                                                 \
    {                                                                                              \
#member, offsetof(struct profile_learned, member), least, most                             \
    }

static const struct field numbers[] = {
    FIELD(span_s, 1e-9, 1e11),        FIELD(rate_per_s, 1e-9, 1e9),
    FIELD(arrival_cv, 0, 1e9),        FIELD(arrival_gamma_shape, 1e-9, 1e9),
    FIELD(dispersion_10s, -1, 1e12),  FIELD(rank_correlation, -1, 1),
    FIELD(prefix_reuse_share, -1, 1),
};
static const struct field tables[] = {
    FIELD(input_q, 1, PROFILE_TOKENS_MAX),
    FIELD(output_q, 1, PROFILE_TOKENS_MAX),
    FIELD(inter_arrival_q, 0, 1e9),
};

static void add_table(struct str *s, const struct field *f, const double *table)
{
    str_addf(s, ",\n  \"%s\": [", f->key);
    for (size_t i = 0; i < PROFILE_QUANTILES; i++)
        str_addf(s, "%s%.7g", i == 0 ? "" : i % 16 == 0 ? ",\n    " : ", ", table[i]);
    str_add(s, "]");
}

static const double *field_of(const struct profile_learned *m, const struct field *f)
{
    return (const void *)((const char *)m + f->at);
}

static double *field_for(struct profile_learned *m, const struct field *f)
{
    return (void *)((char *)m + f->at);
}

void learned_add(struct str *s, const struct profile_learned *m)
{
    str_add(s, "{\"learned\": {");
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        double v = *field_of(m, &numbers[i]);

        str_addf(s, "%s\n  \"%s\": ", i == 0 ? "" : ",", numbers[i].key);
        if (isfinite(v))
            str_addf(s, "%.7g", v);
        else
            str_add(s, "null"); /* not known */
    }
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        add_table(s, &tables[i], field_of(m, &tables[i]));
    str_add(s, "\n}}\n");
}

struct reading {
    json_t *body;
    const char *where;
    struct err *err;
};

static bool within(const json_t *value, const struct field *f)
{
    return json_is_number(value) && json_number_value(value) >= f->least &&
           json_number_value(value) <= f->most;
}

static int read_number(const struct reading *r, const struct field *f, struct profile_learned *m)
{
    const json_t *value = json_object_get(r->body, f->key);
    bool unknown = json_is_null(value) && f->at == offsetof(struct profile_learned, dispersion_10s);

    if (!unknown && !within(value, f))
        return err_set(r->err, -EINVAL, "%s: learned.%s: a number from %g to %g is wanted",
                       r->where, f->key, f->least, f->most);
    *field_for(m, f) = unknown ? (double)NAN : json_number_value(value);
    return 0;
}

static int read_table(const struct reading *r, const struct field *f, struct profile_learned *m)
{
    const json_t *list = json_object_get(r->body, f->key);
    double *table = field_for(m, f);

    if (!json_is_array(list) || json_array_size(list) != PROFILE_QUANTILES)
        return err_set(r->err, -EINVAL, "%s: learned.%s: a list of %d quantiles is wanted",
                       r->where, f->key, PROFILE_QUANTILES);
    for (size_t i = 0; i < PROFILE_QUANTILES; i++) {
        const json_t *value = json_array_get(list, i);

        if (!within(value, f))
            return err_set(r->err, -EINVAL, "%s: learned.%s[%zu]: a number from %g to %g is wanted",
                           r->where, f->key, i, f->least, f->most);
        table[i] = json_number_value(value);
        if (i > 0 && table[i] < table[i - 1])
            return err_set(r->err, -EINVAL,
                           "%s: learned.%s[%zu]: quantiles must not decrease, but %g follows %g",
                           r->where, f->key, i, table[i], table[i - 1]);
    }
    return 0;
}

static bool known_key(const char *key)
{
    bool known = false;

    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        known |= strcmp(numbers[i].key, key) == 0;
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        known |= strcmp(tables[i].key, key) == 0;
    return known;
}

static int read_body(const struct reading *r, struct profile_learned *m)
{
    const char *key;
    json_t *value;
    int bad = 0;

    json_object_foreach(r->body, key, value)
    {
        if (!known_key(key))
            return err_set(r->err, -EINVAL, "%s: learned.%.40s: no such key", r->where, key);
    }
    for (size_t i = 0; i < COUNT_OF(numbers) && bad == 0; i++)
        bad = read_number(r, &numbers[i], m);
    for (size_t i = 0; i < COUNT_OF(tables) && bad == 0; i++)
        bad = read_table(r, &tables[i], m);
    if (bad == 0 && !(profile_table_mean(m->inter_arrival_q) > 0))
        bad = err_set(r->err, -EINVAL, "%s: learned.inter_arrival_q: its mean must be over 0",
                      r->where);
    return bad;
}

int learned_parse(struct profile_learned *ret, const char *text, const char *where, struct err *err)
{
    AUTO(json_unref) json_t *doc = NULL;
    struct reading r = {.where = where, .err = err};
    struct profile_learned m = {0};
    int bad = json_parse(&doc, text, where, err);

    if (bad < 0)
        return bad;
    r.body = json_object_get(doc, "learned");
    if (!json_is_object(r.body))
        return err_set(err, -EINVAL, "%s:2: {\"learned\": {...}} is wanted after the header",
                       where);
    bad = read_body(&r, &m);
    if (bad == 0)
        *ret = m;
    return bad;
}
