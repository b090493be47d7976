/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/record/ring.h - a single-producer single-consumer ring of records over memory that somebody
 * else owns (a file-backed mapping, so that a killed process loses nothing).
 *
 * Positions count records since the ring was made and never wrap (64 bits). The producer publishes
 * a record with a release store of @head after the record itself is written; on a kill the mapping
 * holds exactly the published records. The consumer frees slots by moving @tail.
 */
#pragma once
#include "base/base.h"
#include "record/record.h"
#include <stdatomic.h>

struct ring_shared {                    /* in the mapping; one cache line each */
    _Alignas(64) _Atomic uint64_t head; /* next position to write */
    _Alignas(64) _Atomic uint64_t tail; /* first position still needed */
    _Alignas(64) _Atomic uint64_t lost; /* records that found the ring full */
    _Alignas(64) uint64_t capacity;     /* records, a power of two */
};

struct ring {
    struct ring_shared *shared;
    struct rec *slots;
    uint64_t mask;
    uint64_t head, known_tail; /* producer's own copies */
};

/* Bytes of memory for a ring of @capacity records (a power of two), header included. */
size_t ring_bytes(uint64_t capacity);
/* Lays a new, empty ring into zeroed memory, 64-byte aligned. */
void ring_create(struct ring *r, void *memory, uint64_t capacity);
/* Attaches to an existing ring; -EBADMSG if its header cannot be one of @size bytes. */
NODISCARD int ring_attach(struct ring *r, void *memory, size_t size);

/* Producer: false when full; the record is then counted as lost. Never blocks, never faults. */
bool ring_put(struct ring *r, const struct rec *rec);
/* Producer: records that still wait for the consumer. */
uint64_t ring_used(const struct ring *r);
uint64_t ring_lost(const struct ring *r);

/* Consumer: published positions are [tail, head). */
uint64_t ring_head(const struct ring *r);
uint64_t ring_tail(const struct ring *r);
const struct rec *ring_at(const struct ring *r, uint64_t position);
void ring_free_to(struct ring *r, uint64_t position); /* everything before is no longer needed */
