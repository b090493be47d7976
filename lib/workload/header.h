/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/workload/header.h - the first line of a profile file: {"asrun_profile": {...}}, where it
 * comes from and what became of its rows. docs/formats/profile.md, schema/profile.schema.json.
 */
#pragma once
#include "base/json.h"
#include "base/str.h"
#include "workload/profile.h"

enum { PROFILE_VERSION = 1 };

/* The object of the header line; NULL: no memory. */
json_t *header_json(const struct profile_header *h, bool learned);
/* Adds the line, line feed included. */
void header_add(struct str *s, const struct profile_header *h, bool learned);
/* Reads it. -EINVAL: words with "@where:1: key: what is wrong; what would be right". */
NODISCARD int header_parse(struct profile_header *ret, bool *learned, const char *text,
                           const char *where, struct err *err);
/* Counts a row that was not taken. */
void header_drop(struct profile_header *h, const char *reason, int64_t line);
/* Where the digest of the source is that of a known published trace: its name, licence, authors. */
void header_recognise(struct profile_header *h);
