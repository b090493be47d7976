/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/plan/prefix.h - which leading blocks of an item were leading blocks before: a set of all
 * prefixes seen, each a node of a trie whose edges stand in one open-addressed table.
 */
#pragma once
#include "base/base.h"

struct prefix_edge {
    uint32_t parent, block, node; /* node 0: free */
};
struct prefix_set {
    struct prefix_edge *edges;
    size_t capacity, count; /* capacity: a power of two */
    uint32_t nodes;         /* given out; the root is 0 */
};

/* Adds all prefixes of @blocks; *@ret_known is how many leading blocks were there before.
 * 0 or -ENOMEM. */
NODISCARD int prefix_add(struct prefix_set *s, uint32_t *ret_known, const uint32_t *blocks,
                         uint32_t count);
void prefix_clear(struct prefix_set *s); /* forgets, keeps the memory */
void prefix_release(struct prefix_set *s);
DEFINE_AUTO_HELD(struct prefix_set, prefix_release)
