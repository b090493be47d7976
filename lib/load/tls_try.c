/* SPDX-License-Identifier: Apache-2.0 */
/* lib/load/tls_try.c - one handshake before the run: does it succeed, and what is agreed on? */
#include "base/clock.h"
#include "base/fs.h"
#include "load/tls_inside.h"
#include <poll.h>
#include <stdio.h>
#include <string.h>

DEFINE_AUTO(SSL *, SSL_free)

static int wait_ready(int fd, short events, int64_t until_ns, struct err *err)
{
    struct pollfd p = {.fd = fd, .events = events};
    int64_t left_ns = until_ns - clock_mono_ns();

    if (left_ns <= 0 || poll(&p, 1, (int)(left_ns / NS_PER_MS) + 1) == 0)
        return err_set(err, -ETIMEDOUT, "no TLS handshake within the connect timeout");
    return 0;
}

static int connect_to(int *ret, const struct sockaddr *to, socklen_t len, int64_t until_ns,
                      struct err *err)
{
    AUTO(fd_close) int fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int code = 0, r;
    socklen_t size = sizeof code;

    if (fd < 0)
        return err_set(err, -errno, "socket: %s", strerror(errno));
    if (connect(fd, to, len) < 0 && errno != EINPROGRESS)
        return err_set(err, -errno, "connect: %s", strerror(errno));
    r = wait_ready(fd, POLLOUT, until_ns, err);
    if (r < 0)
        return r;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) == 0 && code != 0)
        return err_set(err, -code, "connect: %s", strerror(code));
    *ret = fd;
    fd = -1;
    return 0;
}

static int shake(SSL *ssl, int fd, int64_t until_ns, struct err *err)
{
    char words[112];
    int rc, r = 0;

    while (r == 0) {
        ERR_clear_error();
        rc = SSL_do_handshake(ssl);
        if (rc == 1)
            return 0;
        rc = SSL_get_error(ssl, rc);
        if (rc != SSL_ERROR_WANT_READ && rc != SSL_ERROR_WANT_WRITE) {
            tls_explain(words, sizeof words, ssl);
            return err_set(err, -EPROTO, "%s", words);
        }
        r = wait_ready(fd, rc == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until_ns, err);
    }
    return r;
}

static void fill_facts(struct tls_facts *ret, SSL *ssl)
{
    const unsigned char *alpn = NULL;
    unsigned alpn_len = 0;
    X509 *peer = SSL_get0_peer_certificate(ssl);

    SSL_get0_alpn_selected(ssl, &alpn, &alpn_len);
    (void)snprintf(ret->version, sizeof ret->version, "%s", SSL_get_version(ssl));
    (void)snprintf(ret->cipher, sizeof ret->cipher, "%s", SSL_get_cipher_name(ssl));
    (void)snprintf(ret->alpn, sizeof ret->alpn, "%.*s", (int)alpn_len, (const char *)alpn);
    ret->issuer[0] = '\0';
    if (peer)
        (void)X509_NAME_oneline(X509_get_issuer_name(peer), ret->issuer, sizeof ret->issuer);
}

int tls_try(struct tls_facts *ret, const struct tls_context *c, const struct sockaddr *to,
            socklen_t len, int64_t timeout_ns, struct err *err)
{
    int64_t until_ns = clock_mono_ns() + (timeout_ns > 0 ? timeout_ns : 60 * NS_PER_S);
    AUTO(fd_close) int fd = -1;
    AUTO(SSL_free) SSL *ssl = NULL;
    int r = connect_to(&fd, to, len, until_ns, err);

    if (r < 0)
        return r;
    ssl = tls_session_new(c);
    if (!ssl || SSL_set_fd(ssl, fd) != 1)
        return err_set(err, -ENOMEM, "TLS: out of memory");
    r = shake(ssl, fd, until_ns, err);
    if (r < 0)
        return r;
    fill_facts(ret, ssl);
    (void)SSL_shutdown(ssl);
    return 0;
}
