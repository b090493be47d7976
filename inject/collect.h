/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inject/collect.h - the part of an injection library that knows no driver: it counts launches and
 * leaves them once a second, and at exit, as a text (record/kernels.h) in a folder:
 * FOLDER/PID-START.kernels, replaced as a whole, so that a reader sees the old or the new text.
 *
 * It lives in somebody else's process: it never ends, signals or changes it. What fails is left
 * out, and what is left out is counted or said in the text. Memory: one table, 1.3 MB, and one
 * thread of its own. Any thread may call.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* From now on, what is told is counted. Once a process. False: no memory, or @folder is no folder.
 */
bool collect_open(const char *folder);
/* Starts leaving texts; @flush is called before each, in its thread, and brings what the driver
 * still holds. False: not open, or no thread. */
bool collect_start(void (*flush)(bool last));
void collect_kernel(const char *name, uint64_t blocks, int64_t time_ns, bool of_graph);
void collect_graphs_counted(void); /* launches of graphs will be told from now on */
void collect_graph_launch(void);
void collect_dropped(uint64_t records);
void collect_error(const char *words); /* nothing will be observed, because ... */
/* The last text; what comes later is lost. Also called at exit. */
void collect_stop(void);
