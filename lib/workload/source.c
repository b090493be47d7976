/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/source.h"
#include "base/fs.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int out_of_memory(const struct source *s, struct err *err)
{
    return err_set(err, -ENOMEM, "%s: out of memory", s->name);
}

/* 1: there are bytes; 0: the end. */
static int fill(struct source *s, struct err *err)
{
    ssize_t n;

    if (s->at < s->end)
        return 1;
    if (s->fd < 0)
        return 0;
    do {
        n = read(s->fd, s->chunk, SOURCE_CHUNK);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EISDIR)
        return err_set(err, -EINVAL, "%s: is a folder; a file is wanted", s->name);
    if (n < 0)
        return err_set(err, -errno, "%s: %s", s->name, strerror(errno));
    hasher_add(s->hasher, s->chunk, (size_t)n);
    s->at = s->chunk;
    s->end = s->chunk + n;
    return n > 0;
}

static int skip_mark(struct source *s, struct err *err)
{
    int r = fill(s, err);

    if (r > 0 && s->end - s->at >= 3 && memcmp(s->at, "\xef\xbb\xbf", 3) == 0)
        s->at += 3;
    return r < 0 ? r : 0;
}

int source_open(struct source *ret, const char *path, struct err *err)
{
    AUTO(source_release) struct source s = {.name = path, .fd = -1};
    int r;

    s.fd = open(path, O_RDONLY | O_CLOEXEC);
    if (s.fd < 0)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    s.chunk = malloc(SOURCE_CHUNK);
    s.hasher = hasher_new();
    if (!s.chunk || !s.hasher)
        return out_of_memory(&s, err);
    r = skip_mark(&s, err);
    if (r < 0)
        return r;
    *ret = s;
    s = (struct source){.fd = -1};
    return 0;
}

int source_open_memory(struct source *ret, const void *data, size_t n, const char *name,
                       struct err *err)
{
    AUTO(source_release) struct source s = {.name = name, .fd = -1};

    s.hasher = hasher_new();
    if (!s.hasher)
        return out_of_memory(&s, err);
    hasher_add(s.hasher, data, n);
    s.at = data;
    s.end = s.at + n;
    if (skip_mark(&s, err) < 0)
        return -EIO; /* memory does not fail to read */
    *ret = s;
    s = (struct source){.fd = -1};
    return 0;
}

static int grow(struct source *s, size_t need)
{
    size_t cap = s->cap ? s->cap : 512;
    char *text;

    while (cap < need)
        cap *= 2;
    if (cap == s->cap)
        return 0;
    text = realloc(s->text, cap);
    if (!text)
        return -ENOMEM;
    s->text = text;
    s->cap = cap;
    return 0;
}

/* Adds bytes up to a line feed, or what there is, to the line. */
static int take(struct source *s, const char *stop, struct err *err)
{
    size_t n = (size_t)(stop - s->at), room = SOURCE_LINE_MAX - s->len;

    if (n > room) {
        s->too_long = true;
        n = room;
    }
    if (grow(s, s->len + n + 1) < 0)
        return out_of_memory(s, err);
    memcpy(s->text + s->len, s->at, n);
    s->len += n;
    s->at = stop;
    return 0;
}

int source_line(struct source *s, struct err *err)
{
    const char *feed = NULL;
    int r = fill(s, err);

    if (r <= 0)
        return r;
    s->len = 0;
    s->too_long = false;
    s->line++;
    for (; r > 0 && !feed; r = feed ? 1 : fill(s, err)) {
        feed = memchr(s->at, '\n', (size_t)(s->end - s->at));
        if (take(s, feed ? feed : s->end, err) < 0)
            return -ENOMEM;
    }
    if (r < 0)
        return r;
    if (feed)
        s->at++;
    if (s->len > 0 && s->text[s->len - 1] == '\r')
        s->len--;
    s->text[s->len] = '\0';
    return 1;
}

struct digest source_digest(struct source *s)
{
    return hasher_end(s->hasher);
}

void source_release(struct source *s)
{
    fd_close(s->fd);
    hasher_free(s->hasher);
    free(s->chunk);
    free(s->text);
    *s = (struct source){.fd = -1};
}
