/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/perf_event.h - where a thread spends its time: samples of its instruction pointer,
 * taken by the kernel into a ring of the thread's own; private to probe.
 *
 * A ring a thread, without `inherit`: the kernel maps inherited events only by CPU, which would
 * take threads times CPUs of them, and each costs the engine at its context switches. Threads that
 * appear later are found by looking (probe/perf.c).
 */
#pragma once
#include "base/base.h"
#include <sys/types.h>

enum perf_source { PERF_CYCLES, PERF_CPU_CLOCK };

struct perf_way { /* how this host lets us sample: found once, by trying */
    enum perf_source source;
    bool kernel; /* time in the kernel may be sampled, too */
    double hz;
};

struct perf_event {
    int fd;
    void *ring;
};

struct perf_map { /* executable memory that appeared */
    uint64_t start, len, offset;
    uint32_t major, minor;
    uint64_t inode;
    const char *path;
};

struct perf_visitor { /* of what stands in a ring, in its order; NULL members are left out */
    void (*sample)(void *ctx, uint64_t ip, bool user);
    void (*map)(void *ctx, const struct perf_map *m);
    void (*lost)(void *ctx, uint64_t n);
    void *ctx;
};

/* Hardware cycles, or else the software CPU clock; with the kernel's time, or else without. Tried
 * on @tid. A negative errno where none is to be had. */
NODISCARD int perf_way_find(struct perf_way *ret, pid_t tid, double hz);
/* Starts sampling @tid. -ESRCH: it has ended. -EMFILE, -ENOBUFS (locked memory), ...: no more of
 * them. */
NODISCARD int perf_event_start(struct perf_event *ret, const struct perf_way *way, pid_t tid);
/* Hands all that has come to @v. */
void perf_event_drain(struct perf_event *e, const struct perf_visitor *v);
void perf_event_stop(struct perf_event *e);
/* How often a ring is to be drained at least. */
int64_t perf_drain_ns(double hz);
/* Why it is not permitted, and what would help, after perf_event_start() or perf_way_find() gave
 * @code. */
void perf_remedy(char *buf, size_t size, int code);

/* The records between @tail and @head of a ring @data of @size bytes (a power of two). One that
 * makes no sense ends it. */
void perf_records(const unsigned char *data, uint64_t size, uint64_t tail, uint64_t head,
                  const struct perf_visitor *v);
