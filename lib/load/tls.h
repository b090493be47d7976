/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/tls.h - TLS 1.2 and 1.3 of one I/O thread's connections, by OpenSSL.
 *
 * Reading is a filter behind the loop's recv: one read takes what the socket has, with its kernel
 * stamp, and all of it is decrypted before the next; so a stamp means what it means without TLS.
 * Only the handshake reads record by record, and so leaves what follows it in the socket.
 *
 * Errors:  -errno; -EPROTO is TLS's own, its words are tls_words().
 * Memory:  our code allocates before the start only; OpenSSL allocates at each handshake, counted.
 * Threads: a context is shared and only read; a struct tls belongs to one thread.
 */
#pragma once
#include "load/loop.h"

enum tls_alpn { TLS_HTTP1, TLS_HTTP2, TLS_EITHER }; /* which HTTP is offered */

struct tls_options {
    enum tls_alpn alpn;
    const char *host;       /* as in the URL: the name or address that is verified */
    const char *ca;         /* PEM file that replaces the system's; NULL: the system's */
    const char *cert, *key; /* PEM files of the client; NULL: none, no key: it is in @cert */
    bool verify, resume;    /* resume: offer the latest session of this thread */
};

struct tls_context; /* opaque: what all connections of a run share */
/* -EINVAL with words: a file that can't be used. */
NODISCARD int tls_context_new(struct tls_context **ret, const struct tls_options *o,
                              struct err *err);
void tls_context_free(struct tls_context *c); /* NULL is a no-op */
DEFINE_AUTO(struct tls_context *, tls_context_free)

struct tls_facts { /* of one handshake */
    char version[16], cipher[64], alpn[16], issuer[128];
};
/* Connects, shakes hands and closes again, blocking for @timeout_ns at most. -EPROTO: with TLS's
 * words; others: the connection's. */
NODISCARD int tls_try(struct tls_facts *ret, const struct tls_context *c, const struct sockaddr *to,
                      socklen_t len, int64_t timeout_ns, struct err *err);

struct tls_counts {
    uint64_t handshakes, resumed, failed; /* done; of them resumed; not done */
    uint64_t allocations;                 /* OpenSSL's in the calling thread, if they are counted */
    uint64_t beyond_pool;                 /* of these: its pool was used up */
};

struct tls; /* opaque: one thread's connections */
/* For @links connections, numbered from 0, over @ops. -ENOMEM. Borrows @c. */
NODISCARD int tls_new(struct tls **ret, const struct tls_context *c, const struct loop_ops *ops,
                      void *loop, int32_t links, struct err *err);
void tls_free(struct tls *t);
DEFINE_AUTO(struct tls *, tls_free)
const struct tls_counts *tls_counts(struct tls *t);

enum { TLS_DONE = 0, TLS_WANTS_READ = 1, TLS_WANTS_WRITE = 2, TLS_ROOM = 64 * 1024 };

/* A session over the connected @fd; then tls_handshake() until TLS_DONE, whenever the socket is
 * ready for what it wants. -ENOMEM. */
NODISCARD int tls_open(struct tls *t, int32_t link, int fd);
NODISCARD int tls_handshake(struct tls *t, int32_t link);
/* What an ended handshake came to: the version as on the wire (0x304), and whether a session was
 * resumed. */
void tls_session(const struct tls *t, int32_t link, int *version, bool *resumed);
/* After the handshake: did the server agree on HTTP/2? */
bool tls_chose_h2(const struct tls *t, int32_t link);
/* As the loop's send. */
ssize_t tls_send(struct tls *t, int32_t link, const char *data, size_t len);

struct tls_read {
    struct loop_stamp stamp; /* of the read from the socket */
    size_t taken;            /* bytes from the socket, whatever came of them */
    size_t room;             /* how many could be taken: with fewer, the socket had no more */
    bool shared;             /* bytes of an unfinished record came with what was returned */
};
/* One read from the socket, decrypted into @buf of TLS_ROOM bytes: bytes, 0 after a close_notify,
 * -ENODATA after an end without one, -EAGAIN if no data came of it, or -errno. */
ssize_t tls_recv(struct tls *t, int32_t link, char *buf, struct tls_read *ret);
/* The peer has ended or spoilt the session behind the bytes last returned: tls_recv() will not wait
 * for the socket to say why. */
bool tls_over(const struct tls *t, int32_t link);
/* What was wrong with @link; never NULL. Valid until its next tls_open(). */
const char *tls_words(const struct tls *t, int32_t link);
/* Says goodbye if there was a session; the socket stays open. */
void tls_close(struct tls *t, int32_t link);

/* Has OpenSSL take its memory here; false: too late, it has allocated before: then it stays with
 * the heap, and nothing is counted. */
bool tls_take_memory(void);
/* Pools for @threads I/O threads of @links connections each, sized and touched; before the threads
 * start, and while none runs. -ENOMEM. */
NODISCARD int tls_pools(int32_t threads, size_t links);
/* From now on this thread's allocations for TLS come from pool @thread. */
void tls_pool_enter(int32_t thread);
