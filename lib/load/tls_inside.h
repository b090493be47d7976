/* SPDX-License-Identifier: Apache-2.0 */
/* lib/load/tls_inside.h - shared by the three files of tls.h only. */
#pragma once
#include "load/tls.h"
#include <openssl/err.h>
#include <openssl/ssl.h>

struct tls_context {
    SSL_CTX *ctx;
    char *host;
    bool verify, resume;
};

/* The words of the first error in OpenSSL's queue. */
const char *tls_reason(void);
/* A client session that verifies the context's host; NULL: no memory. */
SSL *tls_session_new(const struct tls_context *c);
/* Why a handshake of @ssl failed in @words: the verification's reason, or the protocol's. */
void tls_explain(char *words, size_t size, const SSL *ssl);
/* OpenSSL offers a session to keep: the thread's latest. */
int tls_take_session(SSL *ssl, SSL_SESSION *session);
struct tls_memory {
    uint64_t allocations; /* of OpenSSL in this thread so far */
    uint64_t beyond;      /* of these: the pool was used up, the heap served them */
};
struct tls_memory tls_memory(void);
