/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/kept.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

void kept_open(struct kept *k, const char *root, const char *path)
{
    char full[PATH_MAX];

    (void)snprintf(full, sizeof full, "%s%s", root, path);
    k->fd = open(full, O_RDONLY | O_CLOEXEC);
    if (k->fd < 0)
        k->fd = -errno;
}

void kept_close(struct kept *k)
{
    if (k->fd >= 0)
        (void)close(k->fd);
    k->fd = -EBADF;
}

int kept_read(const struct kept *k, char *buf, size_t size)
{
    size_t n = 0;
    ssize_t got = 1;

    if (k->fd < 0)
        return k->fd;
    while (n < size && got > 0) {
        got = pread(k->fd, buf + n, size - n, (off_t)n);
        if (got < 0)
            return -errno;
        n += (size_t)got;
    }
    if (n == size)
        return -EFBIG;
    buf[n] = '\0';
    return 0;
}

int kept_read_short(const struct kept *k, char *buf, size_t size)
{
    ssize_t got;

    if (k->fd < 0)
        return k->fd;
    got = pread(k->fd, buf, size - 1, 0);
    if (got < 0)
        return -errno;
    buf[got] = '\0';
    return 0;
}

int kept_read_once(char *buf, size_t size, const char *root, const char *path)
{
    struct kept k;
    int r;

    kept_open(&k, root, path);
    r = kept_read(&k, buf, size);
    kept_close(&k);
    return r;
}
