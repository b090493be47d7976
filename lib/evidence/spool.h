/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/evidence/spool.h - FILE.asrun-spool: the rings of a run in one preallocated file mapping.
 *
 * The writer holds a lock on the file while it lives, and the kernel drops it when the writer dies:
 * a spool that can be locked is one whose run was killed. Its bytes are then foreign: the header is
 * checked here, the ring headers by spool_ring(), the records by whoever reads them.
 */
#pragma once
#include "base/base.h"
#include "record/ring.h"
#include <limits.h>

enum { SPOOL_RINGS_MAX = 1024, SPOOL_ID_LEN = 32 };

struct spool {
    char path[PATH_MAX];
    int fd;
    void *map;
    size_t size;
    uint32_t rings;
    uint64_t capacity;
    char id[SPOOL_ID_LEN + 1]; /* ties it to its evidence file */
};

/* FILE-spool; -ENAMETOOLONG. */
NODISCARD int spool_path(char ret[PATH_MAX], const char *evidence, struct err *err);
/* Creates, reserves, pre-faults and locks. -ENOSPC states the size; -EEXIST; nothing is left
 * behind on failure. */
NODISCARD int spool_create(struct spool *ret, const char *path, const char *id, uint32_t rings,
                           uint64_t capacity, struct err *err);
/* Opens and locks a dead writer's spool for reading. -ENOENT; -EBUSY: its writer lives; -EBADMSG.
 */
NODISCARD int spool_open(struct spool *ret, const char *path, struct err *err);
/* Fills @ret's sizes and id from the @n bytes of a spool file, without touching its rings. */
NODISCARD int spool_parse(struct spool *ret, const void *data, size_t n, struct err *err);
/* -EBADMSG: the ring's header is not one of this spool. */
NODISCARD int spool_ring(struct ring *ret, const struct spool *s, uint32_t i, struct err *err);
/* Unmaps and unlocks; the file stays. */
void spool_release(struct spool *s);
DEFINE_AUTO_HELD(struct spool, spool_release)
void spool_remove(struct spool *s); /* the file, too */
