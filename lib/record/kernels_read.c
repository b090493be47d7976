/* SPDX-License-Identifier: Apache-2.0 */
/* The text of another process: nothing in it is believed before it was checked. */
#include "record/kernels.h"
#include <string.h>

struct reading {
    struct kernels *k;
    const char *at, *end; /* of the current line, without its newline */
    bool ended;
};

static bool word(struct reading *r, const char *name)
{
    const size_t n = strlen(name);

    if ((size_t)(r->end - r->at) < n || memcmp(r->at, name, n) != 0)
        return false;
    r->at += n;
    return true;
}

/* At most 18 digits: 31 years of nanoseconds, and far from the end of its type. */
static bool number(struct reading *r, uint64_t *ret)
{
    const char *from = r->at;
    uint64_t v = 0;

    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9' && r->at - from < 18; r->at++)
        v = v * 10 + (uint64_t)(*r->at - '0');
    if (r->at == from)
        return false;
    *ret = v;
    return true;
}

static bool last_number(struct reading *r, uint64_t *ret)
{
    return number(r, ret) && r->at == r->end;
}

static bool last_i64(struct reading *r, int64_t *ret)
{
    uint64_t v;

    if (!last_number(r, &v))
        return false;
    *ret = (int64_t)v;
    return true;
}

/* The rest of the line: printable, not empty, less than @size. */
static bool text(struct reading *r, char *ret, size_t size)
{
    const size_t n = (size_t)(r->end - r->at);

    if (n == 0 || n >= size)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)r->at[i] < ' ' || r->at[i] == 0x7f)
            return false;
    memcpy(ret, r->at, n);
    ret[n] = '\0';
    return true;
}

static bool library(struct reading *r)
{
    char file[sizeof r->k->libraries.file[0]];

    if (!text(r, file, sizeof file) || strchr(file, '/'))
        return false;
    kernels_library(&r->k->libraries, file);
    return true;
}

static bool kernel(struct reading *r)
{
    struct kernel row = {0};
    uint64_t time;

    if (!number(r, &row.launches) || !word(r, " ") || !number(r, &row.of_graphs) || !word(r, " ") ||
        !number(r, &time) || !word(r, " ") || !number(r, &row.least_blocks) || !word(r, " ") ||
        !number(r, &row.most_blocks) || !word(r, " ") || !text(r, row.name, sizeof row.name))
        return false;
    row.time_ns = (int64_t)time;
    if (row.of_graphs > row.launches || row.least_blocks > row.most_blocks || row.launches == 0)
        return false;
    kernels_grow(r->k, &row);
    return true;
}

static bool line(struct reading *r)
{
    struct kernels *k = r->k;

    if (r->ended)
        return false;
    if (word(r, "kernel "))
        return kernel(r);
    if (word(r, "library "))
        return library(r);
    if (word(r, "pid "))
        return last_i64(r, &k->pid);
    if (word(r, "time_ns "))
        return last_i64(r, &k->time_ns);
    if (word(r, "error "))
        return text(r, k->error, sizeof k->error);
    if (word(r, "dropped "))
        return last_number(r, &k->dropped);
    if (word(r, "crowded "))
        return last_number(r, &k->crowded);
    if (word(r, "graph_launches ")) {
        k->graphs_counted = true;
        return last_number(r, &k->graph_launches);
    }
    r->ended = word(r, "end") && r->at == r->end;
    return r->ended;
}

int kernels_read(struct kernels *ret, const char *bytes, size_t n, struct err *err)
{
    struct reading r = {.k = ret};
    const char *at = bytes, *const end = bytes + n;
    static const char first[] = "asrun-kernels 1\n";

    memset(ret, 0, sizeof *ret);
    if (n < sizeof first - 1 || memcmp(bytes, first, sizeof first - 1) != 0)
        return err_set(err, -EBADMSG, "line 1: expected \"asrun-kernels 1\"");
    at += sizeof first - 1;
    for (int number_ = 2; at < end; number_++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));

        if (!newline)
            break;
        r.at = at;
        r.end = newline;
        if (!line(&r))
            return err_set(err, -EBADMSG, "line %d is none of this format", number_);
        at = newline + 1;
    }
    return r.ended && at == end ? 0 : err_set(err, -EBADMSG, "cut short: no \"end\" at its end");
}
