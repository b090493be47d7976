/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/effective.c - the plan with every default written out: as JSON, and as YAML. */
#include "plan/reading.h"
#include "base/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The object that holds the last part of @name, made on the way. NULL: no memory. */
static json_t *holder(json_t *root, const char *name)
{
    const char *dot;
    char part[64];

    for (; root && (dot = strchr(name, '.')); name = dot + 1) {
        json_t *next;

        (void)snprintf(part, sizeof part, "%.*s", (int)(dot - name), name);
        next = json_object_get(root, part);
        if (!next) {
            json_put(root, part, json_object());
            next = json_object_get(root, part);
        }
        root = json_is_object(next) ? next : NULL;
    }
    return root;
}

json_t *plan_json(const struct plan *p)
{
    json_t *root = json_object();
    const struct key *k;

    for (size_t i = 0; root && (k = key_at(i)); i++)
        if (!strchr(k->name, '['))
            json_put(holder(root, k->name), key_leaf(k->name), value_json(k, p));
    return root;
}

/* Text that YAML reads as itself, without quotes. */
static bool is_plain(const char *text)
{
    static const char *const words[] = {"true", "false", "null", "yes", "no", "on", "off"};
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               " _./@%+-";
    size_t n = strlen(text);
    char *end;

    if (n == 0 || strspn(text, safe) != n || text[n - 1] == ' ' || strchr(" -@%./+", text[0]))
        return false;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(text, words[i]) == 0)
            return false;
    (void)strtod(text, &end);
    return *end != '\0';
}

static void add_text(struct str *out, const char *text)
{
    if (is_plain(text))
        str_add(out, text);
    else
        str_add_json(out, text);
}

static void add_scalar(struct str *out, const json_t *j)
{
    if (json_is_string(j))
        add_text(out, json_string_value(j));
    else if (json_is_integer(j))
        str_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(j));
    else if (json_is_real(j))
        str_add(out, number_text(json_real_value(j)).text);
    else
        str_add(out, json_is_true(j) ? "true" : json_is_false(j) ? "false" : "null");
}

static void add_node(struct str *out, json_t *j, int depth);

static void add_map(struct str *out, json_t *map, int depth, bool in_list)
{
    const char *key;
    json_t *value;
    bool first = true;

    json_object_foreach(map, key, value)
    {
        str_addf(out, "%*s", first && in_list ? 0 : 2 * depth, "");
        add_text(out, key);
        str_add(out, ":");
        add_node(out, value, depth + 1);
        first = false;
    }
}

static void add_list(struct str *out, json_t *list, int depth)
{
    json_t *each;
    size_t i;

    json_array_foreach(list, i, each)
    {
        str_addf(out, "%*s-", 2 * depth, "");
        if (json_is_object(each)) {
            str_add(out, " ");
            add_map(out, each, depth + 1, true);
        } else
            add_node(out, each, depth + 1);
    }
}

/* What follows a key's colon or a list's dash. */
static void add_node(struct str *out, json_t *j, int depth)
{
    if (json_is_object(j) && json_object_size(j) > 0) {
        str_add(out, "\n");
        add_map(out, j, depth, false);
    } else if (json_is_array(j) && json_array_size(j) > 0) {
        str_add(out, "\n");
        add_list(out, j, depth);
    } else {
        str_add(out, " ");
        if (json_is_object(j) || json_is_array(j))
            str_add(out, json_is_object(j) ? "{}" : "[]");
        else
            add_scalar(out, j);
        str_add(out, "\n");
    }
}

char *plan_show(const struct plan *p)
{
    AUTO(json_unref) json_t *j = plan_json(p);
    AUTO(str_release) struct str out = {0};

    if (!j)
        return NULL;
    add_map(&out, j, 0, false);
    return str_take(&out);
}
