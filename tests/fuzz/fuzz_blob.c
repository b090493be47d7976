/* SPDX-License-Identifier: Apache-2.0 */
/* Event blobs and states of samples in flight: whatever decodes encodes to the same again. */
#include "evidence/blob.h"
#include "evidence/columns.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void try_blob(const uint8_t *data, size_t n)
{
    size_t count = 0, len;
    struct event *e, *back;
    uint8_t *blob;

    if (blob_count(&count, data, n) < 0)
        return;
    must(count <= n / 3);
    e = calloc(count + 1, sizeof *e);
    back = calloc(count + 1, sizeof *back);
    blob = malloc(blob_bound(count));
    must(e && back && blob);
    if (blob_decode(e, count, data, n) == 0) {
        len = blob_encode(blob, e, count);
        must(len <= blob_bound(count));
        must(blob_decode(back, count, blob, len) == 0);
        must(memcmp(e, back, count * sizeof *e) == 0);
    }
    free(e);
    free(back);
    free(blob);
}

static void try_state(const uint8_t *data, size_t n)
{
    uint8_t bytes[STATE_BYTES_MAX];
    struct sample s;
    uint32_t parts = 0;

    if (state_decode(&s, &parts, data, n) == 0)
        must(state_encode(bytes, &s, parts) <= sizeof bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    try_blob(data, n);
    try_state(data, n);
    return 0;
}
