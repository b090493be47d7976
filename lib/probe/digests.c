/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/digests.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/vec.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ENTRIES_MAX = 8192, MEMORY_FILE_MAX = 8 << 20, SETTLED_S = 3 };

struct entry {
    char hex[65];
    uint64_t size, device, inode;
    int64_t changed_ns;
    const char *path; /* in the arena */
};

struct digests {
    char *file; /* "" for none */
    struct arena arena;
    struct entry *items; /* the oldest first */
    size_t count, cap;
    bool grown;
};

void digests_usual_path(char *buf, size_t size)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

    buf[0] = '\0';
    if (cache && cache[0] == '/')
        (void)snprintf(buf, size, "%s/asrun/digests", cache);
    else if (home && home[0] == '/')
        (void)snprintf(buf, size, "%s/.cache/asrun/digests", home);
}

void digests_close(struct digests *d)
{
    if (!d)
        return;
    arena_release(&d->arena);
    free(d->items);
    free(d->file);
    free(d);
}

static int remember(struct digests *d, struct entry e, const char *path)
{
    e.path = arena_strdup(&d->arena, path);
    return e.path ? VEC_PUSH(d->items, d->count, d->cap, e) : -ENOMEM;
}

/* A line that isn't one of ours is passed over. */
static int read_line(struct digests *d, const char *line)
{
    struct entry e = {0};
    int at = 0;

    if (sscanf(line, "%64[0-9a-f] %" SCNu64 " %" SCNd64 " %" SCNu64 " %" SCNu64 " %n", e.hex,
               &e.size, &e.changed_ns, &e.device, &e.inode, &at) != 5 ||
        at == 0 || strlen(e.hex) != 64 || line[at] != '/')
        return 0;
    return remember(d, e, line + at);
}

static int read_file(struct digests *d)
{
    AUTO(free) char *text = NULL;
    size_t len;
    int r = d->file[0] ? fs_read(&text, &len, d->file, MEMORY_FILE_MAX, NULL) : -ENOENT;

    if (r < 0)
        return r == -ENOMEM ? r : 0;
    for (char *line = text, *end; r == 0 && *line; line = end) {
        end = line + strcspn(line, "\n");
        if (*end)
            *end++ = '\0';
        r = read_line(d, line);
    }
    return r;
}

int digests_open(struct digests **ret, const char *path, struct err *err)
{
    AUTO(digests_close) struct digests *d = calloc(1, sizeof *d);

    if (d)
        d->file = strdup(path);
    if (!d || !d->file || read_file(d) < 0)
        return err_set(err, -ENOMEM, "out of memory for remembered digests");
    *ret = TAKE(d);
    return 0;
}

static struct entry *find(struct digests *d, const struct entry *e, const char *path)
{
    for (size_t i = d->count; i-- > 0;)
        if (d->items[i].size == e->size && d->items[i].inode == e->inode &&
            d->items[i].device == e->device && d->items[i].changed_ns == e->changed_ns &&
            strcmp(d->items[i].path, path) == 0)
            return &d->items[i];
    return NULL;
}

static int identify(struct entry *e, const struct digest_asked *q, struct err *err)
{
    struct stat s;

    if (stat(q->path, &s) < 0)
        return err_set(err, -errno, "%s: %s", q->known_as, strerror(errno));
    if (!S_ISREG(s.st_mode))
        return err_set(err, -EINVAL, "%s: no regular file", q->known_as);
    *e = (struct entry){.size = (uint64_t)s.st_size,
                        .device = s.st_dev,
                        .inode = s.st_ino,
                        .changed_ns = s.st_mtim.tv_sec * NS_PER_S + s.st_mtim.tv_nsec};
    return 0;
}

static void announce(const struct digest_asked *q, uint64_t size)
{
    char text[PATH_MAX + 80];
    const char *slash = strrchr(q->known_as, '/');

    if (!q->say || size <= q->loud_bytes)
        return;
    (void)snprintf(text, sizeof text, "reading %s once for its digest: %.1f GB",
                   slash ? slash + 1 : q->known_as, (double)size / 1e9);
    q->say(q->ctx, text);
}

static int read_whole(struct digests *d, struct entry *e, const struct digest_asked *q,
                      struct err *err)
{
    struct entry after;
    struct digest digest;
    int r;

    announce(q, e->size);
    if (digest_file(&digest, q->path, err) < 0 || identify(&after, q, err) < 0)
        return err_set(err, err->code, "%s: can't be read: %s", q->known_as, strerror(-err->code));
    memcpy(e->hex, digest_hex(&digest).text, sizeof e->hex);
    if (after.changed_ns != e->changed_ns || after.size != e->size ||
        clock_real_ns() - e->changed_ns < SETTLED_S * NS_PER_S || strchr(q->known_as, '\n'))
        return 0;
    r = remember(d, *e, q->known_as);
    d->grown = d->grown || r == 0;
    return r < 0 ? err_set(err, r, "out of memory for remembered digests") : 0;
}

int digests_of(struct digests *d, struct digest_words *ret, const struct digest_asked *q,
               struct err *err)
{
    struct err own = {0};
    const struct entry *known;
    struct entry e;
    int r = identify(&e, q, err ? err : &own);

    if (r < 0)
        return r;
    known = find(d, &e, q->known_as);
    if (known)
        memcpy(e.hex, known->hex, sizeof e.hex);
    else
        r = read_whole(d, &e, q, err ? err : &own);
    if (r < 0)
        return r;
    *ret = (struct digest_words){.size = e.size, .remembered = known != NULL};
    memcpy(ret->hex, e.hex, sizeof ret->hex);
    return 0;
}

static int write_file(const struct digests *d, const char *text, size_t n, struct err *err)
{
    char folder[PATH_MAX], *slash;
    int r;

    (void)snprintf(folder, sizeof folder, "%s", d->file);
    slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    r = fs_mkdirs(folder, err);
    return r < 0 ? r : fs_write(d->file, text, n, err);
}

int digests_save(struct digests *d, struct err *err)
{
    AUTO(str_release) struct str text = {0};

    if (!d->grown || !d->file[0])
        return 0;
    for (size_t i = d->count > ENTRIES_MAX ? d->count - ENTRIES_MAX : 0; i < d->count; i++) {
        const struct entry *e = &d->items[i];

        str_addf(&text, "%s %" PRIu64 " %" PRId64 " %" PRIu64 " %" PRIu64 " %s\n", e->hex, e->size,
                 e->changed_ns, e->device, e->inode, e->path);
    }
    if (!str_ok(&text))
        return err_set(err, -ENOMEM, "out of memory for remembered digests");
    d->grown = false;
    return write_file(d, text.data, text.len, err);
}
