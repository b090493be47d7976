/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/load.h - the load engine: sends the items of one trial when they are due and records raw
 * times into rings. It knows nothing of prompts, metrics or files.
 *
 * One I/O thread a ring; items are dealt out by position (item i to thread i mod threads), or by
 * group where some come after others; in the closed loop slots are shared out the same way. After
 * start nothing of ours allocates: connections, request buffers and receive buffers come from pools
 * sized from the configuration.
 */
#pragma once
#include "base/base.h"
#include "plan/schedule.h"
#include "record/ring.h"
#include "wire/reply.h"
#include "wire/url.h"
#include <stdatomic.h>
#include <sys/socket.h>

/* Writes the complete request (head and body) for item @index; returns its length, 0 if it can't
 * fit @cap (a bug of the caller: @max_bytes was too small). Called from the I/O threads, off the
 * due instant where there is time; must not allocate or lock. */
struct load_render {
    size_t (*request)(void *ctx, uint32_t index, char *buf, size_t cap);
    void *ctx;
    size_t max_bytes;
};

struct tls_context; /* load/tls.h */

struct load_target {
    struct sockaddr_storage address; /* resolved before the run */
    socklen_t address_len;
    const struct tls_context *tls;          /* NULL: plain */
    const struct sockaddr_storage *sources; /* our own addresses, of its family, port 0; in turn */
    size_t source_count;                    /* 0: the kernel's choice */
};

enum load_keep { LOAD_KEEP_AUTO, LOAD_KEEP_ALWAYS, LOAD_KEEP_NEVER };

struct load_config {
    const struct schedule *schedule;
    size_t first, count; /* the trial's items */
    uint32_t trial;
    uint32_t id_base;    /* of the schedule's first item, in records */
    int64_t start_ns;    /* the trial's zero, CLOCK_MONOTONIC, some 100 ms ahead: threads start,
                            requests are rendered, and the kernel begins to stamp packets */
    int32_t concurrency; /* slots of a closed loop; 0: open loop */
    const struct slot_step *slot_steps; /* how they change; none: all from start to end */
    size_t slot_step_count;
    int32_t max_in_flight; /* cap of an open loop: a due item beyond it waits (and stays due) */
    int64_t duration_ns;   /* closed loop: no new item after it; open loop: none that came after
                              others is due after it; 0: until the items end */
    int64_t timeout_ns;    /* from the release to the end of the answer; 0 of any of these: none */
    int64_t connect_timeout_ns;
    int64_t stall_timeout_ns; /* since the last byte, in or out */
    int64_t drain_timeout_ns; /* after the last arrival; then what is in flight is cancelled */
    bool resend_stale;
    enum load_keep keep;  /* AUTO: after an SSE answer reuse only where seen to survive */
    bool own_connections; /* closed loop: a slot's requests share a connection, and nobody else's */
    bool stream;          /* SSE answers are expected; a JSON answer is taken as it comes */
    const struct reply_spec *reply; /* the endpoint; NULL: chat or completions */
    bool send_stamps;               /* ask the kernel when requests left; plain HTTP/1.1 only */
    struct load_target target;
    int32_t h2_connections; /* HTTP/2 over so many, at least one a thread; 0: HTTP/1.1 */
    struct load_render render;
    struct ring *const *rings; /* one a thread */
    int32_t threads;
    const int *cpus; /* pin thread i to cpus[i]; NULL: no pinning */
};

struct load_control {
    _Atomic int stop; /* 0 go on, 1 drain (no new item), 2 stop now (cancel what is in flight) */
};

struct load_report { /* of the trial, summed over threads */
    uint64_t started, ended;
    uint64_t cap_waits;    /* items that were due while max_in_flight were out */
    uint64_t stream_waits; /* HTTP/2: items that were due while the server took no further stream */
    uint32_t stream_limit; /* HTTP/2: the least that the server stated, of a connection; 0: none */
    uint64_t h2_refused;   /* HTTP/2: allocations that its memory had no room for */
    uint64_t skipped;      /* items that came after one that did not end well */
    uint64_t connections;  /* opened, or tried */
    uint64_t connections_failed;     /* of them never connected, or without their TLS */
    uint64_t connections_unrecorded; /* their rows found the ring nearly full */
    uint64_t reused, resent_stale;
    uint64_t tls_handshakes, tls_resumed, tls_failed;
    uint64_t tls_allocations; /* OpenSSL's in the I/O threads, if counted: about 60 a handshake */
    uint64_t tls_beyond_pool; /* of these: the thread's pool was used up, the heap served them */
    uint64_t kernel_stamps, user_stamps; /* reads by stamp source */
    uint64_t clock_steps;                /* kernel stamps refused as implausible */
    uint64_t sent_stamps;                /* requests with the kernel's stamp of their sending */
    uint64_t sent_steps;                 /* such stamps refused as implausible */
    int64_t run_delay_ns; /* of the I/O threads, from schedstat; -1 if not readable */
    int64_t cpu_ns;       /* of the I/O threads */
    int64_t end_ns;       /* when the last thread was done */
    bool fifo;            /* SCHED_FIFO was granted */
    int64_t spin_ns;      /* how long before a due time polling began; the longest of the threads */
    uint64_t given_up_windows; /* tenths of a second that busy threads did without it: ease.h */
    int32_t never_started;     /* items left when the trial ended (stop, duration) */
};

/* Runs one trial to its end. -ENOMEM, what load_limits() says (load/limits.h) and the like
 * before anything is sent; failures of requests are records, not errors. */
NODISCARD int load_run(struct load_report *ret, const struct load_config *config,
                       struct load_control *control, struct err *err);
