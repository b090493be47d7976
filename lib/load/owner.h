/* SPDX-License-Identifier: Apache-2.0 */
/* lib/load/owner.h - whose a TCP socket of this host is, by the kernel's socket diagnostics. */
#pragma once
#include "load/segment.h"
#include <sys/types.h>

/* The netlink socket to ask by. */
NODISCARD int owner_open(int *ret, struct err *err);
/* The user whose socket @local, connected to @remote, is. -ENOENT: no such socket is open here. */
NODISCARD int owner_of(uid_t *ret, int fd, const struct segment_end *local,
                       const struct segment_end *remote);
