/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/overrides.h"
#include "base/vec.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_plan_key(const char *flag)
{
    static const char *const plain[] = {"seed", "regime", "question"};
    size_t n = strcspn(flag, "=");

    if (memchr(flag, '.', n))
        return true;
    for (size_t i = 0; i < COUNT_OF(plain); i++)
        if (strlen(plain[i]) == n && memcmp(plain[i], flag, n) == 0)
            return true;
    return false;
}

int overrides_take(struct overrides *o, int *argc, char **argv)
{
    int kept = 1;

    for (int i = 1; i < *argc; i++) {
        char *flag = argv[i], *equals;

        if (strncmp(flag, "--", 2) != 0 || !is_plan_key(flag + 2)) {
            argv[kept++] = flag;
            continue;
        }
        equals = strchr(flag, '=');
        if (!equals) {
            (void)snprintf(o->why, sizeof o->why, "%.80s needs a value: %.40s=VALUE", flag, flag);
            return -EINVAL;
        }
        *equals = '\0';
        if (VEC_PUSH(o->items, o->count, o->cap, ((struct plan_override){flag + 2, equals + 1})) <
            0)
            return -ENOMEM;
    }
    argv[kept] = NULL;
    *argc = kept;
    return 0;
}

void overrides_release(struct overrides *o)
{
    free(o->items);
    *o = (struct overrides){0};
}
