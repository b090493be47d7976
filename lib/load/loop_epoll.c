/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/loop_epoll.c - level-triggered epoll, one recvmsg a readiness.
 *
 * SO_TIMESTAMPNS gives the arrival of the segment that holds the last byte returned, on
 * CLOCK_REALTIME; it is brought to CLOCK_MONOTONIC by a paired offset (moves by nanoseconds in
 * seconds, unless somebody sets the clock: the engine checks each stamp for plausibility).
 *
 * Stamps of sending are asked for write by write (a control message of SO_TIMESTAMPING) and come in
 * the socket's error queue, which epoll reports as EPOLLERR. The socket's own SO_TIMESTAMPING says
 * how they are reported, and that they bear the place of their byte; it is set once the connection
 * stands, which is where these places count from. It changes nothing of SO_TIMESTAMPNS, but has the
 * kernel say each time of arrival twice.
 */
#include "load/loop_epoll.h"
#include "base/clock.h"
#include "base/fs.h"
#include "load/source.h"
#include "load/tcp.h"
#include "load/thread.h"
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
/* These need the types of those. */
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <unistd.h>

enum {
    BATCH = 64,
    READ_CONTROL =
        CMSG_SPACE(sizeof(struct timespec)) + CMSG_SPACE(sizeof(struct scm_timestamping)),
    SENT_CONTROL =
        READ_CONTROL + CMSG_SPACE(sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in6)),
};

struct loop_epoll {
    int fd;
    int schedstat; /* of the thread that runs the loop; -1 before loop_epoll_enter() */
    int64_t real_minus_mono_ns;
    const struct load_target *target; /* NULL: no source addresses */
    uint32_t turn;                    /* of its source addresses */
    bool stamp_sends;
};

static int set_int(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) < 0 ? -errno : 0;
}

static int set_on(int fd, int level, int option)
{
    return set_int(fd, level, option, 1);
}

int loop_epoll_keeper(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

    if (fd < 0)
        return -errno;
    r = set_on(fd, SOL_SOCKET, SO_TIMESTAMPNS);
    if (r < 0) {
        fd_close(fd);
        return r;
    }
    return fd;
}

static void anchor(void *loop)
{
    struct loop_epoll *l = loop;
    struct clock_anchor a = clock_anchor_take();

    l->real_minus_mono_ns = a.real_ns - a.mono_ns;
}

int loop_epoll_open(struct loop_epoll **ret, struct err *err)
{
    struct loop_epoll *l = calloc(1, sizeof *l);

    if (!l)
        return err_set(err, -ENOMEM, "event loop: out of memory");
    l->schedstat = -1;
    l->fd = epoll_create1(EPOLL_CLOEXEC);
    if (l->fd < 0) {
        int r = -errno;

        free(l);
        return err_set(err, r, "epoll_create1: %s", strerror(-r));
    }
    anchor(l);
    *ret = l;
    return 0;
}

void loop_epoll_close(struct loop_epoll *l)
{
    if (!l)
        return;
    fd_close(l->schedstat);
    fd_close(l->fd);
    free(l);
}

void loop_epoll_target(struct loop_epoll *l, const struct load_target *t)
{
    l->target = t->source_count ? t : NULL;
}

void loop_epoll_stamp_sends(struct loop_epoll *l, bool on)
{
    l->stamp_sends = on;
}

void loop_epoll_enter(struct loop_epoll *l)
{
    l->schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

/* The second number of the line; the first is of the last tick, so the clock is asked for that. */
static struct loop_usage usage(void *loop)
{
    const struct loop_epoll *l = loop;
    struct loop_usage u = {.cpu_ns = -1, .run_delay_ns = -1};
    char line[96], *at;
    struct timespec t;
    ssize_t n = l->schedstat < 0 ? -1 : pread(l->schedstat, line, sizeof line - 1, 0);

    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0)
        u.cpu_ns = (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
    if (n <= 0)
        return u;
    line[n] = '\0';
    at = strchr(line, ' ');
    if (at)
        u.run_delay_ns = strtoll(at, NULL, 10);
    return u;
}

static int64_t now(void *loop)
{
    (void)loop;
    return clock_mono_ns();
}

static struct timespec timespec_of(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
}

static int wait_for(void *loop, struct loop_event *events, int max, int64_t until_ns)
{
    struct loop_epoll *l = loop;
    struct epoll_event ready[BATCH];
    struct timespec left = timespec_of(i64_max(0, until_ns - clock_mono_ns()));
    int n = epoll_pwait2(l->fd, ready, max < BATCH ? max : BATCH, &left, NULL);

    for (int i = 0; i < n; i++) {
        uint32_t bits = ready[i].events;

        events[i].tag = ready[i].data.u64;
        events[i].in = bits & (EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP);
        events[i].out = bits & (EPOLLOUT | EPOLLERR | EPOLLHUP);
        events[i].error = bits & EPOLLERR;
    }
    return n < 0 ? 0 : n; /* only EINTR can be: the descriptor is ours */
}

/* Stamps and no-delay are wished for, not needed: a socket without them still measures. */
static int start_connect(struct loop_epoll *l, int fd, uint64_t tag, const struct sockaddr *to,
                         socklen_t len)
{
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.u64 = tag};

    (void)set_on(fd, SOL_SOCKET, SO_TIMESTAMPNS);
    (void)set_on(fd, IPPROTO_TCP, TCP_NODELAY);
    if (l->target) {
        int r = source_bind(l->target, fd, l->turn++);

        if (r < 0)
            return r;
    }
    if (connect(fd, to, len) < 0 && errno != EINPROGRESS)
        return -errno;
    return epoll_ctl(l->fd, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

static int open_connection(void *loop, uint64_t tag, const struct sockaddr *to, socklen_t len)
{
    int fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r;

    if (fd < 0)
        return -errno;
    r = start_connect(loop, fd, tag, to, len);
    if (r < 0) {
        fd_close(fd);
        return r;
    }
    return fd;
}

static int connected(void *loop, int fd)
{
    int code = 0;
    socklen_t len = sizeof code;
    const struct loop_epoll *l = loop;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
        return -errno;
    if (code == 0 && l->stamp_sends) /* wished for: without it, no stamps come */
        (void)set_int(fd, SOL_SOCKET, SO_TIMESTAMPING,
                      SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY |
                          SOF_TIMESTAMPING_OPT_ID);
    return -code;
}

static void watch(void *loop, int fd, uint64_t tag, bool write)
{
    struct loop_epoll *l = loop;
    struct epoll_event e = {.events = write ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.u64 = tag};

    (void)epoll_ctl(l->fd, EPOLL_CTL_MOD, fd, &e); /* of a registered descriptor: cannot fail */
}

static ssize_t send_some(void *loop, int fd, const char *data, size_t len)
{
    ssize_t n = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

    (void)loop;
    return n < 0 ? -errno : n;
}

static ssize_t send_stamped(void *loop, int fd, const char *data, size_t len)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint32_t))] = {0};
    const uint32_t wish = SOF_TIMESTAMPING_TX_SOFTWARE;
    struct iovec from = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
    struct msghdr m = {.msg_iov = &from,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    ssize_t n;

    (void)loop;
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SO_TIMESTAMPING;
    c->cmsg_len = CMSG_LEN(sizeof wish);
    memcpy(CMSG_DATA(c), &wish, sizeof wish);
    n = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
    return n < 0 ? -errno : n;
}

static int64_t mono_of(const struct loop_epoll *l, const struct timespec *t)
{
    return (int64_t)t->tv_sec * NS_PER_S + t->tv_nsec - l->real_minus_mono_ns;
}

/* The two messages of one stamp: when, and of what. */
static bool sent_of(const struct loop_epoll *l, struct msghdr *m, struct loop_sent *ret)
{
    struct scm_timestamping when = {0};
    struct sock_extended_err what = {0};

    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        bool ip = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
        bool ip6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;

        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING)
            memcpy(&when, CMSG_DATA(c), sizeof when);
        else if (ip || ip6)
            memcpy(&what, CMSG_DATA(c), sizeof what);
    }
    if (what.ee_origin != SO_EE_ORIGIN_TIMESTAMPING || what.ee_info != SCM_TSTAMP_SND ||
        when.ts[0].tv_sec == 0)
        return false;
    *ret = (struct loop_sent){mono_of(l, &when.ts[0]), what.ee_data};
    return true;
}

static bool sent_stamp(void *loop, int fd, struct loop_sent *ret)
{
    _Alignas(struct cmsghdr) char control[SENT_CONTROL];
    struct msghdr m;

    do {
        m = (struct msghdr){.msg_control = control, .msg_controllen = sizeof control};
        if (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
            return false;
    } while (!sent_of(loop, &m, ret)); /* what else is in the queue is nobody's */
    return true;
}

static int64_t stamp_of(const struct loop_epoll *l, struct msghdr *m)
{
    struct timespec t;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            memcpy(&t, CMSG_DATA(c), sizeof t);
            return mono_of(l, &t);
        }
    return TIME_NONE;
}

static ssize_t receive(void *loop, int fd, char *buf, size_t cap, struct loop_stamp *stamp)
{
    _Alignas(struct cmsghdr) char control[READ_CONTROL];
    struct iovec into = {.iov_base = buf, .iov_len = cap};
    struct msghdr m = {.msg_iov = &into,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT), code = n < 0 ? -errno : n;

    stamp->user_ns = clock_mono_ns();
    stamp->kernel_ns = n > 0 ? stamp_of(loop, &m) : TIME_NONE;
    return code;
}

static void account(void *loop, int fd, struct connection *ret)
{
    const struct loop_epoll *l = loop;

    tcp_account(fd, ret);
    if (l->target)
        ret->v[CONNECTION_SOURCE] = source_find(l->target, fd);
}

static void close_connection(void *loop, int fd)
{
    (void)loop;
    fd_close(fd); /* epoll forgets it: the descriptor is never duplicated */
}

static void prefer(void *loop, bool real_time)
{
    (void)loop;
    thread_prefer_real_time(real_time);
}

const struct loop_ops loop_epoll_ops = {
    .now = now,
    .wait = wait_for,
    .connect = open_connection,
    .connected = connected,
    .watch = watch,
    .send = send_some,
    .send_stamped = send_stamped,
    .sent_stamp = sent_stamp,
    .recv = receive,
    .close = close_connection,
    .anchor = anchor,
    .usage = usage,
    .account = account,
    .prefer = prefer,
};
