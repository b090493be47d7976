/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/wire/prom.h - the text that metrics pages answer with: Prometheus' exposition format 0.0.4,
 * and what OpenMetrics 1.0 adds to it (UNIT, EOF, exemplars, times in seconds). Foreign bytes,
 * sans-I/O, nothing allocated: samples are spans of the text.
 *
 * A line that is none is PROM_BAD, with the reason, and the next call goes on behind it: one odd
 * line of a library does not hide the rest of a page, but it is counted, never passed over.
 * Bounds: PROM_LINE bytes a line, PROM_LABELS labels. Names in quotes (UTF-8 names of Prometheus 3,
 * given only to those who ask for them) are PROM_BAD.
 */
#pragma once
#include "base/base.h"
#include "wire/http1.h" /* struct span */

enum { PROM_LINE = 1 << 16, PROM_LABELS = 64, PROM_VALUE = 512 };

enum prom_step {
    PROM_END = 0,
    PROM_SAMPLE,
    PROM_BAD, /* @why says what of line @line */
};

struct prom_sample {
    struct span name;   /* as it stands: "vllm:num_preemptions_total", "x_bucket" */
    struct span labels; /* between the braces, checked; empty if none */
    double value;       /* may be NaN or infinite */
};

struct prom_scan {
    const char *at, *end;
    size_t line; /* of the latest step, from 1 */
    const char *why;
};

/* @text is borrowed for the life of @s and of its samples. */
void prom_init(struct prom_scan *s, const char *text, size_t n);
enum prom_step prom_next(struct prom_scan *s, struct prom_sample *ret);

/* Exactly this name; a family whose name begins with it is another. */
bool prom_named(const struct prom_sample *m, const char *name);

struct prom_label {
    struct span name;
    struct span raw; /* between the quotes, escapes as they stand */
};
/* The next label of *@rest, which begins as @labels of a sample; false behind the last. */
bool prom_label_next(struct prom_label *ret, struct span *rest);
/* The value without its escapes, NUL-terminated in @buf; false: no such label, or PROM_VALUE bytes
 * are too few for it. */
bool prom_label(char buf[PROM_VALUE], const struct prom_sample *m, const char *name);
