/* SPDX-License-Identifier: Apache-2.0 */
#include "record/ring.h"

size_t ring_bytes(uint64_t capacity)
{
    return sizeof(struct ring_shared) + (size_t)capacity * sizeof(struct rec);
}

static void bind_to(struct ring *r, struct ring_shared *shared)
{
    r->shared = shared;
    r->slots = (struct rec *)(shared + 1);
    r->mask = shared->capacity - 1;
    r->head = atomic_load_explicit(&shared->head, memory_order_acquire);
    r->known_tail = atomic_load_explicit(&shared->tail, memory_order_acquire);
}

void ring_create(struct ring *r, void *memory, uint64_t capacity)
{
    struct ring_shared *shared = memory;

    assert(capacity > 0 && (capacity & (capacity - 1)) == 0);
    assert((uintptr_t)memory % _Alignof(struct ring_shared) == 0);
    shared->capacity = capacity;
    bind_to(r, shared);
    assert(r->head == 0 && r->known_tail == 0);
}

int ring_attach(struct ring *r, void *memory, size_t size)
{
    struct ring_shared *shared = memory;
    uint64_t capacity, used;

    if (size < sizeof *shared || (uintptr_t)memory % _Alignof(struct ring_shared) != 0)
        return -EBADMSG;
    capacity = shared->capacity;
    if (capacity == 0 || (capacity & (capacity - 1)) != 0)
        return -EBADMSG;
    if (capacity > (size - sizeof *shared) / sizeof(struct rec))
        return -EBADMSG;
    used = atomic_load_explicit(&shared->head, memory_order_acquire) -
           atomic_load_explicit(&shared->tail, memory_order_acquire);
    if (used > capacity) /* a tail beyond the head wraps to something huge */
        return -EBADMSG;
    bind_to(r, shared);
    return 0;
}

static bool is_full(struct ring *r)
{
    if (r->head - r->known_tail <= r->mask)
        return false;
    r->known_tail = atomic_load_explicit(&r->shared->tail, memory_order_acquire);
    return r->head - r->known_tail > r->mask;
}

bool ring_put(struct ring *r, const struct rec *rec)
{
    if (is_full(r)) {
        atomic_fetch_add_explicit(&r->shared->lost, 1, memory_order_relaxed);
        return false;
    }
    r->slots[r->head & r->mask] = *rec;
    atomic_store_explicit(&r->shared->head, ++r->head, memory_order_release);
    return true;
}

uint64_t ring_used(const struct ring *r)
{
    return r->head - atomic_load_explicit(&r->shared->tail, memory_order_relaxed);
}

uint64_t ring_lost(const struct ring *r)
{
    return atomic_load_explicit(&r->shared->lost, memory_order_relaxed);
}

uint64_t ring_head(const struct ring *r)
{
    return atomic_load_explicit(&r->shared->head, memory_order_acquire);
}

uint64_t ring_tail(const struct ring *r)
{
    return atomic_load_explicit(&r->shared->tail, memory_order_acquire);
}

const struct rec *ring_at(const struct ring *r, uint64_t position)
{
    return &r->slots[position & r->mask];
}

void ring_free_to(struct ring *r, uint64_t position)
{
    assert(position - ring_tail(r) <= r->mask + 1);
    atomic_store_explicit(&r->shared->tail, position, memory_order_release);
}
