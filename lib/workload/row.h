/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/workload/row.h - one request as a Mooncake-style JSON line: timestamp (ms), input_length,
 * output_length, hash_ids; and, if asked for, what it waits for: session_id, delay, id, after.
 * Foreign bytes: scanned, never trusted.
 */
#pragma once
#include "base/base.h"

struct row { /* zero before first use; reused from line to line */
    int64_t at_ns;
    int32_t input_tokens, output_tokens;
    uint32_t *ids; /* owned */
    size_t id_count, id_cap;
    bool waits;       /* set by the caller: session_id, delay, id and after are read, too */
    char session[64]; /* "": none */
    int64_t delay_ns; /* TIME_NONE: none */
    int64_t id;       /* -1: none */
    uint32_t *after;  /* owned */
    size_t after_count, after_cap;
    char problem[64]; /* why the line is no row: "KEY: what is wrong"; short, fit for counting */
    char want[96];    /* what would be right */
    char other[48];   /* the first key that is none of those read, "" if none */
};

#define ROW_MS_MAX 9e12 /* the year 2255, should somebody count from 1970 */

/* 1: a row; 0: none, see @problem; -ENOMEM. */
NODISCARD int row_parse(struct row *r, const char *text, size_t n);
/* Checks a length in tokens; @key goes into the words. 1 or 0, as above. */
int row_set_tokens(struct row *r, int32_t *ret, const char *key, bool whole, double value);
/* Says what is wrong; 0. */
int row_bad(struct row *r, const char *key, const char *problem, const char *want);
void row_release(struct row *r);
DEFINE_AUTO_HELD(struct row, row_release)
