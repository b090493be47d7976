/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/digests.h - digests of large files, remembered between runs; private to probe.
 *
 * The memory is one text file, a line a digest: "SHA256 SIZE MTIME_NS DEVICE INODE PATH". A file is
 * the same while path, size, time of change, device and inode are. A file that changed within the
 * last seconds isn't remembered: another change in the same tick of the clock would not show.
 */
#pragma once
#include "base/base.h"

struct digests; /* opaque */

struct digest_words { /* of one file */
    char hex[65];
    uint64_t size;
    bool remembered;
};

/* $XDG_CACHE_HOME/asrun/digests, or ~/.cache/asrun/digests; "" if neither is known. */
void digests_usual_path(char *buf, size_t size);
/* @path: "" for no memory. What can't be read is empty. -ENOMEM. */
NODISCARD int digests_open(struct digests **ret, const char *path, struct err *err);
/* Of the file at @path, which is @known_as to its users: a container's path isn't ours.
 * @say (NULL: silent) is called before a file of more than @loud_bytes is read. */
struct digest_asked {
    const char *path, *known_as;
    uint64_t loud_bytes;
    void (*say)(void *ctx, const char *text);
    void *ctx;
};
/* -ENOENT and friends with words that name @known_as. */
NODISCARD int digests_of(struct digests *d, struct digest_words *ret, const struct digest_asked *q,
                         struct err *err);
/* Writes what is new. A cache that can't be written is no error to a run: words in *err. */
NODISCARD int digests_save(struct digests *d, struct err *err);
void digests_close(struct digests *d);
DEFINE_AUTO(struct digests *, digests_close)
