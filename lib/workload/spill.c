/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/spill.h"
#include "base/fs.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* PATH.tmp-PID: the name under which the new content is written. */
static int temp_name(char *buf, size_t size, const char *path, struct err *err)
{
    int n = snprintf(buf, size, "%s.tmp-%d", path, (int)getpid());

    return n >= (int)size ? err_set(err, -ENAMETOOLONG, "%s: name too long", path) : 0;
}

int spill_open(struct spill *ret, const char *path, struct err *err)
{
    struct spill s = {.path = path, .fd = -1};
    char name[PATH_MAX];
    int r = temp_name(name, sizeof name - 4, path, err);

    if (r < 0)
        return r;
    strcat(name, "-r");
    s.fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (s.fd < 0)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    (void)unlink(name);
    *ret = s;
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

int spill_flush(struct spill *s, size_t above, struct err *err)
{
    int r = 0;

    if (!str_ok(&s->text))
        return err_set(err, -ENOMEM, "%s: out of memory", s->path);
    if (s->text.len <= above)
        return 0;
    r = write_all(s->fd, s->text.data, s->text.len);
    str_clear(&s->text);
    return r < 0 ? err_set(err, r, "%s: %s", s->path, strerror(-r)) : 0;
}

static int copy_all(int to, int from)
{
    AUTO(free) char *buf = malloc(65536);
    ssize_t n;
    int r = 0;

    if (!buf)
        return -ENOMEM;
    if (lseek(from, 0, SEEK_SET) < 0)
        return -errno;
    while (r == 0 && (n = read(from, buf, 65536)) != 0) {
        if (n > 0)
            r = write_all(to, buf, (size_t)n);
        else if (errno != EINTR)
            r = -errno;
    }
    return r;
}

static int write_content(int fd, const struct spill *s, const struct str *first)
{
    int r = write_all(fd, first->data, first->len);

    if (r == 0)
        r = copy_all(fd, s->fd);
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    return r;
}

int spill_publish(struct spill *s, const struct str *first, struct err *err)
{
    char name[PATH_MAX];
    int fd, r = spill_flush(s, 0, err);

    if (r == 0)
        r = temp_name(name, sizeof name, s->path, err);
    if (r < 0)
        return r;
    fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_set(err, -errno, "%s: %s", name, strerror(errno));
    r = write_content(fd, s, first);
    if (close(fd) < 0 && r == 0)
        r = -errno;
    if (r == 0 && rename(name, s->path) < 0)
        r = -errno;
    if (r < 0) {
        (void)unlink(name);
        return err_set(err, r, "%s: %s", s->path, strerror(-r));
    }
    return 0;
}

void spill_release(struct spill *s)
{
    fd_close(s->fd);
    str_release(&s->text);
    *s = (struct spill){.fd = -1};
}
