/* SPDX-License-Identifier: Apache-2.0 */
/* Which word prefixes have been seen: open addressing over 64-bit hashes, started over when half
 * full, so that a long test can't grow it. */
#include "refserver.h"
#include <stdlib.h>
#include <string.h>

enum { PREFIX_SLOTS = 1 << 21 };

int prefix_set_init(struct prefix_set *p)
{
    p->used = 0;
    p->slots = calloc(PREFIX_SLOTS, sizeof *p->slots);
    return p->slots ? 0 : -ENOMEM;
}

bool prefix_set_add(struct prefix_set *p, uint64_t hash)
{
    size_t i;

    hash |= hash == 0; /* 0 marks a free slot */
    if (p->used >= PREFIX_SLOTS / 2) {
        memset(p->slots, 0, PREFIX_SLOTS * sizeof *p->slots);
        p->used = 0;
    }
    for (i = hash % PREFIX_SLOTS; p->slots[i] != 0; i = (i + 1) % PREFIX_SLOTS)
        if (p->slots[i] == hash)
            return true;
    p->slots[i] = hash;
    p->used++;
    return false;
}

void prefix_set_release(struct prefix_set *p)
{
    free(TAKE(p->slots));
}
