/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/base/vec.h - growing arrays. A vector is three fields of the owner: a typed pointer, a
 * count and a capacity; VEC_PUSH(v->items, v->count, v->cap, value) is 0 or -ENOMEM.
 */
#pragma once
#include "base/base.h"

/* Makes room for @need items of @size bytes at *@data, doubling; 0 or -ENOMEM, *@data kept. */
int vec_reserve(void **data, size_t *cap, size_t need, size_t size);

#define VEC_PUSH(data, count, cap, value)                                                          \
    __extension__({                                                                                \
        void *vec_data_ = (data);                                                                  \
        int vec_r_ = vec_reserve(&vec_data_, &(cap), (count) + 1, sizeof *(data));                 \
        (data) = vec_data_;                                                                        \
        if (vec_r_ == 0)                                                                           \
            (data)[(count)++] = (value);                                                           \
        vec_r_;                                                                                    \
    })
