/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the misbehaviours. */
#include "refserver.h"
#include "base/units.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    enum mis mis;
    int status;
} names[] = {
    {"reset-before", MIS_RESET_BEFORE, 0},
    {"reset-mid", MIS_RESET_MID, 0},
    {"reset", MIS_RESET_MID, 0},
    {"http-400", MIS_HTTP_400, 400},
    {"http-404", MIS_HTTP_404, 404},
    {"http-429", MIS_HTTP_429, 429},
    {"http-500", MIS_HTTP_500, 500},
    {"http-503", MIS_HTTP_503, 503},
    {"bad-head", MIS_BAD_HEAD, 0},
    {"bad-chunk", MIS_BAD_CHUNK, 0},
    {"bad-sse", MIS_BAD_SSE, 0},
    {"bad-json", MIS_BAD_JSON, 0},
    {"error-event", MIS_ERROR_EVENT, 0},
    {"error-named", MIS_ERROR_NAMED, 0},
    {"early-end", MIS_EARLY_END, 0},
    {"no-finish", MIS_NO_FINISH, 0},
    {"stall", MIS_STALL, 0},
    {"never", MIS_NEVER, 0},
    {"slow-head", MIS_SLOW_HEAD, 0},
    {"coalesce", MIS_COALESCE, 0},
    {"split", MIS_SPLIT, 0},
    {"short", MIS_SHORT, 0},
    {"no-usage", MIS_NO_USAGE, 0},
    {"huge-event", MIS_HUGE_EVENT, 0},
    {"flood-headers", MIS_FLOOD_HEADERS, 0},
    {"early-close", MIS_EARLY_CLOSE, 0},
    {"early-answer", MIS_EARLY_ANSWER, 413},
    {"drip", MIS_DRIP, 0},
    {"gzip", MIS_GZIP, 0},
    {"bad-utf8", MIS_BAD_UTF8, 0},
    {"endless-line", MIS_ENDLESS_LINE, 0},
    {"endless-headers", MIS_ENDLESS_HEADERS, 0},
    {"endless-header", MIS_ENDLESS_HEADER, 0},
    {"endless-continue", MIS_ENDLESS_CONTINUE, 0},
    {"switch", MIS_SWITCH, 0},
    {"negative-length", MIS_NEGATIVE_LENGTH, 0},
    {"huge-length", MIS_HUGE_LENGTH, 0},
    {"huge-chunk", MIS_HUGE_CHUNK, 0},
    {"wrong", MIS_WRONG, 0},
};

static int find(enum mis *ret, const char *text)
{
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(names[i].name, text) == 0) {
            *ret = names[i].mis;
            return 0;
        }
    return -EINVAL;
}

int mis_parse(enum mis *ret, int64_t *after, const char *text, size_t n)
{
    char name[64], *colon;
    int64_t k = -1;

    if (n >= sizeof name)
        return -EINVAL;
    memcpy(name, text, n);
    name[n] = '\0';
    colon = strchr(name, ':');
    if (colon) {
        *colon = '\0';
        if (units_i64(&k, colon + 1) < 0 || k < 0)
            return -EINVAL;
    }
    if (find(ret, name) < 0 && (strncmp(name, "bad-", 4) != 0 || find(ret, name + 4) < 0))
        return -EINVAL;
    if (k >= 0)
        *after = k;
    return 0;
}

const char *mis_name(size_t i)
{
    return i < COUNT_OF(names) ? names[i].name : NULL;
}

int mis_status(enum mis m)
{
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (names[i].mis == m)
            return names[i].status;
    return 0;
}
