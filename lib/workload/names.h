/* SPDX-License-Identifier: Apache-2.0 */
/* lib/workload/names.h - which row bears a name: a hash table from texts to rows. */
#pragma once
#include "base/base.h"

struct name_slot {
    char *text; /* NULL: free */
    uint32_t row;
};
struct names { /* zero before first use */
    struct name_slot *slots;
    size_t capacity, count; /* capacity: a power of two */
};

/* The row of @text, to be read or set; NULL: no such name. Until the next names_set(). */
uint32_t *names_find(const struct names *n, const char *text);
/* Gives @text, new or not, this row. -ENOMEM. */
NODISCARD int names_set(struct names *n, const char *text, uint32_t row);
void names_release(struct names *n);
DEFINE_AUTO_HELD(struct names, names_release)
