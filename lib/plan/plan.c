/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/plan/plan.c - reads a plan: text -> nodes (tree.c), flags on top, each key by the table
 * (values.c, lists.c), then what only shows between keys (check.c), then the effective plan.
 */
#include "plan/reading.h"
#include "base/fs.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLAN_LIMIT = 1 << 20, NAME_MAX_LEN = 160 };

int reading_fail(struct reading *r, const struct node *n, const char *key, const char *fmt, ...)
{
    char words[sizeof r->err->text];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    if (n && n->line == 0)
        return err_set(r->err, -EINVAL, "command line: %s: %s", key, words);
    return err_set(r->err, -EINVAL, "%s:%d: %s: %s", r->name, n ? n->line : 1, key, words);
}

int reading_no_memory(struct reading *r)
{
    return err_set(r->err, -ENOMEM, "%s: out of memory", r->name);
}

static int unknown_key(struct reading *r, const struct node *n, const char *parent,
                       const char *full)
{
    char near[80], all[200];

    key_suggest(near, sizeof near, parent, n->key);
    if (near[0])
        return reading_fail(r, n, full, "is not a key; did you mean %s?", near);
    key_siblings(all, sizeof all, parent);
    return reading_fail(r, n, full, "is not a key; known here: %s", all);
}

/* A group's name with something else than a map below it. */
static int not_a_group(struct reading *r, const struct node *n, const char *full)
{
    char takes[160];

    if (node_is_null(n))
        return 0;
    if (strcmp(full, "target") == 0 && n->kind == NODE_LIST)
        return reading_fail(
            r, n, full,
            "is a list; write {url: ..., model: ...}, and sweep: {over: {target.url: [...]}} "
            "for several");
    key_siblings(takes, sizeof takes, full);
    return reading_fail(r, n, full, "holds keys: %s", takes);
}

static int read_map(struct reading *r, const struct node *map, const char *parent)
{
    char full[NAME_MAX_LEN];

    for (const struct node *n = map->child; n; n = n->next) {
        const struct key *k;
        int rc = 0;

        (void)snprintf(full, sizeof full, "%s%s%s", parent, *parent ? "." : "", n->key);
        k = strchr(full, '[') ? NULL : key_find(full);
        if (k) {
            r->seen[key_index(k)] = n;
            rc = value_set(r, k, full, n, r->plan);
        } else if (!key_is_group(full))
            rc = unknown_key(r, n, parent, full);
        else if (n->kind == NODE_MAP)
            rc = read_map(r, n, full);
        else
            rc = not_a_group(r, n, full);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int set_defaults(struct reading *r)
{
    const struct key *k;

    for (size_t i = 0; (k = key_at(i)); i++) {
        int rc = strchr(k->name, '[') ? 0 : value_default(r, k, r->plan);

        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Splits "declare.precision" into the map "declare" and its entry; others are keys or groups. */
int reading_override(struct reading *r, struct node *root, const struct plan_override *o)
{
    char map[NAME_MAX_LEN];
    const struct key *k = key_find(o->key);
    bool yaml = k ? k->type == KEY_MAP || k->type == KEY_TEXTS || k->type == KEY_GOOD ||
                        k->type == KEY_EXPECT || k->type == KEY_STAGES || k->type == KEY_BODY ||
                        k->type == KEY_MIX || k->type == KEY_SWEEP || k->type == KEY_REQUIRE
                  : key_is_group(o->key);

    for (const char *dot = strchr(o->key, '.'); !k && dot; dot = strchr(dot + 1, '.')) {
        const struct key *holder;

        (void)snprintf(map, sizeof map, "%.*s", (int)(dot - o->key), o->key);
        holder = key_find(map);
        if (holder &&
            (holder->type == KEY_MAP || holder->type == KEY_BODY || holder->type == KEY_REQUIRE))
            return tree_set(root, &r->plan->arena, map, dot + 1, o->value,
                            holder->type == KEY_BODY ||
                                (holder->type == KEY_REQUIRE && *o->value == '['),
                            r->err);
    }
    return tree_set(root, &r->plan->arena, o->key, NULL, o->value, yaml, r->err);
}

static int read_all(struct reading *r, const char *text, const struct plan_override *overrides,
                    size_t override_count)
{
    struct node *root = NULL;
    int rc = tree_parse(&root, &r->plan->arena, text, r->name, r->err);

    if (rc < 0)
        return rc;
    if (root->kind != NODE_MAP)
        return reading_fail(r, root, "plan", "is not a map of keys; begin with asrun: 1");
    for (size_t i = 0; i < override_count; i++) {
        rc = reading_override(r, root, &overrides[i]);
        if (rc < 0)
            return rc;
    }
    rc = secrets_check(r, root);
    if (rc == 0)
        rc = steps_prepare(r, root);
    if (rc == 0)
        rc = set_defaults(r);
    if (rc == 0)
        rc = read_map(r, root, "");
    if (rc == 0)
        rc = plan_check(r);
    return rc == 0 ? steps_check(r) : rc;
}

/* What follows from the rest: the effective plan and its digest. */
static int finish(struct reading *r)
{
    struct plan *p = r->plan;
    AUTO(json_unref) json_t *j = plan_json(p);
    AUTO(free) char *text = j ? json_canonical(j) : NULL;

    p->effective = text ? arena_strdup(&p->arena, text) : NULL;
    if (!p->effective)
        return reading_no_memory(r);
    p->digest = digest_of(p->effective, strlen(p->effective));
    return 0;
}

static int keep_source(struct reading *r, const char *text, const struct plan_override *overrides,
                       size_t override_count)
{
    struct plan *p = r->plan;
    struct plan_override *copy = arena_alloc(&p->arena, (override_count + 1) * sizeof *copy);

    p->source = arena_strdup(&p->arena, text);
    if (!copy || !p->source)
        return reading_no_memory(r);
    for (size_t i = 0; i < override_count; i++) {
        copy[i].key = arena_strdup(&p->arena, overrides[i].key);
        copy[i].value = arena_strdup(&p->arena, overrides[i].value);
        if (!copy[i].key || !copy[i].value)
            return reading_no_memory(r);
    }
    p->overrides = copy;
    p->override_count = override_count;
    return 0;
}

int plan_read(struct plan **ret, const char *text, const char *path, const char *name,
              const struct plan_override *overrides, size_t override_count, bool step,
              struct err *err)
{
    struct err unread;
    struct reading r = {.name = name, .err = err ? err : &unread, .step = step};
    AUTO(plan_free) struct plan *p = calloc(1, sizeof *p);
    int rc;

    if (!p)
        return err_set(err, -ENOMEM, "%s: out of memory", name);
    r.plan = p;
    p->path = arena_strdup(&p->arena, path);
    if (!p->path)
        return reading_no_memory(&r);
    rc = keep_source(&r, text, overrides, override_count);
    if (rc == 0)
        rc = read_all(&r, text, overrides, override_count);
    if (rc == 0)
        rc = finish(&r);
    if (rc < 0)
        return rc;
    *ret = TAKE(p);
    return 0;
}

int plan_parse(struct plan **ret, const char *text, const char *name,
               const struct plan_override *overrides, size_t override_count, struct err *err)
{
    return plan_read(ret, text, "", name, overrides, override_count, false, err);
}

int plan_load(struct plan **ret, const char *path, const struct plan_override *overrides,
              size_t override_count, struct err *err)
{
    AUTO(free) char *text = NULL;
    size_t n;
    int r = fs_read(&text, &n, path, PLAN_LIMIT, err);

    if (r < 0)
        return r == -ENOMEM ? r : err ? (err->code = -EINVAL) : -EINVAL;
    if (strlen(text) != n)
        return err_set(err, -EINVAL, "%s:1: holds NUL bytes; a plan is YAML text", path);
    return plan_read(ret, text, path, path, overrides, override_count, false, err);
}

void plan_free(struct plan *p)
{
    if (!p)
        return;
    arena_release(&p->arena);
    free(p);
}

int plan_flag(struct plan_override *ret, char *arg)
{
    char *equals = strchr(arg, '=');

    if (strncmp(arg, "--", 2) != 0 || !equals || equals == arg + 2)
        return 0;
    *equals = '\0';
    ret->key = arg + 2;
    ret->value = equals + 1;
    return 1;
}
