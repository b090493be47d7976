/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/template.h"
#include <string.h>

static const struct {
    const char *name;
    enum template_kind kind;
} names[] = {
    {"prompt", TEMPLATE_PROMPT},        {"input_tokens", TEMPLATE_INPUT},
    {"output_tokens", TEMPLATE_OUTPUT}, {"request_id", TEMPLATE_ID},
    {"model", TEMPLATE_MODEL},          {"query", TEMPLATE_QUERY},
    {"documents", TEMPLATE_DOCUMENTS},
};

static int name_next(struct template_part *ret, const char **at)
{
    const char *name = *at + 2, *end = strstr(name, "}}");
    size_t n = end ? (size_t)(end - name) : strlen(name);

    *ret = (struct template_part){.text = name, .len = n};
    if (!end)
        return -EINVAL;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strlen(names[i].name) == n && memcmp(names[i].name, name, n) == 0) {
            ret->kind = names[i].kind;
            *at = end + 2;
            return 1;
        }
    return -EINVAL;
}

int template_next(struct template_part *ret, const char **at)
{
    const char *open = strstr(*at, "{{");
    size_t n = open ? (size_t)(open - *at) : strlen(*at);

    if (n == 0)
        return open ? name_next(ret, at) : 0;
    *ret = (struct template_part){TEMPLATE_TEXT, *at, n};
    *at += n;
    return 1;
}
