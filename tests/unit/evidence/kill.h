/* SPDX-License-Identifier: Apache-2.0 */
/* Ends a process, or fails a write, at the n-th call by which SQLite changes a file. */
#pragma once
#include "scene.h"
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/wait.h>

enum { KILLED = 77, CHILD_FAILED = 50 };

static int changes_seen, die_at = -1, fail_at = -1; /* fail_at: that one and all after it */

static bool change(void)
{
    int n = changes_seen++;

    if (n == die_at)
        _exit(KILLED);
    if (fail_at < 0 || n < fail_at)
        return true;
    errno = ENOSPC;
    return false;
}

static ssize_t hooked_pwrite(int fd, const void *data, size_t n, off_t at)
{
    return change() ? pwrite(fd, data, n, at) : -1;
}

static int hooked_ftruncate(int fd, off_t n)
{
    return change() ? ftruncate(fd, n) : -1;
}

static int hooked_unlink(const char *path)
{
    return change() ? unlink(path) : -1;
}

static inline void hook_sqlite(void)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

    assert_int_equal(vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)hooked_pwrite), 0);
    assert_int_equal(vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)hooked_pwrite), 0);
    assert_int_equal(vfs->xSetSystemCall(vfs, "ftruncate", (sqlite3_syscall_ptr)hooked_ftruncate),
                     0);
    assert_int_equal(vfs->xSetSystemCall(vfs, "unlink", (sqlite3_syscall_ptr)hooked_unlink), 0);
}

/* Runs @body in a child that dies at its @nth change (-1: lives); its exit status. */
static inline int in_child(void (*body)(struct scene *s), struct scene *s, int nth)
{
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        changes_seen = 0;
        die_at = nth;
        body(s);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static inline void copy_one(const char *from, const char *to)
{
    static char buf[1 << 16];
    int in = open(from, O_RDONLY), out;
    ssize_t n;

    if (in < 0)
        return;
    out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(out >= 0);
    while ((n = read(in, buf, sizeof buf)) > 0)
        assert_int_equal(write(out, buf, (size_t)n), n);
    close(in);
    close(out);
}

/* A new scene with the files that a killed run left in @from. */
static inline struct scene scene_copy(const struct scene *from)
{
    static const char *const tails[] = {"", "-spool", "-wal"};
    struct scene s = {0};

    scene_make(&s);
    for (size_t i = 0; i < COUNT_OF(tails); i++) {
        char a[128], b[128];

        (void)snprintf(a, sizeof a, "%s%s", from->path, tails[i]);
        (void)snprintf(b, sizeof b, "%s%s", s.path, tails[i]);
        copy_one(a, b);
    }
    return s;
}
