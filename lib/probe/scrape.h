/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/scrape.h - one page, read by one map; private to probe. */
#pragma once
#include "base/str.h"
#include "probe/map.h"

enum { SCRAPE_SCOPES = 64 /* GPUs of a host */, SCRAPE_GROUPS = 64 };

struct scrape_value {
    double value; /* in the entry's unit, over all its samples */
    uint32_t n;   /* samples that made it; 0: the page has none */
    uint8_t from; /* which of the entry's names it is of */
};

struct scrape_group { /* samples that differ in nothing but the rank that tells them */
    uint64_t labels;  /* hash of the others */
    double value;     /* the largest */
};

struct scrape {
    size_t scopes; /* scopes seen: 0 to this, less one */
    struct scrape_value values[SCRAPE_SCOPES][MAP_ENTRIES];
    struct scrape_group groups[MAP_ENTRIES][SCRAPE_GROUPS]; /* of a map with ranks */
    size_t group_count[MAP_ENTRIES];
    char labels[16][128];         /* as the map's; "" where there is none */
    double started_s;             /* process_start_time_seconds; NaN: not told */
    size_t samples, matched, bad; /* lines of the page */
    size_t bad_line;              /* the first that was none */
    const char *bad_why;
};

/* Reads all of the page. What it can't read is counted in @bad. */
void scrape_read(struct scrape *ret, const struct metric_map *m, const char *text, size_t n);
