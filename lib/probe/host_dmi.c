/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/host_dmi.c - what the firmware says of board and memory modules.
 *
 * /sys/class/dmi/id is for everybody but for serial numbers, which are not read. The memory
 * modules' structures (SMBIOS 3, type 17) are the administrator's to read.
 */
#include "base/fs.h"
#include "probe/host.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MODULE_MAX = 256, MODULE_MIN = 0x17 };

struct modules {
    int slots, fitted;
    int64_t bytes;
    int slowest, fastest; /* MT/s, as configured; 0: not told */
    const char *type;     /* of the last one */
};

static uint32_t at16(const uint8_t *b, size_t at)
{
    return (uint32_t)b[at] | (uint32_t)b[at + 1] << 8;
}

static uint32_t at32(const uint8_t *b, size_t at)
{
    return at16(b, at) | at16(b, at + 2) << 16;
}

/* Size of the module in bytes; 0: none, or not known. */
static int64_t module_size(const uint8_t *b, size_t n)
{
    const uint32_t size = at16(b, 0x0c);

    if (size == 0 || size == 0xffff)
        return 0;
    if (size == 0x7fff)
        return n >= 0x20 ? (int64_t)(at32(b, 0x1c) & 0x7fffffff) << 20 : 0;
    return size & 0x8000 ? (int64_t)(size & 0x7fff) << 10 : (int64_t)size << 20;
}

static int module_speed(const uint8_t *b, size_t n)
{
    uint32_t speed = n >= 0x22 ? at16(b, 0x20) : 0;

    if (speed == 0xffff)
        speed = n >= 0x5c ? at32(b, 0x58) & 0x7fffffff : 0;
    return speed <= 100000 ? (int)speed : 0;
}

static const char *module_type(uint8_t type)
{
    static const char *const names[] = {
        [0x12] = "DDR",    [0x13] = "DDR2",   [0x18] = "DDR3",   [0x1a] = "DDR4", [0x1b] = "LPDDR",
        [0x1c] = "LPDDR2", [0x1d] = "LPDDR3", [0x1e] = "LPDDR4", [0x20] = "HBM",  [0x21] = "HBM2",
        [0x22] = "DDR5",   [0x23] = "LPDDR5", [0x24] = "HBM3",
    };

    return type < COUNT_OF(names) ? names[type] : NULL;
}

static void add_module(struct modules *m, const uint8_t *b, size_t n)
{
    const int64_t bytes = module_size(b, n);
    const int speed = module_speed(b, n);

    m->slots++;
    if (bytes == 0)
        return;
    m->fitted++;
    m->bytes += bytes;
    m->type = module_type(b[0x12]);
    if (speed > 0 && (m->slowest == 0 || speed < m->slowest))
        m->slowest = speed;
    if (speed > m->fastest)
        m->fastest = speed;
}

/* 0: read; negative: why not. */
static int read_module(struct modules *m, const char *path)
{
    AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t b[MODULE_MAX];
    ssize_t n;

    if (fd < 0)
        return -errno;
    n = read(fd, b, sizeof b);
    if (n < 0)
        return -errno;
    if (n < MODULE_MIN || b[0] != 17 || b[1] > n || b[1] < 0x15)
        return -EBADMSG;
    add_module(m, b, b[1]);
    return 0;
}

static int read_modules(struct modules *m, const char *root)
{
    char path[HOST_TEXT], file[2 * HOST_TEXT];
    int r = -ENOENT;
    DIR *d;

    (void)snprintf(path, sizeof path, "%s/sys/firmware/dmi/entries", root);
    d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        if (strncmp(e->d_name, "17-", 3) != 0)
            continue;
        (void)snprintf(file, sizeof file, "%s/%.64s/raw", path, e->d_name);
        r = read_module(m, file);
        if (r < 0)
            break;
    }
    if (d)
        (void)closedir(d);
    return r;
}

static int put_speed(const struct facts *f, const struct modules *m, const char *source)
{
    if (m->slowest == 0)
        return facts_absent(f, "memory.speed", "the firmware does not say");
    return facts_i64(f, KNOWN_MEASURED, "memory.speed", m->slowest, "MT/s", source);
}

static int put_modules(const struct facts *f, const char *root)
{
    static const char source[] = "/sys/firmware/dmi/entries, type 17";
    struct modules m = {0};
    int r = read_modules(&m, root);

    if (r < 0)
        return facts_absent(f, "memory.modules", "%s: %s", source,
                            r == -ENOENT ? "none there" : strerror(-r));
    r = facts_i64(f, KNOWN_MEASURED, "memory.modules", m.fitted, "", source);
    if (r == 0)
        r = facts_i64(f, KNOWN_MEASURED, "memory.slots", m.slots, "", source);
    if (r == 0)
        r = facts_i64(f, KNOWN_MEASURED, "memory.modules_bytes", m.bytes, "bytes", source);
    if (r == 0)
        r = facts_put(f, KNOWN_MEASURED, "memory.type", m.type, "",
                      m.type ? source : "of a type that is not known here");
    if (r == 0)
        r = put_speed(f, &m, m.slowest == m.fastest ? source : "the slowest of those in type 17");
    return r;
}

static int put_board(const struct facts *f, const char *root)
{
    static const char *const lines[][2] = {
        {"board.vendor", "/sys/class/dmi/id/board_vendor"},
        {"board.name", "/sys/class/dmi/id/board_name"},
        {"bios.vendor", "/sys/class/dmi/id/bios_vendor"},
        {"bios.version", "/sys/class/dmi/id/bios_version"},
        {"bios.date", "/sys/class/dmi/id/bios_date"},
    };
    char path[HOST_TEXT];
    int r = 0;

    (void)snprintf(path, sizeof path, "%s/sys/class/dmi/id", root);
    if (!fs_exists(path))
        return facts_absent(f, "board", "/sys/class/dmi/id: not there");
    for (size_t i = 0; i < COUNT_OF(lines) && r == 0; i++)
        r = host_put_line(f, root, lines[i][0], lines[i][1]);
    return r;
}

int host_dmi(const struct facts *f, const char *root)
{
    int r = put_board(f, root);

    return r < 0 ? r : put_modules(f, root);
}
