/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/probe/sink.h - a sink that keeps facts as lines "scope.name=value unit [known]
 * source". */
#pragma once
#include "harness/unit.h"
#include "record/fact.h"

struct seen {
    char text[1 << 16];
    int left; /* facts until put() fails; negative: never */
};

static int seen_put(void *ctx, const struct fact *f)
{
    struct seen *s = ctx;
    size_t n = strlen(s->text);

    if (s->left == 0)
        return -ENOSPC;
    s->left--;
    assert_true((f->known == KNOWN_UNKNOWN) == (f->value == NULL));
    assert_true(f->source && f->source[0]);
    (void)snprintf(s->text + n, sizeof s->text - n, "%s.%s=%s %s[%d] %s\n", f->scope, f->name,
                   f->value ? f->value : "?", f->unit, (int)f->known, f->source);
    return 0;
}

#define assert_seen(s, line)                                                                       \
    do {                                                                                           \
        if (!strstr((s)->text, (line)))                                                            \
            fail_msg("no \"%s\" in:\n%s", (line), (s)->text);                                      \
    } while (0)
#define assert_unseen(s, part)                                                                     \
    do {                                                                                           \
        if (strstr((s)->text, (part)))                                                             \
            fail_msg("\"%s\" in:\n%s", (part), (s)->text);                                         \
    } while (0)
