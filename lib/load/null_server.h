/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/null_server.h - a server that costs nothing, in a process of its own on this host: it
 * answers each request at once with as many events as it was told, and knows when it sent each.
 * What is measured against it is the client's own.
 *
 * A request is "POST /ITEM/BODY HTTP/1.1", BODY the length of what follows the head. The answer is
 * a chat stream (or one chat document, sent when its stream would have ended).
 */
#pragma once
#include "base/base.h"
#include <sched.h>
#include <sys/socket.h>
#include <sys/types.h>

struct null_item {
    int32_t events;     /* tokens of the answer, one event each; > 0 */
    int32_t stamps;     /* so many of its send times are kept */
    size_t first_stamp; /* from here in the table */
};

struct null_config {
    const struct null_item *items;
    size_t count;
    int64_t period_ns; /* between two events of an answer; 0: as fast as it can */
    bool stream;
    int64_t *sent_ns; /* CLOCK_MONOTONIC just before each send; shared memory, zeroed; NULL: none */
    const cpu_set_t *cpus; /* where it may run; NULL: anywhere */
};

struct null_server {
    pid_t pid; /* 0: none */
    struct sockaddr_storage address;
    socklen_t address_len;
};

/* Listens on a free port of 127.0.0.1 and forks; the caller has one thread. The child never returns
 * and dies with its parent. */
NODISCARD int null_server_start(struct null_server *ret, const struct null_config *c,
                                struct err *err);
void null_server_stop(struct null_server *s); /* kills and reaps; nothing to do is fine */
DEFINE_AUTO_HELD(struct null_server, null_server_stop)
