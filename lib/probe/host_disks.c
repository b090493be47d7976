/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/host_disks.c - block devices, and the network interface that leads to the target. */
#include "probe/host.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SECTOR = 512 };

/* Devices that a file or memory stands behind are none of the host's disks. */
static bool is_disk(const char *name)
{
    static const char *const others[] = {"loop", "ram", "zram"};

    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (strncmp(name, others[i], strlen(others[i])) == 0)
            return false;
    return true;
}

static int put_disk(const struct facts *f, const char *root, const char *disk)
{
    static const char *const lines[][2] = {{"model", "device/model"},
                                           {"rotational", "queue/rotational"}};
    char path[HOST_TEXT], name[128];
    int64_t bytes;
    int r;

    if (!is_disk(disk))
        return 0;
    (void)snprintf(path, sizeof path, "/sys/block/%s/size", disk);
    (void)snprintf(name, sizeof name, "disk.%.64s.bytes", disk);
    r = host_number(&bytes, root, path, SECTOR);
    r = r < 0 ? facts_absent(f, name, "%s: %s", path, strerror(-r))
              : facts_i64(f, KNOWN_MEASURED, name, bytes, "bytes", path);
    for (size_t i = 0; i < COUNT_OF(lines) && r == 0; i++) {
        (void)snprintf(path, sizeof path, "/sys/block/%s/%s", disk, lines[i][1]);
        (void)snprintf(name, sizeof name, "disk.%.64s.%s", disk, lines[i][0]);
        r = host_put_line(f, root, name, path);
    }
    (void)snprintf(path, sizeof path, "/sys/block/%s/queue/scheduler", disk);
    (void)snprintf(name, sizeof name, "disk.%.64s.scheduler", disk);
    return r < 0 ? r : host_put_chosen(f, root, name, path);
}

int host_disks(const struct facts *f, const char *root)
{
    int r = host_each(f, root, "/sys/block", put_disk);

    return r == -ENOENT ? facts_absent(f, "disk", "/sys/block: no device there") : r;
}

static int put_driver(const struct facts *f, const char *root, const char *interface)
{
    char path[HOST_TEXT], link[HOST_TEXT];
    const char *slash;
    ssize_t n;

    (void)snprintf(path, sizeof path, "%s/sys/class/net/%s/device/driver", root, interface);
    n = readlink(path, link, sizeof link - 1);
    if (n < 0)
        return facts_absent(f, "net.driver", "%s has no device below it", interface);
    link[n] = '\0';
    slash = strrchr(link, '/');
    return facts_put(f, KNOWN_MEASURED, "net.driver", slash ? slash + 1 : link, "",
                     "/sys/class/net, device/driver");
}

/* Interfaces without a wire say -1, or nothing. */
static int put_interface_speed(const struct facts *f, const char *root, const char *interface)
{
    char path[HOST_TEXT];
    int64_t mbit;

    (void)snprintf(path, sizeof path, "/sys/class/net/%s/speed", interface);
    if (host_number(&mbit, root, path, 1) < 0 || mbit <= 0)
        return facts_absent(f, "net.speed", "%s: it does not say", path);
    return facts_i64(f, KNOWN_MEASURED, "net.speed", mbit * 1000000, "bit/s", path);
}

int host_interface(const struct facts *f, const char *root, const char *interface)
{
    static const char *const lines[][2] = {
        {"net.mtu", "mtu"}, {"net.state", "operstate"}, {"net.tx_queue", "tx_queue_len"}};
    char path[HOST_TEXT];
    int r = facts_put(f, KNOWN_MEASURED, "net.interface", interface, "",
                      "the address from which the kernel would reach the target");

    for (size_t i = 0; i < COUNT_OF(lines) && r == 0; i++) {
        (void)snprintf(path, sizeof path, "/sys/class/net/%.32s/%s", interface, lines[i][1]);
        r = host_put_line(f, root, lines[i][0], path);
    }
    if (r == 0)
        r = put_interface_speed(f, root, interface);
    return r < 0 ? r : put_driver(f, root, interface);
}
