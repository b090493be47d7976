/* SPDX-License-Identifier: Apache-2.0 */
/* lib/base/digest.h - SHA-256, by OpenSSL. */
#pragma once
#include "base/base.h"

struct digest {
    uint8_t bytes[32];
};
struct digest_hex {
    char text[65];
};
struct hasher; /* opaque */

/* NULL when out of memory. */
struct hasher *hasher_new(void);
void hasher_add(struct hasher *h, const void *data, size_t n);
void hasher_add_i64(struct hasher *h, int64_t v); /* little-endian, 8 bytes */
/* Ends the message and starts a new, empty one. */
struct digest hasher_end(struct hasher *h);
void hasher_free(struct hasher *h);
DEFINE_AUTO(struct hasher *, hasher_free)

struct digest digest_of(const void *data, size_t n);
/* Of a whole file; -ENOENT and friends with words that name @path. */
NODISCARD int digest_file(struct digest *ret, const char *path, struct err *err);
struct digest_hex digest_hex(const struct digest *d);
bool digest_equal(const struct digest *a, const struct digest *b);
