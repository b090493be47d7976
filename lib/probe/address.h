/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/address.h - the target's address again, once a run goes on; private to probe. */
#pragma once
#include "probe/ops.h"
#include <sys/socket.h>

/* Where @s's target is: its Unix socket, its pinned address, or a host that is an address already
 * (no name is looked up). -ENOENT: none of these. */
NODISCARD int probe_target_address(struct sockaddr_storage *ret, socklen_t *len,
                                   const struct probe_setup *s);
/* The process that listens there. As probe_listener_pid(). */
NODISCARD int probe_engine_pid(pid_t *ret, const struct probe_setup *s);
