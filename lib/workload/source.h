/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/workload/source.h - a file, or memory, read once from front to back, line by line, in
 * bounded memory, and hashed on the way.
 *
 * A byte order mark at the start is skipped, CR before LF is cut, a last line needs no LF.
 */
#pragma once
#include "base/base.h"
#include "base/digest.h"

enum { SOURCE_CHUNK = 65536, SOURCE_LINE_MAX = 1 << 20 };

struct source {
    const char *name; /* for messages; borrowed */
    int fd;           /* -1: memory */
    struct hasher *hasher;
    char *chunk; /* owned if fd >= 0 */
    const char *at, *end;
    char *text; /* the line: owned, grows up to SOURCE_LINE_MAX, NUL-terminated */
    size_t len, cap;
    bool too_long; /* the line was longer; @text holds its beginning */
    int64_t line;  /* its number, from 1 */
};

NODISCARD int source_open(struct source *ret, const char *path, struct err *err);
/* @data is borrowed. */
NODISCARD int source_open_memory(struct source *ret, const void *data, size_t n, const char *name,
                                 struct err *err);
/* 1: the next line is in s->text; 0: the end; or a negative errno. */
NODISCARD int source_line(struct source *s, struct err *err);
/* Of all bytes; call once, at the end. */
struct digest source_digest(struct source *s);
void source_release(struct source *s);
DEFINE_AUTO_HELD(struct source, source_release)
