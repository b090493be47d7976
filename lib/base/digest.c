/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hasher {
    EVP_MD_CTX *ctx;
};

struct hasher *hasher_new(void)
{
    AUTO(hasher_free) struct hasher *h = calloc(1, sizeof *h);

    if (!h)
        return NULL;
    h->ctx = EVP_MD_CTX_new();
    if (!h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1)
        return NULL;
    return TAKE(h);
}

void hasher_add(struct hasher *h, const void *data, size_t n)
{
    int ok = EVP_DigestUpdate(h->ctx, data, n);

    assert(ok == 1); /* SHA-256 of memory cannot fail once set up */
    (void)ok;
}

void hasher_add_i64(struct hasher *h, int64_t v)
{
    uint8_t le[8];

    for (int i = 0; i < 8; i++)
        le[i] = (uint8_t)((uint64_t)v >> (8 * i));
    hasher_add(h, le, sizeof le);
}

struct digest hasher_end(struct hasher *h)
{
    struct digest d;
    int ok = EVP_DigestFinal_ex(h->ctx, d.bytes, NULL) == 1 &&
             EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) == 1;

    assert(ok);
    (void)ok;
    return d;
}

void hasher_free(struct hasher *h)
{
    if (h)
        EVP_MD_CTX_free(h->ctx);
    free(h);
}

struct digest digest_of(const void *data, size_t n)
{
    struct digest d;
    int ok = EVP_Digest(data, n, d.bytes, NULL, EVP_sha256(), NULL);

    assert(ok == 1);
    (void)ok;
    return d;
}

static void close_file(FILE *f)
{
    if (f)
        (void)fclose(f);
}
DEFINE_AUTO(FILE *, close_file)

int digest_file(struct digest *ret, const char *path, struct err *err)
{
    AUTO(close_file) FILE *f = fopen(path, "rbe");
    AUTO(hasher_free) struct hasher *h = hasher_new();
    char buf[16384];
    size_t n;

    if (!f)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    if (!h)
        return err_set(err, -ENOMEM, "%s: out of memory", path);
    while ((n = fread(buf, 1, sizeof buf, f)) > 0)
        hasher_add(h, buf, n);
    if (ferror(f))
        return err_set(err, -EIO, "%s: cannot be read", path);
    *ret = hasher_end(h);
    return 0;
}

struct digest_hex digest_hex(const struct digest *d)
{
    static const char digits[] = "0123456789abcdef";
    struct digest_hex hex;

    for (size_t i = 0; i < sizeof d->bytes; i++) {
        hex.text[2 * i] = digits[d->bytes[i] >> 4];
        hex.text[2 * i + 1] = digits[d->bytes[i] & 15];
    }
    hex.text[64] = '\0';
    return hex;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
