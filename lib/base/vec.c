/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"
#include <stdlib.h>

int vec_reserve(void **data, size_t *cap, size_t need, size_t size)
{
    size_t grown_cap = *cap ? *cap : 16;
    void *grown;

    if (need <= *cap)
        return 0;
    while (grown_cap < need)
        grown_cap *= 2;
    if (grown_cap > SIZE_MAX / size)
        return -ENOMEM;
    grown = realloc(*data, grown_cap * size);
    if (!grown)
        return -ENOMEM;
    *data = grown;
    *cap = grown_cap;
    return 0;
}
