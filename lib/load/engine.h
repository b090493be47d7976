/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/engine.h - what one I/O thread does, without the thread: its share of the items, its
 * connections, its pace. Driven step by step over a loop, real or virtual.
 */
#pragma once
#include "load/load.h"
#include "load/loop.h"

struct engine; /* opaque; belongs to one thread at a time */

enum {
    ENGINE_AHEAD = 64, /* requests rendered before they are due */
    ENGINE_WATCHED =
        4, /* idle connections watched at a time, to see whether the server keeps them */
};

struct engine_setup {
    const struct load_config *config;
    int32_t thread, threads; /* this one of so many; item i, or group i, is thread i % threads's */
    int32_t cap;             /* this thread's share of max_in_flight or of the slots; > 0 */
    const struct loop_ops *ops;
    void *loop;
    struct ring *ring;
};

/* Allocates everything that will be needed; -ENOMEM. Borrows what @s points to. */
NODISCARD int engine_new(struct engine **ret, const struct engine_setup *s, struct err *err);
void engine_free(struct engine *e);
DEFINE_AUTO(struct engine *, engine_free)

/* How long before a due time to wake and poll, from how late a wait ends here; without it, 100 us.
 * Before the first step. */
void engine_set_wake(struct engine *e, int64_t late_ns);

/* One turn: start what is due, wait, serve what is ready. @stop as in load_control. False when
 * nothing is left to do; then every started sample has its REC_END and all sockets are closed. */
bool engine_step(struct engine *e, int stop);

/* Counts so far; fields of the thread itself (CPU, run delay, fifo) are left zero. */
const struct load_report *engine_report(const struct engine *e);

struct engine_memory {
    size_t connection; /* bytes of ours a connection, request buffer left out */
    size_t buffers;    /* bytes of address space of all request buffers */
};
struct engine_memory engine_memory(int32_t cap, size_t items, size_t request_bytes);

/* Descriptors that an engine with this @cap and @items may hold at once. */
size_t engine_sockets(int32_t cap, size_t items);
