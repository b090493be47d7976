/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/spool.h"
#include "base/fs.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SPOOL_VERSION = 1, PAGE = 4096 };

struct spool_header { /* the first page; numbers in the machine's own order */
    char magic[8];
    uint32_t version;
    uint32_t rings;
    uint64_t capacity;    /* records a ring */
    uint64_t first_ring;  /* offset */
    uint64_t ring_stride; /* from one ring to the next */
    char id[SPOOL_ID_LEN];
};
static const char magic[8] = {'a', 's', 'r', 'u', 'n', 's', 'p', 'l'};

static size_t stride_of(uint64_t capacity)
{
    return (ring_bytes(capacity) + PAGE - 1) / PAGE * PAGE;
}

int spool_path(char ret[PATH_MAX], const char *evidence, struct err *err)
{
    if (snprintf(ret, PATH_MAX, "%s-spool", evidence) >= PATH_MAX)
        return err_set(err, -ENAMETOOLONG, "%s: name too long", evidence);
    return 0;
}

/* Faults every page in for writing, so that no producer ever waits for the file system. */
static void prefault(void *map, size_t size)
{
#ifdef MADV_POPULATE_WRITE
    if (madvise(map, size, MADV_POPULATE_WRITE) == 0)
        return;
#endif
    for (size_t at = 0; at < size; at += PAGE)
        ((volatile char *)map)[at] = 0; /* an old kernel; the file is all zeros */
}

static int reserve(struct spool *s, struct err *err)
{
    int r = posix_fallocate(s->fd, 0, (off_t)s->size);

    if (r != 0)
        return err_set(err, -r,
                       "%s: the spool needs %zu bytes (%u rings of %" PRIu64 " records): %s",
                       s->path, s->size, s->rings, s->capacity, strerror(r));
    s->map = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
    if (s->map == MAP_FAILED) {
        s->map = NULL;
        return err_set(err, -errno, "%s: map %zu bytes: %s", s->path, s->size, strerror(errno));
    }
    prefault(s->map, s->size);
    return 0;
}

static void write_header(const struct spool *s)
{
    struct spool_header h = {.version = SPOOL_VERSION,
                             .rings = s->rings,
                             .capacity = s->capacity,
                             .first_ring = PAGE,
                             .ring_stride = stride_of(s->capacity)};

    memcpy(h.magic, magic, sizeof h.magic);
    memcpy(h.id, s->id, sizeof h.id);
    for (uint32_t i = 0; i < s->rings; i++) {
        struct ring ring;

        ring_create(&ring, (char *)s->map + PAGE + i * stride_of(s->capacity), s->capacity);
    }
    memcpy(s->map, &h, sizeof h);
}

/* A dead run's spool that never got a record, and whose evidence was never named. */
static bool worthless(const char *path)
{
    AUTO(spool_release) struct spool s = {.fd = -1};

    if (spool_open(&s, path, NULL) < 0)
        return false;
    for (uint32_t i = 0; i < s.rings; i++) {
        struct ring ring;

        if (spool_ring(&ring, &s, i, NULL) < 0 || ring_head(&ring) > 0)
            return false;
    }
    return true;
}

static int open_new(const char *path)
{
    int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, fd = open(path, flags, 0644);

    if (fd < 0 && errno == EEXIST && worthless(path) && unlink(path) == 0)
        fd = open(path, flags, 0644);
    return fd;
}

int spool_create(struct spool *ret, const char *path, const char *id, uint32_t rings,
                 uint64_t capacity, struct err *err)
{
    struct spool s = {.fd = -1, .rings = rings, .capacity = capacity};
    int r;

    assert(rings > 0 && rings <= SPOOL_RINGS_MAX && strlen(id) == SPOOL_ID_LEN);
    s.size = PAGE + rings * stride_of(capacity);
    memcpy(s.id, id, sizeof s.id);
    (void)snprintf(s.path, sizeof s.path, "%s", path);
    s.fd = open_new(path);
    if (s.fd < 0)
        return err_set(err, -errno, "%s: %s", path,
                       errno == EEXIST ? "exists, left by a run whose evidence is gone; remove it"
                                       : strerror(errno));
    r = flock(s.fd, LOCK_EX | LOCK_NB) < 0
            ? err_set(err, -errno, "%s: lock: %s", path, strerror(errno))
            : reserve(&s, err);
    if (r < 0) {
        spool_remove(&s);
        return r;
    }
    write_header(&s);
    *ret = s;
    return 0;
}

int spool_parse(struct spool *ret, const void *data, size_t n, struct err *err)
{
    struct spool_header h;

    if (n < PAGE)
        return err_set(err, -EBADMSG, "the spool is cut off at %zu bytes", n);
    memcpy(&h, data, sizeof h);
    if (memcmp(h.magic, magic, sizeof magic) != 0 || h.version != SPOOL_VERSION)
        return err_set(err, -EBADMSG, "the spool's header is not that of a spool");
    if (h.rings == 0 || h.rings > SPOOL_RINGS_MAX || h.capacity == 0 ||
        (h.capacity & (h.capacity - 1)) != 0 || h.capacity > n / sizeof(struct rec) ||
        h.first_ring != PAGE || h.ring_stride != stride_of(h.capacity) ||
        (n - PAGE) / h.ring_stride < h.rings)
        return err_set(err, -EBADMSG, "the spool's header does not agree with its size");
    ret->rings = h.rings;
    ret->capacity = h.capacity;
    ret->size = n;
    memcpy(ret->id, h.id, sizeof h.id);
    ret->id[SPOOL_ID_LEN] = '\0';
    return 0;
}

int spool_open(struct spool *ret, const char *path, struct err *err)
{
    AUTO(spool_release) struct spool s = {.fd = open(path, O_RDONLY | O_CLOEXEC)};
    struct stat st;
    int r;

    if (s.fd < 0)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    (void)snprintf(s.path, sizeof s.path, "%s", path);
    if (flock(s.fd, LOCK_EX | LOCK_NB) < 0)
        return err_set(err, errno == EWOULDBLOCK ? -EBUSY : -errno, "%s: lock: %s", path,
                       strerror(errno));
    if (fstat(s.fd, &st) < 0)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    s.size = (size_t)st.st_size;
    if (s.size < PAGE)
        return err_set(err, -EBADMSG, "the spool is cut off at %zu bytes", s.size);
    s.map = mmap(NULL, s.size, PROT_READ, MAP_SHARED, s.fd, 0);
    if (s.map == MAP_FAILED) {
        s.map = NULL;
        return err_set(err, -errno, "%s: map: %s", path, strerror(errno));
    }
    r = spool_parse(&s, s.map, s.size, err);
    if (r < 0)
        return r;
    *ret = s;
    s.fd = -1;
    s.map = NULL;
    return 0;
}

int spool_ring(struct ring *ret, const struct spool *s, uint32_t i, struct err *err)
{
    size_t stride = stride_of(s->capacity);
    struct ring ring = {0};
    uint64_t head, tail;

    assert(i < s->rings);
    if (ring_attach(&ring, (char *)s->map + PAGE + i * stride, ring_bytes(s->capacity)) < 0 ||
        ring.mask != s->capacity - 1)
        return err_set(err, -EBADMSG, "the spool's ring %u has no valid header", i);
    head = ring_head(&ring);
    tail = ring_tail(&ring);
    if (tail > head || head - tail > s->capacity || head > INT64_MAX)
        return err_set(err, -EBADMSG, "the spool's ring %u has impossible positions", i);
    *ret = ring;
    return 0;
}

void spool_release(struct spool *s)
{
    if (s->map)
        (void)munmap(s->map, s->size);
    fd_close(s->fd);
    s->map = NULL;
    s->fd = -1;
}

void spool_remove(struct spool *s)
{
    (void)unlink(s->path);
    spool_release(s);
}
