/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "shipped_azure_2023_conversation.h"
#include "shipped_mooncake_conversation.h"
#include "workload/read.h"
#include <string.h>

static const struct shipped {
    const char *name;
    const unsigned char *data;
    size_t size; /* without the NUL */
} shipped[] = {
    {"azure-2023-conversation", shipped_azure_2023_conversation,
     sizeof shipped_azure_2023_conversation - 1},
    {"mooncake-conversation", shipped_mooncake_conversation,
     sizeof shipped_mooncake_conversation - 1},
};

const char *profile_shipped_name(size_t i)
{
    return i < COUNT_OF(shipped) ? shipped[i].name : NULL;
}

static int no_such(const char *name, struct err *err)
{
    AUTO(str_release) struct str names = {0};

    for (size_t i = 0; i < COUNT_OF(shipped); i++)
        str_addf(&names, "%s%s", i ? ", " : "", shipped[i].name);
    return err_set(err, -ENOENT, "no profile '%s': neither a file nor shipped; shipped are: %s",
                   name, str_ok(&names) ? names.data : "(out of memory)");
}

int profile_load_shipped(struct profile *ret, const char *name, struct err *err)
{
    AUTO(source_release) struct source s = {.fd = -1};
    size_t i = 0;
    int r;

    while (i < COUNT_OF(shipped) && strcmp(shipped[i].name, name) != 0)
        i++;
    if (i == COUNT_OF(shipped))
        return no_such(name, err);
    r = source_open_memory(&s, shipped[i].data, shipped[i].size, name, err);
    return r < 0 ? r : profile_read(ret, &s, err);
}
