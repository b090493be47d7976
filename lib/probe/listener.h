/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/listener.h - which process of this host listens on an address. */
#pragma once
#include "base/base.h"
#include <sys/socket.h>
#include <sys/types.h>

/*
 * The process that listens on @address (IPv4, IPv6, or a Unix socket's path); of several that hold
 * the socket the one that started the others. @root is "" for the real host.
 * -ENOENT: it is not on this host, or nothing listens there; -EACCES: whose it is can't be seen;
 * -EAFNOSUPPORT: another kind of address. @why (NULL: not wanted) then says which, in words.
 */
NODISCARD int probe_listener_pid(pid_t *ret, const char *root, const struct sockaddr *address,
                                 char *why, size_t why_len);
