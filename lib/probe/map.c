/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/map.c - reading map files. They are our own, so an unknown key is an error, and a test
 * reads them all. */
#include "probe/map.h"
#include "base/json.h"
#include <stdlib.h>
#include <string.h>

struct reading {
    struct metric_map *map;
    const char *where;
    struct err *err;
};

static int bad(const struct reading *r, const char *what, const char *which)
{
    return err_set(r->err, -EINVAL, "%s: %s%s%s", r->where, what, which ? " " : "",
                   which ? which : "");
}

static int no_memory(const struct reading *r)
{
    return err_set(r->err, -ENOMEM, "%s: out of memory", r->where);
}

/* Every key of @object is in @known, a list that ends with NULL. */
static int check_keys(const struct reading *r, json_t *object, const char *const *known)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object))
        return bad(r, "an entry is no object", NULL);
    json_object_foreach(object, key, value)
    {
        size_t i = 0;

        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        if (!known[i])
            return bad(r, "unknown key", key);
    }
    return 0;
}

/* @needed: -EINVAL without it; else *@ret stays NULL. */
static int take_text(const struct reading *r, const char **ret, json_t *object, const char *key,
                     bool needed)
{
    json_t *value = json_object_get(object, key);

    if (!value && !needed)
        return 0;
    if (!json_is_string(value))
        return bad(r, "no text at", key);
    *ret = arena_strdup(&r->map->words, json_string_value(value));
    return *ret ? 0 : no_memory(r);
}

/* At most @max texts into @ret, which ends with NULL. */
static int take_texts(const struct reading *r, const char **ret, size_t max, json_t *object,
                      const char *key)
{
    json_t *list = json_object_get(object, key), *value;
    size_t i;

    if (list && (!json_is_array(list) || json_array_size(list) > max))
        return bad(r, "no list, or one too long, at", key);
    json_array_foreach(list, i, value)
    {
        if (!json_is_string(value))
            return bad(r, "no text in the list", key);
        ret[i] = arena_strdup(&r->map->words, json_string_value(value));
        if (!ret[i])
            return no_memory(r);
    }
    return 0;
}

static int take_word(const struct reading *r, int *ret, json_t *object, const char *key,
                     const char *const *words)
{
    const char *text = json_string_value(json_object_get(object, key));
    int i = 0;

    while (text && words[i] && strcmp(words[i], text) != 0)
        i++;
    if (!text || !words[i])
        return bad(r, "no known word at", key);
    *ret = i;
    return 0;
}

/* "where": {"request_type": "waiting"} */
static int take_where(const struct reading *r, struct metric_entry *e, json_t *object)
{
    json_t *where = json_object_get(object, "where"), *value;
    const char *key;

    if (!where)
        return 0;
    if (json_object_size(where) != 1)
        return bad(r, "not one label at", "where");
    json_object_foreach(where, key, value)
    {
        if (!json_is_string(value))
            return bad(r, "no text at", "where");
        e->label = arena_strdup(&r->map->words, key);
        e->value = arena_strdup(&r->map->words, json_string_value(value));
    }
    return e->label && e->value ? 0 : no_memory(r);
}

static int add_entry(const struct reading *r, const struct metric_entry *e)
{
    struct metric_map *m = r->map;

    if (m->entry_count == MAP_ENTRIES)
        return bad(r, "more entries than there is room for", NULL);
    if (map_entry(m, e->name))
        return bad(r, "named twice:", e->name);
    m->entries[m->entry_count++] = *e;
    return 0;
}

/* "x" -> "x_sum" in all that it is read from, "NAME.sum" for the name. */
static int add_half(const struct reading *r, const struct metric_entry *whole, const char *half,
                    const char *unit)
{
    struct arena *words = &r->map->words;
    struct metric_entry e = *whole;

    e.kind = METRIC_COUNTER;
    e.unit = unit;
    e.name = arena_printf(words, "%s.%s", whole->name, half);
    e.total = NULL;
    for (size_t i = 0; whole->from[i]; i++) {
        e.from[i] = arena_printf(words, "%s_%s", whole->from[i], half);
        if (!e.from[i])
            return no_memory(r);
    }
    return e.name ? add_entry(r, &e) : no_memory(r);
}

static int add_histogram(const struct reading *r, struct metric_entry *e)
{
    const double scale = e->scale;
    int code = add_half(r, e, "sum", e->unit);

    if (code < 0)
        return code;
    e->scale = 1; /* what is counted has no unit to convert */
    code = add_half(r, e, "count", "");
    e->scale = scale;
    return code;
}

static int take_scale(const struct reading *r, struct metric_entry *e, json_t *object)
{
    json_t *scale = json_object_get(object, "scale");

    e->scale = 1;
    if (scale && !json_is_number(scale))
        return bad(r, "no number at", "scale");
    if (scale)
        e->scale = json_number_value(scale);
    return 0;
}

static int take_entry(const struct reading *r, json_t *object)
{
    static const char *const known[] = {"name",  "unit",  "kind", "from", "across", "scale",
                                        "where", "total", "note", "lazy", NULL};
    static const char *const kinds[] = {"gauge", "counter", "histogram", NULL};
    static const char *const across[] = {"sum", "max", "mean", NULL};
    struct metric_entry e = {0};
    int kind = 0, how = 0, code = check_keys(r, object, known);

    if (code < 0 || (code = take_text(r, &e.name, object, "name", true)) < 0 ||
        (code = take_text(r, &e.unit, object, "unit", true)) < 0 ||
        (code = take_text(r, &e.total, object, "total", false)) < 0 ||
        (code = take_text(r, &e.note, object, "note", false)) < 0 ||
        (code = take_texts(r, e.from, MAP_FROM, object, "from")) < 0 ||
        (code = take_word(r, &kind, object, "kind", kinds)) < 0 ||
        (code = take_word(r, &how, object, "across", across)) < 0 ||
        (code = take_scale(r, &e, object)) < 0 || (code = take_where(r, &e, object)) < 0)
        return code;
    if (!e.from[0])
        return bad(r, "nothing to read it from:", e.name);
    e.lazy = json_is_true(json_object_get(object, "lazy"));
    e.across = (enum metric_across)how;
    e.kind = kind == 0 ? METRIC_GAUGE : METRIC_COUNTER;
    if (e.kind == METRIC_COUNTER && e.across != ACROSS_SUM)
        return bad(r, "what counts is added up:", e.name);
    return kind == 2 ? add_histogram(r, &e) : add_entry(r, &e);
}

static int take_label(const struct reading *r, json_t *object)
{
    static const char *const known[] = {"name", "unit", "from", "label", NULL};
    struct metric_label l = {0};
    int code = check_keys(r, object, known);

    if (code < 0 || (code = take_text(r, &l.name, object, "name", true)) < 0 ||
        (code = take_text(r, &l.unit, object, "unit", true)) < 0 ||
        (code = take_text(r, &l.from, object, "from", true)) < 0 ||
        (code = take_text(r, &l.label, object, "label", true)) < 0)
        return code;
    if (r->map->label_count == COUNT_OF(r->map->labels))
        return bad(r, "more labels than there is room for", NULL);
    r->map->labels[r->map->label_count++] = l;
    return 0;
}

/* Both must be counters of the map. */
static int take_ratio(const struct reading *r, json_t *object)
{
    static const char *const known[] = {"name", "of", "over", NULL};
    const struct metric_entry *of, *over;
    struct metric_ratio q = {0};
    int code = check_keys(r, object, known);

    if (code < 0 || (code = take_text(r, &q.name, object, "name", true)) < 0 ||
        (code = take_text(r, &q.of, object, "of", true)) < 0 ||
        (code = take_text(r, &q.over, object, "over", true)) < 0)
        return code;
    of = map_entry(r->map, q.of);
    over = map_entry(r->map, q.over);
    if (!of || !over || of->kind != METRIC_COUNTER || over->kind != METRIC_COUNTER)
        return bad(r, "a ratio of what are no counters:", q.name);
    if (r->map->ratio_count == COUNT_OF(r->map->ratios))
        return bad(r, "more ratios than there is room for", NULL);
    r->map->ratios[r->map->ratio_count++] = q;
    return 0;
}

static int take_list(const struct reading *r, json_t *root, const char *key,
                     int (*take)(const struct reading *r, json_t *object))
{
    json_t *list = json_object_get(root, key), *object;
    size_t i;
    int code = 0;

    if (list && !json_is_array(list))
        return bad(r, "no list at", key);
    json_array_foreach(list, i, object)
    {
        code = take(r, object);
        if (code < 0)
            break;
    }
    return code;
}

static int take_map(const struct reading *r, json_t *root)
{
    static const char *const known[] = {"map",     "engine", "scope", "index",  "none",     "ranks",
                                        "without", "series", "facts", "ratios", "left out", NULL};
    struct metric_map *m = r->map;
    int code = check_keys(r, root, known);

    if (code < 0 || (code = take_text(r, &m->id, root, "map", true)) < 0 ||
        (code = take_text(r, &m->engine, root, "engine", true)) < 0 ||
        (code = take_text(r, &m->scope, root, "scope", true)) < 0 ||
        (code = take_text(r, &m->index, root, "index", false)) < 0 ||
        (code = take_text(r, &m->none, root, "none", false)) < 0 ||
        (code = take_text(r, &m->without, root, "without", false)) < 0 ||
        (code = take_texts(r, m->ranks, MAP_RANKS, root, "ranks")) < 0 ||
        (code = take_list(r, root, "series", take_entry)) < 0 ||
        (code = take_list(r, root, "facts", take_label)) < 0)
        return code;
    return take_list(r, root, "ratios", take_ratio);
}

int map_parse(struct metric_map **ret, const char *text, const char *where, struct err *err)
{
    AUTO(map_free) struct metric_map *m = calloc(1, sizeof *m);
    const struct reading r = {m, where, err};
    AUTO(json_unref) json_t *root = NULL;
    int code;

    if (!m)
        return no_memory(&r);
    code = json_parse(&root, text, where, err);
    if (code == 0)
        code = take_map(&r, root);
    if (code < 0)
        return code;
    *ret = TAKE(m);
    return 0;
}

void map_free(struct metric_map *m)
{
    if (!m)
        return;
    arena_release(&m->words);
    free(m);
}

const struct metric_entry *map_entry(const struct metric_map *m, const char *name)
{
    for (size_t i = 0; i < m->entry_count; i++)
        if (strcmp(m->entries[i].name, name) == 0)
            return &m->entries[i];
    return NULL;
}
