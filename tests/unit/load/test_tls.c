/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions over a socket pair, against a server of OpenSSL's in a thread; certificates are made on
 * the spot. */
#include "base/clock.h"
#include "base/fs.h"
#include "harness/fault.h"
#include "harness/unit.h"
#include "load/loop_epoll.h"
#include "load/tls.h"
#include <fcntl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER = 200 * 1000 };

struct pair {
    EVP_PKEY *key;
    X509 *cert;
};

static struct pair ca, good, expired;
static char dir[] = "/tmp/asrun-tls-XXXXXX", ca_file[64], other_file[64], cert_file[64];

static struct pair make(const char *name, const struct pair *issuer, const char *alt, long seconds)
{
    struct pair p = {EVP_EC_gen("P-256"), X509_new()};
    X509_NAME *subject = X509_get_subject_name(p.cert);
    X509V3_CTX ctx;
    X509_EXTENSION *ext;

    (void)X509_set_version(p.cert, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(p.cert), 7 + seconds);
    (void)X509_gmtime_adj(X509_getm_notBefore(p.cert), -7200);
    (void)X509_gmtime_adj(X509_getm_notAfter(p.cert), seconds);
    (void)X509_set_pubkey(p.cert, p.key);
    (void)X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                                     -1, 0);
    (void)X509_set_issuer_name(p.cert, issuer ? X509_get_subject_name(issuer->cert) : subject);
    X509V3_set_ctx(&ctx, issuer ? issuer->cert : p.cert, p.cert, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, alt ? NID_subject_alt_name : NID_basic_constraints,
                              alt ? alt : "critical,CA:TRUE");
    assert_non_null(ext);
    (void)X509_add_ext(p.cert, ext, -1);
    X509_EXTENSION_free(ext);
    assert_true(X509_sign(p.cert, issuer ? issuer->key : p.key, EVP_sha256()) > 0);
    return p;
}

static void pair_free(struct pair *p)
{
    X509_free(p->cert);
    EVP_PKEY_free(p->key);
}

static void write_pem(char path[64], const char *name, const struct pair *p, bool key)
{
    FILE *f;

    (void)snprintf(path, 64, "%s/%s", dir, name);
    f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(PEM_write_X509(f, p->cert), 1);
    if (key)
        assert_int_equal(PEM_write_PrivateKey(f, p->key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(f), 0);
}

static int make_all(void **state)
{
    struct pair other;

    (void)state;
    assert_non_null(mkdtemp(dir));
    ca = make("ca", NULL, NULL, 3600);
    other = make("other", NULL, NULL, 3600);
    good = make("good", &ca, "DNS:target.test,IP:192.0.2.7", 3600);
    expired = make("expired", &ca, "DNS:target.test", -60);
    write_pem(ca_file, "ca", &ca, false);
    write_pem(other_file, "other", &other, false);
    write_pem(cert_file, "cert", &good, true);
    pair_free(&other);
    return 0;
}

static int remove_all(void **state)
{
    (void)state;
    pair_free(&ca);
    pair_free(&good);
    pair_free(&expired);
    (void)unlink(ca_file);
    (void)unlink(other_file);
    (void)unlink(cert_file);
    return rmdir(dir);
}

struct server {
    int fd, version;           /* @version 0: any */
    bool drip, want_cert, cut; /* byte by byte; a client's certificate; no close_notify */
    const struct pair *pair;
    pthread_t thread;
};

static bool drip(int fd, BIO *from)
{
    char c;

    while (BIO_read(from, &c, 1) == 1)
        if (send(fd, &c, 1, MSG_NOSIGNAL) != 1)
            return false;
    return true;
}

/* Records are made in memory and sent as the test wants them. */
static void answer(struct server *s, SSL *ssl)
{
    static const char body[ANSWER];
    BIO *memory = BIO_new(BIO_s_mem());
    size_t n = s->drip ? 300 : sizeof body;
    char request[64];

    if (SSL_read(ssl, request, sizeof request) > 0) {
        if (s->drip)
            SSL_set0_wbio(ssl, memory);
        (void)SSL_write(ssl, body, (int)n);
        if (!s->cut)
            (void)SSL_shutdown(ssl);
        if (s->drip)
            (void)drip(s->fd, memory);
    }
    if (!s->drip)
        BIO_free(memory);
}

static void *serve(void *arg)
{
    struct server *s = arg;
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL *ssl;

    (void)SSL_CTX_use_certificate(ctx, s->pair->cert);
    (void)SSL_CTX_use_PrivateKey(ctx, s->pair->key);
    (void)X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca.cert);
    if (s->want_cert)
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    (void)SSL_CTX_set_max_proto_version(ctx, s->version);
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN); /* the leaf alone */
    ssl = SSL_new(ctx);
    (void)SSL_set_fd(ssl, s->fd);
    if (SSL_accept(ssl) == 1)
        answer(s, ssl);
    (void)shutdown(s->fd, SHUT_WR);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    return NULL;
}

struct result {
    int code; /* of the end */
    size_t bytes;
    char words[112];
    struct tls_counts counts;
    int allocations;
};

static int shake(struct tls *t, int fd)
{
    int r = tls_open(t, 0, fd);

    while (r == 0 && (r = tls_handshake(t, 0)) > 0) {
        struct pollfd p = {.fd = fd, .events = r == TLS_WANTS_READ ? POLLIN : POLLOUT};

        (void)poll(&p, 1, 10000);
        r = 0;
    }
    return r;
}

/* To the end of the answer; its code. */
static int read_all(struct tls *t, int fd, size_t *bytes)
{
    static char buf[TLS_ROOM];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    ssize_t n = -EAGAIN;

    while (n > 0 || n == -EAGAIN) {
        struct tls_read got = {0};

        if (!tls_over(t, 0))
            (void)poll(&p, 1, 10000);
        n = tls_recv(t, 0, buf, &got);
        *bytes += n > 0 ? (size_t)n : 0;
    }
    return (int)n;
}

static void converse(struct result *ret, struct tls *t, int fd)
{
    int before;

    fault_alloc(-1);
    before = fault_allocs();
    ret->code = shake(t, fd);
    if (ret->code == 0 && tls_send(t, 0, "ask", 3) == 3)
        ret->code = read_all(t, fd, &ret->bytes);
    (void)snprintf(ret->words, sizeof ret->words, "%s", tls_words(t, 0));
    ret->counts = *tls_counts(t);
    tls_close(t, 0);
    ret->allocations = fault_allocs() - before;
}

static struct result talk(struct server s, const struct tls_options *o)
{
    AUTO(tls_context_free) struct tls_context *c = NULL;
    AUTO(tls_free) struct tls *t = NULL;
    AUTO(loop_epoll_close) struct loop_epoll *loop = NULL;
    struct result ret = {0};
    struct err err = {0};
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    s.fd = fds[1];
    assert_int_equal(loop_epoll_open(&loop, &err), 0);
    assert_int_equal(tls_context_new(&c, o, &err), 0);
    assert_int_equal(tls_new(&t, c, &loop_epoll_ops, loop, 1, &err), 0);
    assert_int_equal(pthread_create(&s.thread, NULL, serve, &s), 0);
    converse(&ret, t, fds[0]);
    (void)close(fds[0]);
    assert_int_equal(pthread_join(s.thread, NULL), 0);
    (void)close(fds[1]);
    return ret;
}

#define TRUSTED .ca = ca_file, .verify = true

static void a_verified_server_is_heard_to_its_end(void **state)
{
    const char *const hosts[] = {"target.test", "192.0.2.7"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(hosts); i++)
        for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
            struct result r = talk((struct server){.pair = &good, .version = version},
                                   &(struct tls_options){.host = hosts[i], TRUSTED});

            assert_int_equal(r.code, 0);
            assert_int_equal(r.bytes, ANSWER);
            assert_int_equal(r.counts.handshakes, 1);
            assert_int_equal(r.counts.failed, 0);
            assert_int_equal(r.allocations, 0); /* ours: OpenSSL's own are not among them */
        }
}

static void what_does_not_verify_is_refused_with_the_reason(void **state)
{
    const struct {
        const struct pair *pair;
        struct tls_options options;
        const char *words;
    } rows[] = {
        {&expired, {.host = "target.test", TRUSTED}, "certificate has expired"},
        {&good, {.host = "elsewhere.test", TRUSTED}, "hostname mismatch"},
        {&good, {.host = "192.0.2.8", TRUSTED}, "IP address mismatch"},
        {&good, {.host = "target.test", .ca = other_file, .verify = true}, "unable to get local"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct result r = talk((struct server){.pair = rows[i].pair}, &rows[i].options);

        assert_int_equal(r.code, -EPROTO);
        assert_non_null(strstr(r.words, "certificate verify failed"));
        if (!strstr(r.words, rows[i].words))
            fail_msg("%s: expected %s", r.words, rows[i].words);
        assert_int_equal(r.counts.failed, 1);
    }
}

static void nothing_is_verified_where_that_was_asked_for(void **state)
{
    struct result r =
        talk((struct server){.pair = &expired}, &(struct tls_options){.host = "elsewhere.test"});

    (void)state;
    assert_int_equal(r.code, 0);
    assert_int_equal(r.bytes, ANSWER);
}

static void a_client_certificate_is_shown_if_there_is_one(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct server s = {.pair = &good, .version = version, .want_cert = true};
        struct tls_options o = {.host = "target.test", TRUSTED};
        struct result r = talk(s, &o);

        assert_int_equal(r.code, -EPROTO); /* TLS 1.3 says so only when the answer is read */
        assert_non_null(strstr(r.words, "alert"));
        o.cert = cert_file; /* which holds the key, too */
        r = talk(s, &o);
        assert_int_equal(r.code, 0);
        assert_int_equal(r.bytes, ANSWER);
    }
}

static void an_end_without_close_notify_is_no_end(void **state)
{
    struct result r = talk((struct server){.pair = &good, .cut = true},
                           &(struct tls_options){.host = "target.test", TRUSTED});

    (void)state;
    assert_int_equal(r.code, -ENODATA);
    assert_int_equal(r.bytes, ANSWER);
}

static void records_may_come_byte_by_byte(void **state)
{
    struct result r = talk((struct server){.pair = &good, .drip = true},
                           &(struct tls_options){.host = "target.test", TRUSTED});

    (void)state;
    assert_int_equal(r.code, 0);
    assert_int_equal(r.bytes, 300);
}

static void files_that_cannot_be_used_are_named(void **state)
{
    struct tls_context *c = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(
        tls_context_new(&c, &(struct tls_options){.host = "x", .ca = "/nowhere"}, &err), -EINVAL);
    assert_non_null(strstr(err.text, "TLS CA file /nowhere"));
    assert_int_equal(tls_context_new(&c, &(struct tls_options){.host = "x", .cert = ca_file}, &err),
                     -EINVAL);
    assert_non_null(strstr(err.text, "TLS key")); /* a certificate without its key */
    assert_null(c);
}

static void construction_survives_every_failed_allocation(void **state)
{
    const struct tls_options o = {.host = "target.test", TRUSTED};
    int r = -ENOMEM, nth = 0;

    (void)state;
    for (; r == -ENOMEM && nth < 20; nth++) {
        AUTO(tls_context_free) struct tls_context *c = NULL;
        AUTO(tls_free) struct tls *t = NULL;
        struct err err = {0};

        fault_alloc(nth);
        r = tls_context_new(&c, &o, &err);
        if (r == 0)
            r = tls_new(&t, c, &loop_epoll_ops, NULL, 3, &err);
        fault_alloc(-1);
        assert_int_equal(r == 0, t != NULL);
    }
    assert_int_equal(r, 0);
    assert_true(nth > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verified_server_is_heard_to_its_end),
        cmocka_unit_test(what_does_not_verify_is_refused_with_the_reason),
        cmocka_unit_test(nothing_is_verified_where_that_was_asked_for),
        cmocka_unit_test(a_client_certificate_is_shown_if_there_is_one),
        cmocka_unit_test(an_end_without_close_notify_is_no_end),
        cmocka_unit_test(records_may_come_byte_by_byte),
        cmocka_unit_test(files_that_cannot_be_used_are_named),
        cmocka_unit_test(construction_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, make_all, remove_all);
}
