/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/overrides.h"
#include <string.h>

/* As getopt_long() would see it: an unambiguous beginning is enough for it, but not here. */
static bool is_own(const char *flag, const struct option *own)
{
    size_t n = strcspn(flag, "=");

    for (; own->name; own++)
        if (strlen(own->name) == n && memcmp(own->name, flag, n) == 0)
            return true;
    return false;
}

int overrides_take(struct overrides *o, int *argc, char **argv, const struct option *own)
{
    int kept = 1;

    for (int i = 1; i < *argc; i++) {
        bool taken = strncmp(argv[i], "--", 2) == 0 && !is_own(argv[i] + 2, own);

        if (taken && o->count == OVERRIDES_MAX)
            return -E2BIG;
        if (taken && plan_flag(&o->items[o->count], argv[i]))
            o->count++;
        else
            argv[kept++] = argv[i];
    }
    argv[kept] = NULL;
    *argc = kept;
    return 0;
}
