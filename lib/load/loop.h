/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/loop.h - all that the load engine asks of the outside world: a clock, a wait, sockets.
 * The real one is loop_epoll; tests drive the same engine with a virtual-time twin.
 *
 * Times are CLOCK_MONOTONIC. Calls return a negative errno on failure. Nothing allocates.
 */
#pragma once
#include "base/base.h"
#include "record/connection.h"
#include <sys/socket.h>
#include <sys/types.h>

struct loop_event {
    uint64_t tag; /* as given to connect() */
    bool in, out; /* readable, writable; a broken or closed socket is both */
    bool error;   /* broken, or stamps of writes wait: which of it, sent_stamp() tells */
};

struct loop_stamp {
    int64_t kernel_ns; /* arrival of the last byte returned; TIME_NONE: the kernel gave none */
    int64_t user_ns;   /* clock after the read */
};

struct loop_sent {
    int64_t kernel_ns; /* when the packet left, by the kernel */
    uint32_t last;     /* its write's last byte: place in what was sent on the connection, from 0 */
};

struct loop_usage { /* of the calling thread, since its start; -1: not readable */
    int64_t cpu_ns, run_delay_ns;
};

struct loop_ops {
    int64_t (*now)(void *loop);
    /* Events that are ready, at most @max, waiting for the first until @until_ns (not later than
     * now: a poll). 0: the time came, or a signal. */
    int (*wait)(void *loop, struct loop_event *events, int max, int64_t until_ns);
    /* A new non-blocking socket that is connecting, watched for reading and writing, or -errno. */
    int (*connect)(void *loop, uint64_t tag, const struct sockaddr *to, socklen_t len);
    /* After the first readiness of a connecting socket: 0 connected, or -errno. */
    int (*connected)(void *loop, int fd);
    /* Watches for reading always, for writing if @write. */
    void (*watch)(void *loop, int fd, uint64_t tag, bool write);
    ssize_t (*send)(void *loop, int fd, const char *data, size_t len);
    /* As send(), and the kernel shall say when the packet with the write's last byte left. NULL:
     * it can't. */
    ssize_t (*send_stamped)(void *loop, int fd, const char *data, size_t len);
    /* Takes one stamp of a write that is there; false: none is, and @ret is untouched. */
    bool (*sent_stamp)(void *loop, int fd, struct loop_sent *ret);
    /* One read: bytes, 0 at the end of the stream, or -errno; @stamp is set whatever it returns. */
    ssize_t (*recv)(void *loop, int fd, char *buf, size_t cap, struct loop_stamp *stamp);
    void (*close)(void *loop, int fd);
    /* Ties the kernel's stamps to CLOCK_MONOTONIC again; wanted about once a second. */
    void (*anchor)(void *loop);
    /* What the scheduler gave the thread; wanted about once a second. NULL: nobody knows. */
    struct loop_usage (*usage)(void *loop);
    /* What the kernel counted of a connection, into the fields that it knows; just before the
     * close. NULL: nobody knows. */
    void (*account)(void *loop, int fd, struct connection *ret);
    /* Takes the thread's real-time priority back, or gives it up; where it was never granted,
     * nothing happens. NULL: there is none. */
    void (*prefer)(void *loop, bool real_time);
};
