/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/documents.c - the key table as JSON Schema and as Markdown. */
#include "base/json.h"
#include "base/str.h"
#include "base/units.h"
#include "plan/keys.h"
#include "plan/metric_names.h"
#include "plan/plan.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DURATION "^(0|[0-9]+([.][0-9]+)?(ns|us|ms|s|m|h))$"
#define RATE "^[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?/(s|m|h)$"
#define RAMP "^[0-9.eE+-]+/(s|m|h)([.][.][0-9.eE+-]+/(s|m|h))?$"
#define RATIO "^[0-9.]+(/[0-9.]+|%)?$"
#define SIZE "^[0-9]+([.][0-9]+)?(k|Ki|M|Mi|G|Gi)?$"

static json_t *typed(const char *type)
{
    return json_pack("{s:s}", "type", type);
}

static json_t *pattern(const char *text)
{
    return json_pack("{s:s, s:s}", "type", "string", "pattern", text);
}

static json_t *either(json_t *a, json_t *b)
{
    return json_pack("{s:[o, o]}", "anyOf", a, b);
}

static json_t *with_range(json_t *j, const struct key *k)
{
    bool open = k->type == KEY_PERCENTILE;

    if (k->min == 0 && k->max == 0)
        return j;
    json_put(j, open ? "exclusiveMinimum" : "minimum", json_real(k->min));
    json_put(j, open ? "exclusiveMaximum" : "maximum", json_real(k->max));
    return j;
}

static json_t *metrics(bool slo_only)
{
    json_t *list = json_array();
    const struct metric_name *m;

    for (size_t i = 0; (m = metric_name_at(i)); i++)
        if (!slo_only || m->is_slo)
            json_push(list, json_string(m->id));
    return json_pack("{s:o}", "enum", list);
}

static json_t *choices(const struct key *k)
{
    json_t *list = json_array();

    for (int i = 0; k->choices[i]; i++)
        if (*k->choices[i])
            json_push(list, json_string(k->choices[i]));
    return json_pack("{s:o}", "enum", list);
}

static json_t *truths(bool with_auto)
{
    json_t *words = json_pack("[s, s, s, s]", "yes", "no", "on", "off");

    if (with_auto)
        json_push(words, json_string("auto"));
    return either(typed("boolean"), json_pack("{s:o}", "enum", words));
}

static json_t *map_of(json_t *names, json_t *values)
{
    json_t *j = json_pack("{s:s, s:o}", "type", "object", "additionalProperties", values);

    if (names)
        json_put(j, "propertyNames", names);
    return j;
}

static json_t *scalars(void)
{
    return json_pack("{s:[s, s, s]}", "type", "string", "number", "boolean");
}

static json_t *list_of(const char *prefix, const char *required);

/* Of the types that are text of one form. */
static const char *const patterns[] = {
    [KEY_URL] = "^https?://",
    [KEY_DIGEST] = "^[0-9a-f]{64}$",
    [KEY_RATE] = RATE,
    [KEY_SECRET] = "^(env|file):.",
    [KEY_PATIENCE] = "^(uniform [0-9.]+(ns|us|ms|s|m|h)?[.][.])?[0-9.]+( tokens|ns|us|ms|s|m|h)$",
    [KEY_WARM_UP] = "^(none|first [0-9]+([.][0-9]+)?(ns|us|ms|s|m|h|k|Ki|M|Mi)?)$",
    [KEY_RAMP] = RAMP,
};

/* Of those that are lists of entries: their keys, and the one that an entry must have. */
static const char *const lists[][2] = {
    [KEY_GOOD] = {"good[]", "metric"},
    [KEY_EXPECT] = {"expect[]", "metric"},
    [KEY_STAGES] = {"load.stages[]", "for"},
    [KEY_MIX] = {"workload.mix[]", "name"},
};

static json_t *schema_of_number(const struct key *k)
{
    switch (k->type) {
    case KEY_RATIO:
        return either(pattern(RATIO), with_range(typed("number"), k));
    case KEY_COUNT:
    case KEY_COUNT64:
        return either(pattern(SIZE), with_range(typed("integer"), k));
    case KEY_SEED:
        return json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
    case KEY_SLOTS:
        return either(pattern("^[0-9]+[.][.][0-9]+$"), with_range(typed("integer"), k));
    case KEY_TURNS:
        return either(pattern("^([0-9]+|[0-9]+[.][.][0-9]+|geometric [0-9]+([.][0-9]+)?)$"),
                      json_pack("{s:s, s:i}", "type", "integer", "minimum", 1));
    default:
        return with_range(typed("number"), k);
    }
}

static json_t *schema_of_value(const struct key *k)
{
    if ((size_t)k->type < COUNT_OF(patterns) && patterns[k->type])
        return pattern(patterns[k->type]);
    if ((size_t)k->type < COUNT_OF(lists) && lists[k->type][0])
        return list_of(lists[k->type][0], lists[k->type][1]);
    switch (k->type) {
    case KEY_VERSION:
        return json_pack("{s:i}", "const", 1);
    case KEY_TEXT:
    case KEY_WORD:
    case KEY_ENUM:
        return k->choices ? choices(k) : scalars();
    case KEY_METRIC:
        return metrics(false);
    case KEY_DURATION:
        return either(pattern(DURATION), json_pack("{s:i}", "const", 0));
    case KEY_BOOL:
    case KEY_TRISTATE:
        return truths(k->type == KEY_TRISTATE);
    case KEY_THINK:
        return either(pattern("^(exponential )?(0|[0-9]+([.][0-9]+)?(ns|us|ms|s|m|h))$"),
                      json_pack("{s:i}", "const", 0));
    case KEY_TEXTS:
        return json_pack("{s:s, s:o}", "type", "array", "items", scalars());
    case KEY_MAP:
        return map_of(NULL, scalars());
    case KEY_REQUIRE:
        return map_of(NULL, either(json_pack("{s:s, s:i, s:o}", "type", "array", "minItems", 1,
                                             "items", scalars()),
                                   scalars()));
    case KEY_BODY:
        return typed("object");
    case KEY_SWEEP:
        return map_of(NULL, either(json_pack("{s:s, s:o}", "type", "array", "items", scalars()),
                                   map_of(NULL, scalars())));
    case KEY_LIMIT:
        return either(typed("number"), typed("string"));
    case KEY_SLO:
        return map_of(metrics(true), pattern(DURATION));
    default:
        return schema_of_number(k);
    }
}

/* What is not stated may be null, in a plan and in an effective one. */
static json_t *schema_of_key(const struct key *k)
{
    bool required = k->type == KEY_VERSION || k->type == KEY_METRIC ||
                    strcmp(k->name, "target.url") == 0 || strcmp(k->name, "target.model") == 0;
    json_t *value = schema_of_value(k);
    json_t *j = required ? value : either(value, typed("null"));

    json_put_str(j, "description", k->help);
    if (k->fallback)
        json_put_str(j, "default", k->fallback);
    return j;
}

static json_t *object(void)
{
    return json_pack("{s:s, s:b, s:{}}", "type", "object", "additionalProperties", 0, "properties");
}

/* The schema of the group @name below @root, made on the way. */
static json_t *properties_for(json_t *root, const char *name)
{
    const char *dot;
    char part[64];

    for (; root && (dot = strchr(name, '.')); name = dot + 1) {
        json_t *all = json_object_get(root, "properties"), *next;

        (void)snprintf(part, sizeof part, "%.*s", (int)(dot - name), name);
        next = json_object_get(all, part);
        if (!next) {
            json_put(all, part, object());
            next = json_object_get(all, part);
        }
        root = next;
    }
    return json_object_get(root, "properties");
}

static json_t *list_of(const char *prefix, const char *required)
{
    json_t *entry = object();
    size_t n = strlen(prefix);
    const struct key *k;

    for (size_t i = 0; (k = key_at(i)); i++)
        if (strncmp(k->name, prefix, n) == 0)
            json_put(json_object_get(entry, "properties"), key_leaf(k->name), schema_of_key(k));
    json_put(entry, "required", json_pack("[s]", required));
    return json_pack("{s:s, s:o}", "type", "array", "items", entry);
}

char *plan_schema(void)
{
    AUTO(json_unref) json_t *root = json_object();
    AUTO(json_unref) json_t *body = object();
    const struct key *k;

    json_put_str(root, "$schema", "https://json-schema.org/draft/2020-12/schema");
    json_put_str(root, "$id", "urn:asrun:schema:plan:1");
    json_put_str(root, "title", "asrun plan, version 1 (generated: asrun check --schema)");
    for (size_t i = 0; (k = key_at(i)); i++)
        if (!strchr(k->name, '['))
            json_put(properties_for(body, k->name), key_leaf(k->name), schema_of_key(k));
    json_put(json_object_get(json_object_get(body, "properties"), "target"), "required",
             json_pack("[s, s]", "url", "model"));
    json_put(body, "required", json_pack("[s, s, s]", "asrun", "workload", "target"));
    (void)json_object_update(root, body);
    return json_pretty(root);
}

static void add_range(struct str *out, const struct key *k)
{
    if (k->choices) {
        for (int i = 0, n = 0; k->choices[i]; i++)
            if (*k->choices[i])
                str_addf(out, "%s`%s`", n++ ? ", " : "", k->choices[i]);
    } else if (k->min == 0 && k->max == 0)
        str_add(out, "");
    else if (k->type == KEY_DURATION || k->type == KEY_THINK)
        str_addf(out, "%s to %s", units_exact_ns((int64_t)k->min).text,
                 units_exact_ns((int64_t)k->max).text);
    else if (k->type == KEY_SEED)
        str_add(out, "from 0");
    else
        str_addf(out, "%.15g to %.15g", k->min, k->max);
}

char *plan_key_docs(void)
{
    AUTO(str_release) struct str out = {0};
    const struct key *k;

    str_add(&out, "| key | takes | default | range | meaning |\n|---|---|---|---|---|\n");
    for (size_t i = 0; (k = key_at(i)); i++) {
        str_addf(&out, "| `%s` | %s | ", k->name, key_takes(k));
        str_addf(&out, k->fallback ? "`%s`" : "%s", k->fallback ? k->fallback : "");
        str_add(&out, " | ");
        add_range(&out, k);
        str_addf(&out, " | %s |\n", k->help);
    }
    return str_take(&out);
}
