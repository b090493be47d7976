/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/evidence/columns.h - the numbers of struct sample as one table of columns: the sample table,
 * its reader and the state of a pending sample all follow it, so that none can forget a field.
 */
#pragma once
#include "base/base.h"
#include "record/sample.h"

/* Columns are only ever added at the end, and then nullable: the first asrun wrote 30 of them. */
enum { SAMPLE_COLUMNS = 37, SAMPLE_COLUMNS_FIRST = 30, STATE_BYTES_MAX = 1024 };

struct column {
    const char *name;
    uint16_t offset;
    uint8_t size;  /* bytes of the field; 1 and 4-byte ids are unsigned */
    bool nullable; /* @none is stored as NULL */
    int8_t none;
};
extern const struct column sample_columns[SAMPLE_COLUMNS];

int64_t column_get(const struct column *c, const struct sample *s);
/* -EBADMSG: @v doesn't fit the field. */
NODISCARD int column_set(const struct column *c, struct sample *s, int64_t v);
/* A sample of which nothing is known but its id. */
struct sample sample_blank(uint32_t id);

/* A sample in flight as bytes (at most STATE_BYTES_MAX), and @parts, its parts written so far. */
size_t state_encode(uint8_t *out, const struct sample *s, uint32_t parts);
NODISCARD int state_decode(struct sample *ret, uint32_t *parts, const uint8_t *data, size_t len);
