/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/settings.c - the probe "host": the way to the target, and settings of this host that
 * somebody may change while a run goes on. What the host is was put before, by probe_host().
 */
#include "probe/address.h"
#include "probe/host.h"
#include "probe/settings.h"
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SETTINGS = 6, SETTING_TEXT = 160 };

struct probe {
    const char *root;
    const struct probe_out *out;
    char was[SETTINGS][SETTING_TEXT];
};

static void read_governor(char *buf, const char *root)
{
    if (host_governors(buf, SETTING_TEXT, root) < 0)
        buf[0] = '\0';
}

static void read_boost(char *buf, const char *root)
{
    const char *source;
    const int boost = host_boost(&source, root);

    (void)snprintf(buf, SETTING_TEXT, "%s", boost < 0 ? "" : boost ? "on" : "off");
}

static const struct setting {
    const char *name, *path; /* path: a one-line file, "[chosen]" of several words or all of it */
    void (*read)(char *buf, const char *root);
} settings[SETTINGS] = {
    {"cpu.governor", "/sys/devices/system/cpu/cpuN/cpufreq/scaling_governor", read_governor},
    {"cpu.boost", "cpufreq/boost or intel_pstate/no_turbo", read_boost},
    {"cpu.online", "/sys/devices/system/cpu/online", NULL},
    {"cpu.smt.active", "/sys/devices/system/cpu/smt/active", NULL},
    {"memory.thp", "/sys/kernel/mm/transparent_hugepage/enabled", NULL},
    {"clock.source", "/sys/devices/system/clocksource/clocksource0/current_clocksource", NULL},
};

static void read_setting(char *buf, const char *root, const struct setting *s)
{
    char text[HOST_TEXT], *from;

    if (s->read) {
        s->read(buf, root);
        return;
    }
    if (host_line(text, root, s->path) < 0)
        text[0] = '\0';
    from = strchr(text, '[');
    if (from)
        from[strcspn(from, "]")] = '\0';
    (void)snprintf(buf, SETTING_TEXT, "%.150s", from ? from + 1 : text);
}

/* Of the interface that has @address. */
static bool interface_of(char *buf, size_t size, const struct sockaddr_storage *address)
{
    struct ifaddrs *list = NULL;
    bool found = false;

    if (getifaddrs(&list) < 0)
        return false;
    for (const struct ifaddrs *i = list; i && !found; i = i->ifa_next) {
        const void *a = address, *b = i->ifa_addr;

        if (!b || i->ifa_addr->sa_family != address->ss_family)
            continue;
        if (address->ss_family == AF_INET)
            found = memcmp(&((const struct sockaddr_in *)a)->sin_addr,
                           &((const struct sockaddr_in *)b)->sin_addr, 4) == 0;
        else if (address->ss_family == AF_INET6)
            found = memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
                           &((const struct sockaddr_in6 *)b)->sin6_addr, 16) == 0;
        if (found)
            (void)snprintf(buf, size, "%s", i->ifa_name);
    }
    freeifaddrs(list);
    return found;
}

/* A datagram socket that is connected and never used tells what the routing table says. */
static bool route_to(char *interface, size_t size, const struct sockaddr_storage *to, socklen_t len)
{
    struct sockaddr_storage own = {0};
    socklen_t n = sizeof own;
    int fd = socket(to->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool found = fd >= 0 && connect(fd, (const struct sockaddr *)to, len) == 0 &&
                 getsockname(fd, (struct sockaddr *)&own, &n) == 0 &&
                 interface_of(interface, size, &own);

    if (fd >= 0)
        (void)close(fd);
    return found;
}

static int put_route(const struct probe_setup *s, const struct facts *f)
{
    struct sockaddr_storage to;
    char interface[64];
    socklen_t len;

    if (probe_target_address(&to, &len, s) < 0)
        return facts_absent(f, "net.interface", "the target's address is not known");
    if (to.ss_family == AF_UNIX)
        return facts_absent(f, "net.interface", "the target is a Unix socket");
    if (!route_to(interface, sizeof interface, &to, len))
        return facts_absent(f, "net.interface", "no route to the target, or no interface of it");
    return host_interface(f, s->root ? s->root : "", interface);
}

static int settings_open(struct probe **ret, const struct probe_setup *s,
                         const struct probe_out *out, struct err *err)
{
    const struct facts f = {&out->facts, "host"};
    struct probe *p = calloc(1, sizeof *p);
    int r = p ? put_route(s, &f) : -ENOMEM;

    if (r < 0) {
        free(p);
        return err_set(err, r, "recording facts of the way to the target: %s", strerror(-r));
    }
    p->root = s->root ? s->root : "";
    p->out = out;
    for (size_t i = 0; i < SETTINGS; i++)
        read_setting(p->was[i], p->root, &settings[i]);
    *ret = p;
    return 0;
}

static int64_t settings_period(const struct probe_setup *s)
{
    (void)s;
    return 5 * NS_PER_S;
}

static int tell(struct probe *p, int64_t now_ns, const struct setting *s, const char *was,
                const char *is)
{
    const struct facts f = {&p->out->facts, "host"};
    char text[3 * SETTING_TEXT];
    int r = *is ? facts_put(&f, KNOWN_MEASURED, s->name, is, "", s->path)
                : facts_absent(&f, s->name, "%s: not there any more", s->path);

    (void)snprintf(text, sizeof text, "%s: %s -> %s", s->name, *was ? was : "not known",
                   *is ? is : "not known");
    return r < 0 ? r : p->out->changed(p->out->ctx, now_ns, text);
}

static int settings_sample(struct probe *p, int64_t now_ns)
{
    int r = 0;

    for (size_t i = 0; i < SETTINGS && r == 0; i++) {
        char is[SETTING_TEXT];

        read_setting(is, p->root, &settings[i]);
        if (strcmp(is, p->was[i]) == 0)
            continue;
        r = tell(p, now_ns, &settings[i], p->was[i], is);
        memcpy(p->was[i], is, sizeof is);
    }
    return r;
}

static void settings_close(struct probe *p)
{
    free(p);
}

const struct probe_ops probe_settings = {
    .name = "host",
    .open = settings_open,
    .period_ns = settings_period,
    .sample = settings_sample,
    .close = settings_close,
};
