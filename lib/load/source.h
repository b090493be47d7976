/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/source.h - from which of our addresses a connection goes out. Between one address here
 * and one address and port there, TCP has as many connections as there are local ports; more
 * addresses here are more connections. Those of a plan take turns.
 */
#pragma once
#include "load/load.h"

/* Binds @fd to source @turn % the number of sources, its port left for connect() to choose. 0 where
 * there are none; -errno. */
NODISCARD int source_bind(const struct load_target *t, int fd, uint32_t turn);
/* The source that @fd is bound to; -1: none of them. */
int64_t source_find(const struct load_target *t, int fd);
