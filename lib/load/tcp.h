/* SPDX-License-Identifier: Apache-2.0 */
/* lib/load/tcp.h - what the kernel counted of a TCP connection. */
#pragma once
#include "record/connection.h"

/* The fields of TCP_INFO, and our own port; none of another kind of socket. */
void tcp_account(int fd, struct connection *ret);
