/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/kept.h - files of /proc and /sys that are read again and again: kept open, since to
 * find one costs more than to read it. Private to probe.
 */
#pragma once
#include "base/base.h"

struct kept {
    int fd; /* negative: the errno with which it could not be opened */
};

/* @root@path, which may not be there: kept_read() then says so. */
void kept_open(struct kept *k, const char *root, const char *path);
void kept_close(struct kept *k);
/* The whole file from its start in @buf, and a NUL; 0 or a negative errno, of which -EFBIG: it has
 * @size bytes or more. */
NODISCARD int kept_read(const struct kept *k, char *buf, size_t size);
/* The same of a short file, which the kernel gives in one piece; of a longer one the beginning. */
NODISCARD int kept_read_short(const struct kept *k, char *buf, size_t size);
/* A file that isn't kept. */
NODISCARD int kept_read_once(char *buf, size_t size, const char *root, const char *path);
