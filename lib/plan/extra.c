/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/extra.c - target.body: fields that a request's JSON has beside asrun's own. */
#include "plan/reading.h"
#include "base/str.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name, *key; /* what sets it */
} ours[] = {
    {"model", "target.model"},
    {"messages", "workload"},
    {"prompt", "workload"},
    {"input", "workload"},
    {"query", "workload"},
    {"documents", "target.documents"},
    {"max_tokens", "the workload's output lengths"},
    {"max_output_tokens", "the workload's output lengths"},
    {"temperature", "load.temperature"},
    {"stream", "target.stream"},
    {"stream_options", "target.include_usage"},
    {"ignore_eos", "target.ignore_eos"},
};
static const char *const secrets[] = {"api_key",      "authorization", "password",
                                      "access_token", "secret",        "apikey"};

static int to_json(json_t **ret, struct reading *r, const char *shown, const struct node *n);

static int take(json_t *into, struct reading *r, const char *shown, const struct node *n)
{
    json_t *value = NULL;
    int rc = to_json(&value, r, shown, n);

    if (rc < 0)
        return rc;
    rc = json_is_object(into) ? json_object_set_new(into, n->key, value)
                              : json_array_append_new(into, value);
    return rc < 0 ? reading_no_memory(r) : 0;
}

/* Text without quotes that JSON reads as a number or word is that; what only YAML would is refused
 * rather than guessed. */
static int scalar(json_t **ret, struct reading *r, const char *shown, const struct node *n)
{
    json_t *j = n->plain ? json_loads(n->text, JSON_DECODE_ANY, NULL) : NULL;
    char *end;

    if (node_is_null(n)) {
        *ret = json_null();
        return 0;
    }
    if (!j && n->plain && *n->text) {
        (void)strtod(n->text, &end);
        if (!*end)
            return reading_fail(r, n, shown,
                                "'%.40s' is no JSON number; write 0.5, or quote a text", n->text);
    }
    *ret = j ? j : json_string(n->text);
    return *ret ? 0 : reading_no_memory(r);
}

static int to_json(json_t **ret, struct reading *r, const char *shown, const struct node *n)
{
    AUTO(json_unref) json_t *j = NULL;
    int rc = 0;

    if (n->kind == NODE_SCALAR)
        return scalar(ret, r, shown, n);
    j = n->kind == NODE_MAP ? json_object() : json_array();
    if (!j)
        return reading_no_memory(r);
    for (const struct node *c = n->child; c && rc == 0; c = c->next)
        rc = take(j, r, shown, c);
    if (rc == 0)
        *ret = TAKE(j);
    return rc;
}

static int check_name(struct reading *r, const char *shown, const struct node *n)
{
    for (size_t i = 0; i < COUNT_OF(ours); i++)
        if (strcmp(n->key, ours[i].name) == 0)
            return reading_fail(r, n, shown, "%s is set by asrun itself, from %s; leave it out",
                                n->key, ours[i].key);
    for (size_t i = 0; i < COUNT_OF(secrets); i++)
        if (strcasecmp(n->key, secrets[i]) == 0)
            return reading_fail(r, n, shown,
                                "%s does not belong in a plan; use target.api_key or a header: "
                                "env:NAME",
                                n->key);
    return 0;
}

int extra_set(struct reading *r, const struct key *k, const char *shown, const struct node *n,
              void *base)
{
    AUTO(json_unref) json_t *j = NULL;
    AUTO(free) char *text = NULL;
    const char *copy;
    int rc = 0;

    if (n->kind != NODE_MAP)
        return reading_fail(r, n, shown, "is no map; it takes %s", key_takes(k));
    for (const struct node *c = n->child; c && rc == 0; c = c->next)
        rc = check_name(r, shown, c);
    if (rc == 0)
        rc = to_json(&j, r, shown, n);
    if (rc < 0)
        return rc;
    text = json_canonical(j);
    copy = text ? arena_strdup(&r->plan->arena, json_object_size(j) ? text : "") : NULL;
    if (!copy)
        return reading_no_memory(r);
    memcpy((char *)base + k->field, &copy, sizeof copy);
    return 0;
}

json_t *extra_json(const char *text)
{
    return *text ? json_loads(text, 0, NULL) : json_null();
}

void plan_add_body(struct str *out, const struct plan *p)
{
    size_t n = strlen(p->target.body);

    if (n > 2) /* without its braces */
        str_addf(out, ",%.*s", (int)n - 2, p->target.body + 1);
}
