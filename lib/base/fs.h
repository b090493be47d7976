/* SPDX-License-Identifier: Apache-2.0 */
/* lib/base/fs.h - whole files. Errors name the path. */
#pragma once
#include "base/base.h"

/* Reads at most @limit bytes of @path into *@ret (caller frees; a NUL follows the last byte),
 * *@len its length. -EFBIG: the file is larger. */
NODISCARD int fs_read(char **ret, size_t *len, const char *path, size_t limit, struct err *err);
/* Writes beside @path and renames over it: the old content or the new, never half. */
NODISCARD int fs_write(const char *path, const void *data, size_t n, struct err *err);
/* mkdir -p */
NODISCARD int fs_mkdirs(const char *path, struct err *err);
bool fs_exists(const char *path);
/* Reads a small file such as those of /proc and /sys, trailing white space cut; -ENOENT etc. */
NODISCARD int fs_read_line(char *buf, size_t size, const char *path);

void fd_close(int fd); /* -1 is a no-op */
DEFINE_AUTO(int, fd_close)
