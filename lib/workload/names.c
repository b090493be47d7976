/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/names.h"
#include <stdlib.h>
#include <string.h>

/* FNV-1a. */
static uint64_t hash_of(const char *text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return h ^ h >> 32;
}

/* The name's place: where it is, or where it would go. */
static struct name_slot *place(const struct names *n, const char *text)
{
    size_t i = (size_t)hash_of(text) & (n->capacity - 1);

    while (n->slots[i].text && strcmp(n->slots[i].text, text) != 0)
        i = (i + 1) & (n->capacity - 1);
    return &n->slots[i];
}

static int grow(struct names *n)
{
    struct names grown = {.capacity = n->capacity ? 2 * n->capacity : 64, .count = n->count};

    grown.slots = calloc(grown.capacity, sizeof *grown.slots);
    if (!grown.slots)
        return -ENOMEM;
    for (size_t i = 0; i < n->capacity; i++)
        if (n->slots[i].text)
            *place(&grown, n->slots[i].text) = n->slots[i];
    free(n->slots);
    *n = grown;
    return 0;
}

uint32_t *names_find(const struct names *n, const char *text)
{
    struct name_slot *s = n->capacity ? place(n, text) : NULL;

    return s && s->text ? &s->row : NULL;
}

int names_set(struct names *n, const char *text, uint32_t row)
{
    struct name_slot *s;

    if (2 * (n->count + 1) > n->capacity && grow(n) < 0)
        return -ENOMEM;
    s = place(n, text);
    if (!s->text) {
        s->text = strdup(text);
        if (!s->text)
            return -ENOMEM;
        n->count++;
    }
    s->row = row;
    return 0;
}

void names_release(struct names *n)
{
    for (size_t i = 0; i < n->capacity; i++)
        free(n->slots[i].text);
    free(n->slots);
    *n = (struct names){0};
}
