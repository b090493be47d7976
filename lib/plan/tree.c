/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/tree.h"
#include <libfyaml.h>
#include <stdio.h>
#include <string.h>

struct source { /* what is being read, for messages */
    struct arena *arena;
    const char *name, *text;
    struct err *err;
};

DEFINE_AUTO(struct fy_diag *, fy_diag_destroy)
DEFINE_AUTO(struct fy_parser *, fy_parser_destroy)

static int no_memory(struct source *s)
{
    return err_set(s->err, -ENOMEM, "%s: out of memory", s->name);
}

/* Bytes of the UTF-8 sequence at @p; 0 if it is none, or a control character. */
static size_t utf8_step(const unsigned char *p)
{
    size_t n = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 : *p >> 3 == 30 ? 4 : 0;

    if (n == 1 && ((*p < 0x20 && *p != '\n' && *p != '\r' && *p != '\t') || *p == 0x7f))
        return 0;
    for (size_t i = 1; i < n; i++)
        if (p[i] >> 6 != 2)
            return 0;
    return n;
}

static int check_text(struct source *s)
{
    int line = 1;
    size_t step;

    for (const unsigned char *p = (const unsigned char *)s->text; *p; p += step) {
        step = utf8_step(p);
        if (step == 0)
            return err_set(s->err, -EINVAL,
                           "%s:%d: byte 0x%02x is not text; a plan is UTF-8 without control "
                           "characters",
                           s->name, line, *p);
        line += *p == '\n';
    }
    return 0;
}

static int line_of(struct fy_token *t, int otherwise)
{
    const struct fy_mark *m = t ? fy_token_start_mark(t) : NULL;

    return m ? m->line + 1 : otherwise;
}

/* The line where a node begins: its own if a scalar, else that of the first scalar inside. */
static int first_line(struct fy_node *n, int otherwise)
{
    void *at = NULL;

    for (int depth = 0; n && depth < TREE_DEPTH; depth++) {
        if (fy_node_is_scalar(n))
            return line_of(fy_node_get_scalar_token(n), otherwise);
        at = NULL;
        if (fy_node_is_mapping(n)) {
            struct fy_node_pair *pair = fy_node_mapping_iterate(n, &at);

            n = pair ? fy_node_pair_key(pair) : NULL;
        } else
            n = fy_node_sequence_iterate(n, &at);
    }
    return otherwise;
}

static int copy_text(const char **ret, struct source *s, struct fy_node *n, int line)
{
    size_t len = 0;
    const char *text = fy_node_get_scalar(n, &len);

    if (text && memchr(text, '\0', len))
        return err_set(s->err, -EINVAL, "%s:%d: a NUL character is not text", s->name, line);
    *ret = arena_strndup(s->arena, text ? text : "", text ? len : 0);
    return *ret ? 0 : no_memory(s);
}

static int convert(struct node *ret, struct source *s, struct fy_node *n, int line, int depth);

static int convert_pair(struct node *map, struct node *ret, struct source *s,
                        struct fy_node_pair *pair, int depth)
{
    struct fy_node *key = fy_node_pair_key(pair);
    const struct node *before;
    int line = first_line(key, ret->line), r;

    if (!key || !fy_node_is_scalar(key) || fy_node_is_alias(key))
        return err_set(s->err, -EINVAL, "%s:%d: a key must be plain text", s->name, line);
    r = copy_text(&ret->key, s, key, line);
    if (r < 0)
        return r;
    before = node_child(map, ret->key);
    if (before)
        return err_set(s->err, -EINVAL, "%s:%d: %s: given twice, first in line %d; keep one",
                       s->name, line, ret->key, before->line);
    return convert(ret, s, fy_node_pair_value(pair), line, depth + 1);
}

static int convert_map(struct node *ret, struct source *s, struct fy_node *n, int depth)
{
    struct node **end = &ret->child;
    struct fy_node_pair *pair;

    for (void *at = NULL; (pair = fy_node_mapping_iterate(n, &at));) {
        struct node *child = arena_alloc(s->arena, sizeof *child);
        int r;

        if (!child)
            return no_memory(s);
        child->line = ret->line;
        r = convert_pair(ret, child, s, pair, depth);
        if (r < 0)
            return r;
        *end = child;
        end = &child->next;
    }
    return 0;
}

static int convert_list(struct node *ret, struct source *s, struct fy_node *n, int depth)
{
    struct node **end = &ret->child;
    struct fy_node *each;

    for (void *at = NULL; (each = fy_node_sequence_iterate(n, &at));) {
        struct node *child = arena_alloc(s->arena, sizeof *child);
        int r;

        if (!child)
            return no_memory(s);
        child->key = "";
        r = convert(child, s, each, first_line(each, ret->line), depth + 1);
        if (r < 0)
            return r;
        *end = child;
        end = &child->next;
    }
    return 0;
}

static int convert(struct node *ret, struct source *s, struct fy_node *n, int line, int depth)
{
    ret->line = line;
    ret->text = "";
    ret->plain = true;
    if (depth > TREE_DEPTH)
        return err_set(s->err, -EINVAL, "%s:%d: nested more than %d deep", s->name, line,
                       TREE_DEPTH);
    if (!n) /* "key:" and nothing after it */
        return 0;
    if (fy_node_is_alias(n) || fy_node_get_tag_token(n) || fy_node_get_anchor(n))
        return err_set(s->err, -EINVAL,
                       "%s:%d: tags, anchors and aliases are not used in plans; write it out",
                       s->name, line);
    if (fy_node_is_mapping(n)) {
        ret->kind = NODE_MAP;
        return convert_map(ret, s, n, depth);
    }
    if (fy_node_is_sequence(n)) {
        ret->kind = NODE_LIST;
        return convert_list(ret, s, n, depth);
    }
    ret->kind = NODE_SCALAR;
    ret->plain = fy_node_get_style(n) == FYNS_PLAIN;
    return copy_text(&ret->text, s, n, line);
}

/* The parser counts one line more where the text just stops. */
static int last_line(const char *text)
{
    int line = 1;

    for (const char *p = text; *p; p++)
        line += *p == '\n' && p[1];
    return line;
}

static int syntax_error(struct source *s, struct fy_diag *diag)
{
    void *at = NULL;
    struct fy_diag_error *e = fy_diag_errors_iterate(diag, &at);
    int line = e && e->line > 0 ? e->line : 1, last = last_line(s->text);

    return err_set(s->err, -EINVAL, "%s:%d: %s", s->name, line < last ? line : last,
                   e && e->msg ? e->msg : "not YAML");
}

static int convert_root(struct node *root, struct source *s, struct fy_document *doc)
{
    struct fy_node *n = doc ? fy_document_root(doc) : NULL;

    if (n)
        return convert(root, s, n, first_line(n, 1), 0);
    root->kind = NODE_MAP;
    root->line = 1;
    return 0;
}

static int parse_one(struct node *root, struct source *s, struct fy_parser *parser,
                     struct fy_diag *diag)
{
    struct fy_document *doc = fy_parse_load_document(parser), *more;
    int r;

    if (!doc && fy_parser_get_stream_error(parser))
        return syntax_error(s, diag);
    r = convert_root(root, s, doc);
    fy_parse_document_destroy(parser, doc);
    if (r < 0 || !doc)
        return r;
    more = fy_parse_load_document(parser);
    if (!more)
        return fy_parser_get_stream_error(parser) ? syntax_error(s, diag) : 0;
    r = first_line(fy_document_root(more), root->line);
    fy_parse_document_destroy(parser, more);
    return err_set(s->err, -EINVAL, "%s:%d: a second document; a plan is one", s->name, r);
}

int tree_parse(struct node **ret, struct arena *a, const char *text, const char *name,
               struct err *err)
{
    struct source s = {a, name, text, err};
    struct fy_diag_cfg quiet;
    struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_ALLOW_DUPLICATE_KEYS |
                                        FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE};
    AUTO(fy_diag_destroy) struct fy_diag *diag = NULL;
    AUTO(fy_parser_destroy) struct fy_parser *parser = NULL;
    struct node *root = arena_alloc(a, sizeof *root);
    int r = check_text(&s);

    if (r < 0)
        return r;
    fy_diag_cfg_default(&quiet);
    quiet.fp = NULL;
    diag = fy_diag_create(&quiet);
    if (!diag || !root)
        return no_memory(&s);
    fy_diag_set_collect_errors(diag, true);
    cfg.diag = diag;
    parser = fy_parser_create(&cfg);
    if (!parser || fy_parser_set_string(parser, text, strlen(text)) < 0)
        return no_memory(&s);
    root->key = root->text = "";
    r = parse_one(root, &s, parser, diag);
    if (r == 0)
        *ret = root;
    return r;
}

bool node_is_null(const struct node *n)
{
    return n->kind == NODE_SCALAR && n->plain &&
           (strcmp(n->text, "null") == 0 || strcmp(n->text, "~") == 0);
}

struct node *node_child(const struct node *map, const char *key)
{
    for (struct node *c = map->child; c; c = c->next)
        if (strcmp(c->key, key) == 0)
            return c;
    return NULL;
}

/* The child @key of @map, made if it is not there. */
static struct node *child_made(struct node *map, struct arena *a, const char *key, size_t n)
{
    struct node **end = &map->child, *made;

    for (; *end; end = &(*end)->next)
        if (strncmp((*end)->key, key, n) == 0 && (*end)->key[n] == '\0')
            return *end;
    made = arena_alloc(a, sizeof *made);
    if (!made)
        return NULL;
    made->key = arena_strndup(a, key, n);
    made->text = "";
    *end = made->key ? made : NULL;
    return *end;
}

static struct node *step_down(struct node *at, struct arena *a, const char *key, size_t n)
{
    if (at->kind != NODE_MAP) { /* a scalar where the flag knows better */
        at->kind = NODE_MAP;
        at->child = NULL;
    }
    return child_made(at, a, key, n);
}

static void forget_lines(struct node *n)
{
    n->line = 0;
    for (struct node *c = n->child; c; c = c->next)
        forget_lines(c);
}

/* What @value says, as a node of its own. */
static int value_node(struct node *ret, struct arena *a, const char *value, bool yaml,
                      struct err *err)
{
    struct node *parsed = NULL;
    int r;

    *ret = (struct node){.plain = true, .text = arena_strdup(a, value)};
    if (!ret->text)
        return err_set(err, -ENOMEM, "command line: out of memory");
    if (!yaml)
        return 0;
    r = tree_parse(&parsed, a, value, "command line", err);
    if (r < 0)
        return r;
    forget_lines(parsed);
    *ret = *parsed;
    return 0;
}

int tree_set(struct node *root, struct arena *a, const char *key, const char *entry,
             const char *value, bool yaml, struct err *err)
{
    struct node *at = root, made;
    int r = value_node(&made, a, value, yaml, err);

    if (r < 0)
        return r;
    for (const char *p = key; at && *p;) {
        size_t n = strcspn(p, ".");

        at = step_down(at, a, p, n);
        p += n + (p[n] == '.');
    }
    if (at && entry)
        at = step_down(at, a, entry, strlen(entry));
    if (!at)
        return err_set(err, -ENOMEM, "command line: out of memory");
    made.key = at->key;
    made.next = at->next;
    *at = made;
    return 0;
}
