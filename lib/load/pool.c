/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/pool.c - everything that is taken and given back during a trial, sized before it:
 * connections in intrusive lists by index, request buffers on a stack (the same few stay warm in
 * the cache), deadlines in a binary heap with each connection's place known to it.
 */
#include "load/inside.h"
#include <stdlib.h>
#include <string.h>

#define BUFFER_LIMIT ((size_t)1 << 30)

size_t engine_sockets(int32_t cap, size_t items)
{
    return ((size_t)cap < items ? (size_t)cap : items) + ENGINE_WATCHED;
}

/* Enough for all in flight and all rendered ahead, but not more than a gibibyte of address space:
 * beyond it an item waits for a buffer (memory that is never written is never used). */
static int32_t buffers_wanted(size_t connections, size_t request_bytes)
{
    size_t all = connections + ENGINE_AHEAD;
    size_t fit = BUFFER_LIMIT / (request_bytes ? request_bytes : 1);

    if (fit < ENGINE_AHEAD)
        fit = ENGINE_AHEAD;
    return (int32_t)(all < fit ? all : fit);
}

struct engine_memory engine_memory(int32_t cap, size_t items, size_t request_bytes)
{
    size_t connections = engine_sockets(cap, items ? items : 1);

    return (struct engine_memory){
        .connection = sizeof(struct conn) + sizeof(struct deadline) + sizeof(int64_t),
        .buffers = (size_t)buffers_wanted(connections, request_bytes) * (request_bytes + 1)};
}

/* Page faults belong before the start. */
static void touch(void *memory, size_t size)
{
    volatile char *p = memory;

    for (size_t i = 0; i < size; i += 4096)
        p[i] = 0;
}

static int allocate(struct engine *e)
{
    size_t n = (size_t)e->conn_count, buffers = (size_t)e->buffer_count;

    e->conns = calloc(n, sizeof *e->conns);
    e->heap = calloc(n, sizeof *e->heap);
    e->slot_free = calloc((size_t)e->cap, sizeof *e->slot_free);
    e->buffer_free = calloc(buffers, sizeof *e->buffer_free);
    e->buffers = calloc(buffers, e->config->render.max_bytes + 1);
    e->read_buffer = calloc(1, READ_BYTES);
    if (!e->conns || !e->heap || !e->slot_free || !e->buffer_free || !e->buffers || !e->read_buffer)
        return -ENOMEM;
    touch(e->conns, n * sizeof *e->conns);
    touch(e->heap, n * sizeof *e->heap);
    touch(e->read_buffer, READ_BYTES);
    return 0;
}

int pool_init(struct engine *e)
{
    size_t items = e->share + (e->chain ? chain_dependents(e->chain) : 0);

    e->conn_count = e->link_count + (int32_t)engine_sockets(e->cap, items ? items : 1);
    e->buffer_count = e->buffers_left =
        buffers_wanted((size_t)e->conn_count, e->config->render.max_bytes);
    e->free = e->idle = e->watched = (struct conn_list){NO_CONN, NO_CONN, 0};
    if (allocate(e) < 0)
        return -ENOMEM;
    for (int32_t i = 0; i < e->buffer_count; i++)
        e->buffer_free[i] = e->buffer_count - 1 - i;
    for (int32_t i = 0; i < e->conn_count; i++) {
        e->conns[i].fd = -1;
        e->conns[i].at_heap = NOT_IN_HEAP;
        e->conns[i].buffer = NO_BUFFER;
        if (i < e->link_count)
            e->conns[i].state = CONN_LINK;
        else
            list_add(e, &e->free, &e->conns[i]);
    }
    return 0;
}

void pool_release(struct engine *e)
{
    free(e->conns);
    free(e->heap);
    free(e->slot_free);
    free(e->buffer_free);
    free(e->buffers);
    free(e->read_buffer);
}

static struct conn *at(const struct engine *e, int32_t index)
{
    return index == NO_CONN ? NULL : &e->conns[index];
}

struct conn *list_first(const struct engine *e, const struct conn_list *l)
{
    return at(e, l->head);
}

struct conn *list_last(const struct engine *e, const struct conn_list *l)
{
    return at(e, l->tail);
}

void list_add(struct engine *e, struct conn_list *l, struct conn *c)
{
    int32_t index = conn_index(e, c);

    c->prev = l->tail;
    c->next = NO_CONN;
    if (l->tail == NO_CONN)
        l->head = index;
    else
        e->conns[l->tail].next = index;
    l->tail = index;
    l->count++;
}

void list_remove(struct engine *e, struct conn_list *l, struct conn *c)
{
    assert(l->count > 0);
    if (c->prev == NO_CONN)
        l->head = c->next;
    else
        e->conns[c->prev].next = c->next;
    if (c->next == NO_CONN)
        l->tail = c->prev;
    else
        e->conns[c->next].prev = c->prev;
    l->count--;
}

static void put(struct engine *e, int32_t place, struct deadline d)
{
    e->heap[place] = d;
    e->conns[d.conn].at_heap = place;
}

static void sift_up(struct engine *e, int32_t place, struct deadline d)
{
    while (place > 0 && d.at_ns < e->heap[(place - 1) / 2].at_ns) {
        put(e, place, e->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    put(e, place, d);
}

static void sift_down(struct engine *e, int32_t place, struct deadline d)
{
    for (;;) {
        int32_t child = 2 * place + 1;

        if (child + 1 < e->heap_count && e->heap[child + 1].at_ns < e->heap[child].at_ns)
            child++;
        if (child >= e->heap_count || e->heap[child].at_ns >= d.at_ns)
            break;
        put(e, place, e->heap[child]);
        place = child;
    }
    put(e, place, d);
}

void deadline_clear(struct engine *e, struct conn *c)
{
    int32_t place = c->at_heap;
    struct deadline moved;

    if (place == NOT_IN_HEAP)
        return;
    c->at_heap = NOT_IN_HEAP;
    moved = e->heap[--e->heap_count];
    if (place == e->heap_count)
        return;
    if (place > 0 && moved.at_ns < e->heap[(place - 1) / 2].at_ns)
        sift_up(e, place, moved);
    else
        sift_down(e, place, moved);
}

void deadline_set(struct engine *e, struct conn *c, int64_t at_ns)
{
    deadline_clear(e, c);
    assert(e->heap_count < e->conn_count);
    sift_up(e, e->heap_count++, (struct deadline){at_ns, conn_index(e, c)});
}

int64_t deadline_first(const struct engine *e)
{
    return e->heap_count ? e->heap[0].at_ns : INT64_MAX;
}

char *buffer_at(const struct engine *e, int32_t buffer)
{
    assert(buffer >= 0 && buffer < e->buffer_count);
    return e->buffers + (size_t)buffer * (e->config->render.max_bytes + 1);
}

int32_t buffer_take(struct engine *e)
{
    return e->buffers_left ? e->buffer_free[--e->buffers_left] : NO_BUFFER;
}

void buffer_give(struct engine *e, int32_t buffer)
{
    if (buffer == NO_BUFFER)
        return;
    assert(e->buffers_left < e->buffer_count);
    e->buffer_free[e->buffers_left++] = buffer;
}
