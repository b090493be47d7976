/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/evidence/blob.h - the events of one part of one sample as a compact, lossless blob.
 *
 * Times are whole microseconds; the format is in docs/formats/evidence.md. Blobs are foreign bytes
 * to the decoder: it reads nothing past @len and writes at most @count events.
 */
#pragma once
#include "base/base.h"
#include "record/sample.h"

/* Bytes that always suffice for @n events. */
size_t blob_bound(size_t n);
/* Writes @n events (times multiples of 1000 ns) to @out, of blob_bound(@n) bytes; its length. */
size_t blob_encode(uint8_t *out, const struct event *e, size_t n);
/* Sets *@ret to the events of a blob, at most @len / 3. -EBADMSG: no blob, or of another format. */
NODISCARD int blob_count(size_t *ret, const uint8_t *data, size_t len);
/* Decodes exactly @count (from blob_count) events. -EBADMSG: malformed; @ret is then undefined. */
NODISCARD int blob_decode(struct event *ret, size_t count, const uint8_t *data, size_t len);
