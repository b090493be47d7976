/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fd_close(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

static int read_all(int fd, char **data, size_t *len, size_t limit)
{
    size_t cap = 0, used = 0;

    for (;;) {
        ssize_t n;

        if (used + 1 >= cap) {
            size_t grown = cap ? cap * 2 : 4096;
            char *p = realloc(*data, grown);

            if (!p)
                return -ENOMEM;
            *data = p;
            cap = grown;
        }
        n = read(fd, *data + used, cap - used - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        used += (size_t)n;
        if (used > limit)
            return -EFBIG;
        if (n == 0)
            break;
    }
    (*data)[used] = '\0';
    *len = used;
    return 0;
}

int fs_read(char **ret, size_t *len, const char *path, size_t limit, struct err *err)
{
    AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    AUTO(free) char *data = NULL;
    int r;

    if (fd < 0)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    r = read_all(fd, &data, len, limit);
    if (r == -EFBIG)
        return err_set(err, r, "%s: larger than %zu bytes", path, limit);
    if (r < 0)
        return err_set(err, r, "%s: %s", path, strerror(-r));
    *ret = TAKE(data);
    return 0;
}

static int write_all(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t w = write(fd, data, n);

        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return -errno;
        data += w;
        n -= (size_t)w;
    }
    return 0;
}

int fs_write(const char *path, const void *data, size_t n, struct err *err)
{
    char temp[PATH_MAX];
    int fd, r;

    if (snprintf(temp, sizeof temp, "%s.tmp-%d", path, (int)getpid()) >= (int)sizeof temp)
        return err_set(err, -ENAMETOOLONG, "%s: name too long", path);
    fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_set(err, -errno, "%s: %s", temp, strerror(errno));
    r = write_all(fd, data, n);
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    if (close(fd) < 0 && r == 0)
        r = -errno;
    if (r == 0 && rename(temp, path) < 0)
        r = -errno;
    if (r < 0) {
        (void)unlink(temp);
        return err_set(err, r, "%s: %s", path, strerror(-r));
    }
    return 0;
}

int fs_mkdirs(const char *path, struct err *err)
{
    char part[PATH_MAX];
    size_t n = strlen(path);

    if (n >= sizeof part)
        return err_set(err, -ENAMETOOLONG, "%s: name too long", path);
    memcpy(part, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        part[i] = '\0';
        if (mkdir(part, 0777) < 0 && errno != EEXIST)
            return err_set(err, -errno, "%s: %s", part, strerror(errno));
        part[i] = i < n ? '/' : '\0';
    }
    return 0;
}

bool fs_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

int fs_read_line(char *buf, size_t size, const char *path)
{
    AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return -errno;
    n = read(fd, buf, size - 1);
    if (n < 0)
        return -errno;
    while (n > 0 && (buf[n - 1] == '\n' || buf[n - 1] == ' ' || buf[n - 1] == '\0'))
        n--;
    buf[n] = '\0';
    return 0;
}
