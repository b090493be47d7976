/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/gguf_types.h - how ggml packs elements; private to gguf.c. */
#pragma once
#include "base/base.h"

struct gguf_type {
    const char *name;
    uint32_t elements, bytes; /* of a block */
};

/* NULL: none that is known here. */
const struct gguf_type *gguf_type(uint32_t type);
