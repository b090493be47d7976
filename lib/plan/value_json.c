/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/value_json.c - single values, as the effective plan has them. */
#include "plan/reading.h"
#include "base/units.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct number_text number_text(double v)
{
    struct number_text out;

    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(out.text, sizeof out.text, "%.*g", digits, v);
        if (strtod(out.text, NULL) == v)
            break;
    }
    return out;
}

static const void *in(const void *base, long field)
{
    return (const char *)base + field;
}

static json_t *text_or_null(const char *text)
{
    return *text ? json_string(text) : json_null();
}

static json_t *number_json(const struct key *k, const void *field)
{
    int64_t wide = 0;
    int32_t narrow = 0;
    double real = 0;

    switch (k->type) {
    case KEY_DURATION:
        memcpy(&wide, field, sizeof wide);
        return wide || k->fallback ? json_string(units_exact_ns(wide).text) : json_null();
    case KEY_COUNT64:
    case KEY_SEED:
        memcpy(&wide, field, sizeof wide);
        return wide || k->fallback ? json_integer(wide) : json_null();
    case KEY_COUNT:
        memcpy(&narrow, field, sizeof narrow);
        return narrow || k->fallback ? json_integer(narrow) : json_null();
    case KEY_RATE:
        memcpy(&real, field, sizeof real);
        return real > 0 ? json_sprintf("%s/s", number_text(real).text) : json_null();
    default:
        memcpy(&real, field, sizeof real);
        return isnan(real) || (real == 0 && !k->fallback) ? json_null() : json_real(real);
    }
}

static json_t *enum_json(const struct key *k, const void *field)
{
    unsigned v;

    memcpy(&v, field, sizeof v);
    return text_or_null(k->choices[v]);
}

static json_t *secret_json(const struct key *k, const void *base)
{
    const char *env, *file;

    memcpy(&env, in(base, k->field), sizeof env);
    memcpy(&file, in(base, k->field2), sizeof file);
    return *env ? json_sprintf("env:%s", env) : *file ? json_sprintf("file:%s", file) : json_null();
}

static json_t *think_json(const struct key *k, const void *base)
{
    bool exponential;
    int64_t ns;

    memcpy(&ns, in(base, k->field), sizeof ns);
    memcpy(&exponential, in(base, k->field2), sizeof exponential);
    return json_sprintf("%s%s", exponential ? "exponential " : "", units_exact_ns(ns).text);
}

static json_t *warm_up_json(const struct plan *p)
{
    if (p->exclude.warm_up == WARM_UP_NONE)
        return json_string("none");
    if (p->exclude.warm_up == WARM_UP_REQUESTS)
        return json_sprintf("first %" JSON_INTEGER_FORMAT, (json_int_t)p->exclude.warm_up_requests);
    return json_sprintf("first %s", units_exact_ns(p->exclude.warm_up_ns).text);
}

json_t *value_json(const struct key *k, const void *base)
{
    const char *text = "";
    enum tristate tri;
    bool yes;

    switch (k->type) {
    case KEY_VERSION:
        return json_integer(1);
    case KEY_WORD:
        return json_string(k->fallback);
    case KEY_TEXT:
    case KEY_URL:
    case KEY_METRIC:
    case KEY_DIGEST:
        memcpy(&text, in(base, k->field), sizeof text);
        return text_or_null(text);
    case KEY_BODY:
        memcpy(&text, in(base, k->field), sizeof text);
        return extra_json(text);
    case KEY_BOOL:
        memcpy(&yes, in(base, k->field), sizeof yes);
        return json_boolean(yes);
    case KEY_TRISTATE:
        memcpy(&tri, in(base, k->field), sizeof tri);
        return tri == TRI_AUTO ? json_string("auto") : json_boolean(tri == TRI_YES);
    case KEY_ENUM:
        return enum_json(k, in(base, k->field));
    case KEY_SECRET:
        return secret_json(k, base);
    case KEY_THINK:
        return think_json(k, base);
    case KEY_PATIENCE:
        return patience_json(in(base, k->field));
    case KEY_TURNS:
        return turns_json(k, base);
    case KEY_WARM_UP:
        return warm_up_json(base);
    case KEY_TEXTS:
    case KEY_MAP:
    case KEY_REQUIRE:
    case KEY_GOOD:
    case KEY_EXPECT:
    case KEY_STAGES:
    case KEY_MIX:
    case KEY_SWEEP:
        return list_json(k, base);
    default:
        return number_json(k, in(base, k->field));
    }
}
