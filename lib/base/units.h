/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/base/units.h - the quantities people write in plans, flags and tables.
 * Parsers take the whole text: 0, or -EINVAL without touching *@ret.
 */
#pragma once
#include "base/base.h"

/* "500ms", "10s", "1.5m", "2h", "250us", "10ns"; a bare 0 is allowed, other bare numbers not. */
NODISCARD int units_duration(int64_t *ret_ns, const char *text);
/* "4/s", "30/m", "0.5/s" -> per second; > 0 */
NODISCARD int units_rate(double *ret_per_s, const char *text);
/* "1/16", "0.25", "100%" -> a ratio > 0 */
NODISCARD int units_ratio(double *ret, const char *text);
/* "64", "4k" (1000), "4Ki" (1024), "1M", "1Mi", "2G", "2Gi" */
NODISCARD int units_size(int64_t *ret, const char *text);
NODISCARD int units_i64(int64_t *ret, const char *text);
NODISCARD int units_double(double *ret, const char *text);

struct units_text {
    char text[32];
};
/* For people, three significant digits: "1.23 s", "45.6 ms", "789 µs". */
struct units_text units_show_ns(double ns);
/* The exact text that units_duration() reads back: "500ms", "10s", "90s", "1500us". */
struct units_text units_exact_ns(int64_t ns);
