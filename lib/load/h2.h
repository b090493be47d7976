/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/h2.h - HTTP/2 (RFC 9113) for one I/O thread: many requests on each of a fixed number of
 * connections, by nghttp2. A part of the engine; inside.h knows the rest.
 *
 * In the engine's array of connections the first link_count are sockets ("links"); the others are
 * requests, each of them one stream of a link while it is in flight.
 *
 * Links are opened before the trial's zero. A request goes to the link with the fewest streams,
 * within the server's SETTINGS_MAX_CONCURRENT_STREAMS; where there is no room, it waits before it
 * is released. A link that was lost, or that the server wants to close (GOAWAY), is replaced
 * by the next request, which waits for the connection as an HTTP/1.1 request does.
 *
 * Memory: all before the start; nghttp2's is a slab (slab.h).
 */
#pragma once
#include "load/load.h"

enum {
    H2_STREAM_WINDOW = 16 * 1024 * 1024, /* what the server may send unasked: a stream, */
    H2_CONNECTION_WINDOW = 1 << 30,      /* all streams of a connection */
};

struct engine;
struct conn;
struct h2; /* opaque */

/* Links that a thread needs for its share of @connections: as many again, for those being given up.
 * 0 without HTTP/2. */
int32_t h2_links(int32_t connections, int32_t thread, int32_t threads);
/* For an engine whose array of connections is there. -ENOMEM. */
NODISCARD int h2_new(struct h2 **ret, struct engine *e, struct err *err);
void h2_free(struct h2 *h); /* NULL is a no-op */

void h2_open(struct engine *e);  /* at each step; opens all connections at the first */
void h2_close(struct engine *e); /* at the end: no request is in flight */
bool h2_room(const struct engine *e);
void h2_start(struct engine *e, struct conn *c,
              int64_t due_ns); /* released, its request rendered */
/* The request is over: @whole, or given up (then the server is told). */
void h2_left(struct engine *e, struct conn *c, bool whole);
void h2_event(struct engine *e, struct conn *link, bool in, bool out);
void h2_deadline(struct engine *e, struct conn *link);
