/* SPDX-License-Identifier: Apache-2.0 */
/* lib/report/layout.h - private to report: text set in columns. Widths count code points. */
#pragma once
#include "report/report.h"

enum { REPORT_WIDTH = 92 };

struct page {
    struct str *out;
    bool color;
};

size_t text_width(const char *text);
void page_heading(struct page *p, const char *title);
/* Wraps @text at REPORT_WIDTH; the first line begins at @first columns, the others at @rest. */
void page_wrap(struct page *p, size_t first, size_t rest, const char *text);
void page_bullet(struct page *p, const char *text); /* "  - text", wrapped */
void page_left(struct page *p, size_t width, const char *text);
void page_right(struct page *p, size_t width, const char *text);
void page_dim(struct page *p, bool on);
void page_bold(struct page *p, bool on);

/* Reading a document without asking twice: absent is "" or NAN or 0. */
const char *get_text(const json_t *o, const char *key);
double get_number(const json_t *o, const char *key);
int64_t get_count(const json_t *o, const char *key);

/* A value in its unit: "85.2 ms", "3.91 per second", "-" for none. */
void show_value(struct str *out, const char *unit, double v);
/* "80.1 ms to 90.3 ms", "above 80.1 ms", "" for none. */
void show_interval(struct str *out, const char *unit, const json_t *estimate);

/* metrics.c */
void report_metrics(struct page *p, const json_t *claim);
void report_parts(struct page *p, const json_t *claim);
/* mix.c */
void report_mix(struct page *p, const json_t *claim);
/* observed.c */
void report_observed(struct page *p, const json_t *claim);
/* utilisation.c */
void report_utilisation(struct page *p, const json_t *claim);
/* limited.c */
void report_limited(struct page *p, const json_t *claim);
/* grounds.c */
void report_grounds(struct page *p, const json_t *claim);
void report_stack(struct page *p, const json_t *claim);
void report_instrument(struct page *p, const json_t *claim);
void report_expectations(struct page *p, const json_t *claim);
