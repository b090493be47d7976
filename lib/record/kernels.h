/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/record/kernels.h - what a process launched on its GPUs: a bounded table that counts kernels
 * by name, and the text that carries it from the process (inject/) to asrun (probe/cupti.c).
 *
 * The text is cumulative since the process began, so that losing one costs nothing but time:
 *
 *   asrun-kernels 1
 *   pid 4711
 *   time_ns 123456789            CLOCK_MONOTONIC, when it was written
 *   error WORDS                  nothing could be observed, and why
 *   dropped 0                    records that the driver had no room for
 *   crowded 0                    launches of kernels that had no row
 *   graph_launches 12            left out where they can't be counted
 *   library libnvinfer.so.10     a loaded GPU library's file name; one line each
 *   kernel LAUNCHES OF_GRAPHS TIME_NS LEAST_BLOCKS MOST_BLOCKS NAME
 *   end
 *
 * Names are as the driver gives them (mangled where the language does so), control characters
 * replaced, over KERNEL_NAME bytes cut and told apart by a hash at their end.
 *
 * Sans-I/O, no allocation: a table is given its memory. Threads: one at a time.
 */
#pragma once
#include "base/base.h"

enum { KERNEL_NAME = 256, KERNEL_ROWS = 4096, KERNEL_LIBRARIES = 64, KERNEL_WORDS = 200 };

struct kernel {
    char name[KERNEL_NAME]; /* "": a free row */
    uint64_t launches, of_graphs;
    int64_t time_ns; /* of all launches together */
    uint64_t least_blocks, most_blocks;
};

struct kernel_libraries {
    char file[KERNEL_LIBRARIES][64];
    size_t count;
};

struct kernels {
    int64_t pid, time_ns;
    char error[KERNEL_WORDS]; /* "": none */
    uint64_t dropped, crowded, graph_launches;
    bool graphs_counted; /* @graph_launches is known */
    struct kernel_libraries libraries;
    size_t count;
    struct kernel rows[KERNEL_ROWS]; /* @count of them; open addressing by name */
};

/* One launch of @name on @blocks thread blocks. */
void kernels_add(struct kernels *k, const char *name, uint64_t blocks, int64_t time_ns,
                 bool of_graph);
/* Adds @by to its name's row, sums ending at the largest number of their type; a table without room
 * counts its launches as crowded. */
void kernels_grow(struct kernels *k, const struct kernel *by);
/* Notes a library's file name if it is one that tells how kernels come about: @path may be any
 * loaded object's. */
void kernels_library(struct kernel_libraries *l, const char *path);
/* The row of @name, NULL: none. */
const struct kernel *kernels_find(const struct kernels *k, const char *name);

/* Gives the text to @put piece by piece; stops when it fails and returns what it returned. */
int kernels_write(const struct kernels *k, int (*put)(void *ctx, const char *text, size_t n),
                  void *ctx);
/* Reads a whole text. -EBADMSG: it is none, or cut short; *@ret is undefined then. Rows of one name
 * add up. */
NODISCARD int kernels_read(struct kernels *ret, const char *text, size_t n, struct err *err);
