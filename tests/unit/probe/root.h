/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/probe/root.h - made-up hosts: a folder with the files of /proc and /sys that matter.
 */
#pragma once
#include "base/fs.h"
#include "harness/unit.h"
#include <unistd.h>

static char root[] = "/tmp/asrun-test-host-XXXXXX";

static inline void make_folder_of(char *full, size_t size, const char *path)
{
    (void)snprintf(full, size, "%s%s", root, path);
    *strrchr(full, '/') = '\0';
    assert_int_equal(fs_mkdirs(full, NULL), 0);
    full[strlen(full)] = '/';
}

static inline void write_bytes(const char *path, const void *data, size_t n)
{
    char full[512];

    make_folder_of(full, sizeof full, path);
    assert_int_equal(fs_write(full, data, n, NULL), 0);
}

static inline void write_file(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

static inline void make_link(const char *path, const char *to)
{
    char full[512];

    make_folder_of(full, sizeof full, path);
    assert_int_equal(symlink(to, full), 0);
}

/* /proc/PID/stat of a process that was started @start ticks after boot. */
static inline void write_process(int pid, int parent, const char *name, int start)
{
    char path[64], text[256];

    (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
    (void)snprintf(text, sizeof text,
                   "%d (%s) S %d 1 1 0 -1 4194304 100 0 0 0 5 6 0 0 20 0 1 0 %d 1000 200\n", pid,
                   name, parent, start);
    write_file(path, text);
}

static inline int remove_path(const char *path)
{
    char command[256];

    (void)snprintf(command, sizeof command, "rm -rf '%s%s'", root, path);
    return system(command);
}

static inline int new_root(void **state)
{
    (void)state;
    memcpy(root + sizeof root - 7, "XXXXXX", 6);
    return mkdtemp(root) ? 0 : -1;
}

static inline int remove_root(void **state)
{
    (void)state;
    return remove_path("");
}
