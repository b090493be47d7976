/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/address.h - the target's address again, once a run goes on; private to probe. */
#pragma once
#include "probe/ops.h"

/* The process that listens where @s's target is: by its Unix socket, its pinned address, or a host
 * that is an address already (no name is looked up). As probe_listener_pid(). */
NODISCARD int probe_engine_pid(pid_t *ret, const struct probe_setup *s);
