/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/plan/tree.h - a YAML or JSON text as plain nodes with line numbers, in an arena. Refused:
 * duplicate keys, tags, anchors and aliases, more than one document, depth over TREE_DEPTH, text
 * that is not UTF-8.
 */
#pragma once
#include "base/arena.h"
#include "base/base.h"

enum { TREE_DEPTH = 16 };
enum node_kind { NODE_SCALAR, NODE_MAP, NODE_LIST };

struct node {
    enum node_kind kind;
    int line;         /* from 1; 0: from a flag */
    const char *key;  /* in a map; else "" */
    const char *text; /* of a scalar */
    bool plain;       /* a scalar without quotes */
    struct node *child, *next;
};

/* -EINVAL with "NAME:LINE: ...". An empty text gives an empty map. */
NODISCARD int tree_parse(struct node **ret, struct arena *a, const char *text, const char *name,
                         struct err *err);
/* Sets @value at the dotted @key below the map @root, or at @entry (which may hold dots) of the map
 * at @key if @entry is not NULL. @yaml: the value may be a list or map. */
NODISCARD int tree_set(struct node *root, struct arena *a, const char *key, const char *entry,
                       const char *value, bool yaml, struct err *err);
/* A scalar that says "not stated": null or ~ without quotes. */
bool node_is_null(const struct node *n);
struct node *node_child(const struct node *map, const char *key); /* NULL: none */
