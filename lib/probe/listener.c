/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/listener.c - from an address to the inode of the socket that listens there (the tables
 * of /proc/net), and from the inode to who holds it (the links of /proc/PID/fd).
 */
#include "probe/listener.h"
#include "base/fs.h"
#include "probe/tree.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <ifaddrs.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum { TABLE_MAX = 16 << 20, STATE_LISTEN = 0x0a, ACCEPTS = 0x10000, RANK_EXACT = 2 };

struct sought {
    struct in6_addr ip; /* IPv4 as ::ffff:a.b.c.d */
    uint16_t port;
    const char *path; /* of a Unix socket; NULL: an Internet one */
    size_t path_len;
};

struct found {
    uint64_t inode; /* 0: none */
    int rank;       /* an exact address before a wildcard */
    unsigned uid;
    bool uid_known;
};

struct words {
    char *text;
    size_t size;
};

static int say(const struct words *w, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
static int say(const struct words *w, int code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (w->text && w->size > 0)
        (void)vsnprintf(w->text, w->size, fmt, ap);
    va_end(ap);
    return code;
}

static struct in6_addr mapped(struct in_addr a)
{
    struct in6_addr ip = {.s6_addr = {[10] = 0xff, [11] = 0xff}};

    memcpy(ip.s6_addr + 12, &a, sizeof a);
    return ip;
}

static bool address_of(struct in6_addr *ip, uint16_t *port, const struct sockaddr *a)
{
    if (a->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, a, sizeof in);
        *ip = mapped(in.sin_addr);
        *port = ntohs(in.sin_port);
    } else if (a->sa_family == AF_INET6) {
        struct sockaddr_in6 in;

        memcpy(&in, a, sizeof in);
        *ip = in.sin6_addr;
        *port = ntohs(in.sin6_port);
    }
    return a->sa_family == AF_INET || a->sa_family == AF_INET6;
}

static bool is_v4(const struct in6_addr *ip)
{
    return IN6_IS_ADDR_V4MAPPED(ip);
}

static bool is_any(const struct in6_addr *ip)
{
    static const uint8_t none[4];

    return IN6_IS_ADDR_UNSPECIFIED(ip) || (is_v4(ip) && memcmp(ip->s6_addr + 12, none, 4) == 0);
}

/* Is it one of this host's addresses? */
static bool is_ours(const struct in6_addr *ip)
{
    struct ifaddrs *list = NULL;
    bool ours = IN6_IS_ADDR_LOOPBACK(ip) || is_any(ip) || (is_v4(ip) && ip->s6_addr[12] == 127);

    if (ours || getifaddrs(&list) < 0)
        return ours;
    for (const struct ifaddrs *i = list; i && !ours; i = i->ifa_next) {
        struct in6_addr own;
        uint16_t port;

        ours = i->ifa_addr && address_of(&own, &port, i->ifa_addr) &&
               memcmp(&own, ip, sizeof own) == 0;
    }
    freeifaddrs(list);
    return ours;
}

/* The kernel prints an address as 32-bit words of the host's byte order. */
static bool parse_words(struct in6_addr *ip, const char *hex, size_t digits)
{
    uint32_t word[4];
    const size_t n = digits / 8;

    if (digits != 8 && digits != 32)
        return false;
    for (size_t i = 0; i < n; i++) {
        char text[9] = {0}, *end;

        memcpy(text, hex + 8 * i, 8);
        word[i] = (uint32_t)strtoul(text, &end, 16);
        if (*end)
            return false;
    }
    if (n == 1)
        *ip = mapped((struct in_addr){.s_addr = word[0]});
    else
        memcpy(ip, word, sizeof word);
    return true;
}

/* 0: not that address; RANK_EXACT: it is; less: a wildcard that takes it in. */
static int rank_of(const struct in6_addr *ip, const struct in6_addr *sought)
{
    if (memcmp(ip, sought, sizeof *ip) == 0)
        return RANK_EXACT;
    if (!is_any(ip))
        return 0;
    return IN6_IS_ADDR_UNSPECIFIED(ip) || is_v4(sought);
}

/* "sl: ADDRESS:PORT REMOTE:PORT STATE QUEUES TIMER RETRANSMITS UID TIMEOUT INODE ..." */
static void match_inet(struct found *f, const struct sought *s, const char *line)
{
    char address[33];
    unsigned port, state, uid;
    unsigned long inode;
    struct in6_addr ip;
    int rank;

    if (sscanf(line, " %*[0-9]: %32[0-9A-Fa-f]:%x %*[0-9A-Fa-f:] %x %*s %*s %*s %u %*u %lu",
               address, &port, &state, &uid, &inode) != 5 ||
        state != STATE_LISTEN || port != s->port || !parse_words(&ip, address, strlen(address)))
        return;
    rank = rank_of(&ip, &s->ip);
    if (rank > f->rank)
        *f = (struct found){inode, rank, uid, true};
}

/* "NUM: REFS PROTOCOL FLAGS TYPE STATE INODE PATH", an abstract name with '@' before it */
static void match_unix(struct found *f, const struct sought *s, const char *line)
{
    unsigned flags;
    unsigned long inode;
    int at = 0;

    if (sscanf(line, " %*[0-9A-Fa-f]: %*x %*x %x %*x %*x %lu %n", &flags, &inode, &at) != 2 ||
        at == 0 || !(flags & ACCEPTS))
        return;
    if (strcspn(line + at, "\n") == s->path_len && memcmp(line + at, s->path, s->path_len) == 0)
        *f = (struct found){.inode = inode, .rank = RANK_EXACT};
}

static int search_table(struct found *f, const struct sought *s, const char *root,
                        const char *table)
{
    AUTO(free) char *text = NULL;
    char path[PATH_MAX];
    size_t len;
    int r;

    (void)snprintf(path, sizeof path, "%s/proc/net/%s", root, table);
    r = fs_read(&text, &len, path, TABLE_MAX, NULL);
    if (r < 0)
        return r;
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (s->path)
            match_unix(f, s, line);
        else
            match_inet(f, s, line);
    return 0;
}

struct holders {
    const char *root;
    char link[40]; /* socket:[INODE] */
    pid_t pid;     /* 0: none seen */
    size_t closed; /* processes whose descriptors may not be seen */
};

/* 1: @pid holds the socket; 0: it doesn't; negative: it can't be seen. */
static int holds(const struct holders *h, pid_t pid)
{
    char path[PATH_MAX], link[64];
    int r = 0;
    DIR *d;

    (void)snprintf(path, sizeof path, "%s/proc/%d/fd", h->root, (int)pid);
    d = opendir(path);
    if (!d)
        return -errno;
    for (struct dirent *e; r == 0 && (e = readdir(d));) {
        ssize_t n = readlinkat(dirfd(d), e->d_name, link, sizeof link - 1);

        if (n > 0) {
            link[n] = '\0';
            r = strcmp(link, h->link) == 0;
        }
    }
    (void)closedir(d);
    return r;
}

/* 0: none. An init that opened the socket on its service's behalf is no engine. */
static pid_t starter_of(const struct holders *h, pid_t pid)
{
    struct probe_process p, starter;

    if (probe_process_read(&p, h->root, pid) < 0 ||
        probe_process_read(&starter, h->root, p.parent) < 0 || strcmp(starter.name, "systemd") == 0)
        return 0;
    return p.parent;
}

static void search_holders(struct holders *h)
{
    char path[PATH_MAX];
    DIR *d;

    (void)snprintf(path, sizeof path, "%s/proc", h->root);
    d = opendir(path);
    for (struct dirent *e; d && h->pid == 0 && (e = readdir(d));) {
        const pid_t pid =
            isdigit((unsigned char)e->d_name[0]) ? (pid_t)strtol(e->d_name, NULL, 10) : 0;
        const int r = pid > 0 ? holds(h, pid) : 0;

        h->closed += r == -EACCES || r == -EPERM;
        if (r > 0)
            h->pid = pid;
    }
    if (d)
        (void)closedir(d);
    for (pid_t up = h->pid; (up = starter_of(h, up)) > 0 && holds(h, up) > 0;)
        h->pid = up;
}

/* A container's port may be published by a process that only forwards. */
static const char *forwarder(const char *root, pid_t pid, struct probe_process *p)
{
    static const char *const known[] = {"docker-proxy", "rootlesskit", "rootlessport",
                                        "slirp4netns",  "pasta",       "pasta.avx2"};

    if (probe_process_read(p, root, pid) == 0)
        for (size_t i = 0; i < COUNT_OF(known); i++)
            if (strcmp(p->name, known[i]) == 0)
                return known[i];
    return NULL;
}

static int name_holder(pid_t *ret, const char *root, const struct found *f, const struct words *w)
{
    struct holders h = {.root = root};
    struct probe_process p;
    const char *forwards;

    (void)snprintf(h.link, sizeof h.link, "socket:[%" PRIu64 "]", f->inode);
    search_holders(&h);
    if (h.pid == 0 && f->uid_known && f->uid != geteuid() && h.closed > 0)
        return say(w, -EACCES, "owned by another user (uid %u): not permitted to see its process",
                   f->uid);
    if (h.pid == 0)
        return say(w, h.closed > 0 ? -EACCES : -ENOENT,
                   h.closed > 0 ? "its process can't be seen: %zu processes of other users"
                                : "something listens, but no process here holds the socket: "
                                  "another container's, or the kernel's (%zu not seen)",
                   h.closed);
    forwards = forwarder(root, h.pid, &p);
    if (forwards)
        return say(w, -ENOENT, "%s listens for a container: the engine is behind it", forwards);
    *ret = h.pid;
    return 0;
}

static int search_inet(struct found *f, const struct sought *s, const char *root,
                       const struct words *w)
{
    int r, r6;

    if (!is_ours(&s->ip))
        return say(w, -ENOENT, "not on this host: the address is none of its own");
    r = search_table(f, s, root, "tcp");
    r6 = search_table(f, s, root, "tcp6");
    if (r < 0 && r6 < 0)
        return say(w, r, "/proc/net/tcp: %s", strerror(-r));
    return f->inode ? 0 : say(w, -ENOENT, "nothing listens there in this network namespace");
}

static int search_unix(struct found *f, const struct sockaddr_un *a, const char *root,
                       const struct words *w)
{
    char name[sizeof a->sun_path + 1] = {0};
    struct sought s = {.path = name};
    int r;

    memcpy(name, a->sun_path, sizeof a->sun_path);
    if (name[0] == '\0')
        name[0] = '@';
    s.path_len = strlen(name);
    r = search_table(f, &s, root, "unix");
    if (r < 0)
        return say(w, r, "/proc/net/unix: %s", strerror(-r));
    return f->inode ? 0 : say(w, -ENOENT, "nothing listens on %s here", name);
}

int probe_listener_pid(pid_t *ret, const char *root, const struct sockaddr *address, char *why,
                       size_t why_len)
{
    const struct words w = {why, why_len};
    struct sought s = {0};
    struct found f = {0};
    int r;

    if (address->sa_family == AF_UNIX) {
        struct sockaddr_un un;

        memcpy(&un, address, sizeof un);
        r = search_unix(&f, &un, root, &w);
    } else if (address_of(&s.ip, &s.port, address)) {
        r = search_inet(&f, &s, root, &w);
    } else {
        return say(&w, -EAFNOSUPPORT, "neither an Internet address nor a Unix socket's path");
    }
    return r < 0 ? r : name_holder(ret, root, &f, &w);
}
