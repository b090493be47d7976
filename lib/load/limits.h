/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/limits.h - whether this host lets a trial have the connections that it may come to need:
 * file descriptors, local ports, and what they take of memory. All of it is known before the start.
 */
#pragma once
#include "load/load.h"

struct load_limits {
    size_t connections;          /* at most, all threads */
    size_t descriptors, allowed; /* that may be open then; the limit of the process, as raised */
    size_t ports;                /* local ones for one source address; 0: no TCP, or unknown */
    size_t sources;              /* addresses that connections go out from; 1: the kernel's */
    size_t connection_bytes;     /* of ours, a connection; TLS and the kernel have their own */
    size_t buffer_bytes;         /* address space of all request buffers; used as far as needed */
};

/* Raises the limit of descriptors as far as may be. -EMFILE, -EADDRNOTAVAIL: what is missing, how
 * much, and what would help. */
NODISCARD int load_limits(struct load_limits *ret, const struct load_config *c, struct err *err);
/* How many may be in flight at once in all threads: no more than there are items. */
int32_t load_cap(const struct load_config *c);
