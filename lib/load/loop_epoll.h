/* SPDX-License-Identifier: Apache-2.0 */
/* lib/load/loop_epoll.h - the real loop: level-triggered epoll, kernel receive stamps. */
#pragma once
#include "load/loop.h"

extern const struct loop_ops loop_epoll_ops;
struct loop_epoll;  /* opaque; one a thread */
struct load_target; /* load/load.h */

NODISCARD int loop_epoll_open(struct loop_epoll **ret, struct err *err);
void loop_epoll_close(struct loop_epoll *l); /* NULL is a no-op */
DEFINE_AUTO(struct loop_epoll *, loop_epoll_close)

/* Connections go out from @t's source addresses; borrowed. NULL, as at first: the kernel's choice.
 */
void loop_epoll_target(struct loop_epoll *l, const struct load_target *t);

/* Sockets can stamp their sending: send_stamped() is going to be used. Before the first connect. */
void loop_epoll_stamp_sends(struct loop_epoll *l, bool on);

/* Called once by the thread that will run the loop: opens what usage() reads, so that nothing is
 * opened once the run goes on. */
void loop_epoll_enter(struct loop_epoll *l);

/* An idle socket that has the kernel stamp packets: it switches stamping on lazily, and without one
 * the first reads of fresh connections carry none. Open it at least 50 ms before it is wanted.
 * Returns a descriptor for fd_close(), or -errno (stamps may then be missing; no other harm). */
int loop_epoll_keeper(void);
