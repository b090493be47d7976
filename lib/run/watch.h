/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/run/watch.h - packets watched beside a run of our own (load.witness: packets): a thread that
 * gives each sample a second series of times, the wire's, whatever the I/O threads are doing.
 *
 * Requests are known by the X-Request-Id that each of ours carries; other connections to the port
 * are followed no further than to see that they are none. What the capture dropped is missing in
 * the series, never guessed.
 */
#pragma once
#include "base/clock.h"
#include "evidence/writer.h"
#include "plan/plan.h"
#include "run/aside.h"
#include "wire/reply.h"
#include <sys/socket.h>

struct watch; /* opaque */

struct watch_run { /* borrowed */
    const char *run_id;
    const struct sockaddr *address; /* of the target */
    const struct reply_spec *reply; /* as in load_config */
    uint32_t scheduled;
    struct clock_anchor anchor;
    struct aside off;
};

/* Begins the capture; *@ret stays NULL where the plan doesn't ask for one. -EPERM: without
 * CAP_NET_RAW. */
NODISCARD int watch_open(struct watch **ret, const struct plan *p, struct err *err);
/* Starts the thread. @ring: its own, one of @store's. NULL is a no-op, here and below. */
NODISCARD int watch_start(struct watch *w, const struct watch_run *run, struct ring *ring,
                          struct err *err);
/* Takes the rest, ends the thread, writes the counts. @store is the caller's meanwhile: nobody else
 * may drain it. *@dropped: packets that found the capture full. */
NODISCARD int watch_finish(struct watch *w, struct store *store, uint64_t *dropped,
                           struct err *err);
void watch_close(struct watch *w);
DEFINE_AUTO(struct watch *, watch_close)
