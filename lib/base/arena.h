/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/base/arena.h - memory that is released all at once: a plan's strings, a document's parts.
 * Zeroed, 16-byte aligned. NULL on failure; nothing is freed singly.
 */
#pragma once
#include "base/base.h"

struct arena_chunk;
struct arena {
    struct arena_chunk *head;
};

void *arena_alloc(struct arena *a, size_t n);
char *arena_strdup(struct arena *a, const char *text);
char *arena_strndup(struct arena *a, const char *text, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
void arena_release(struct arena *a);
DEFINE_AUTO_HELD(struct arena, arena_release)
