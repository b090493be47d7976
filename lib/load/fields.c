/* SPDX-License-Identifier: Apache-2.0 */
#include "load/fields.h"
#include "wire/http1.h"
#include <string.h>
#include <strings.h>

/* Of the connection, not of the request (RFC 9113, 8.2.2). */
static const char *const dropped[] = {
    "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te", NULL};
/* Not for the shared compression table: a secret, and what no two requests have in common. */
static const char *const unindexed[] = {"authorization", "x-request-id", "content-length", NULL};

static bool is_one_of(const char *const *names, struct span name)
{
    for (; *names; names++)
        if (strlen(*names) == name.len && strncasecmp(*names, name.data, name.len) == 0)
            return true;
    return false;
}

static int add(struct fields *f, struct span name, struct span value)
{
    uint8_t flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;

    if (f->count == FIELDS_MAX)
        return -EINVAL;
    if (is_one_of(unindexed, name))
        flags |= NGHTTP2_NV_FLAG_NO_INDEX;
    f->nv[f->count++] = (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name.data,
                                     .value = (uint8_t *)(uintptr_t)value.data,
                                     .namelen = name.len,
                                     .valuelen = value.len,
                                     .flags = flags};
    return 0;
}

static int add_static(struct fields *f, const char *name, struct span value)
{
    return add(f, (struct span){name, strlen(name)}, value);
}

/* "POST /v1/completions HTTP/1.1" */
static int request_line(struct fields *f, const char *line, const char *stop, bool tls)
{
    const char *path = memchr(line, ' ', (size_t)(stop - line)), *version;
    struct span scheme = {tls ? "https" : "http", tls ? 5 : 4};
    int r;

    version = path ? memchr(path + 1, ' ', (size_t)(stop - path - 1)) : NULL;
    if (!version)
        return -EINVAL;
    r = add_static(f, ":method", (struct span){line, (size_t)(path - line)});
    if (r == 0)
        r = add_static(f, ":scheme", scheme);
    return r == 0 ? add_static(f, ":path", (struct span){path + 1, (size_t)(version - path - 1)})
                  : r;
}

static int header_line(struct fields *f, char *line, char *stop)
{
    char *colon = memchr(line, ':', (size_t)(stop - line)), *value;
    struct span name;

    if (!colon)
        return -EINVAL;
    name = (struct span){line, (size_t)(colon - line)};
    value = colon + 1;
    while (value < stop && (*value == ' ' || *value == '\t'))
        value++;
    while (stop > value && (stop[-1] == ' ' || stop[-1] == '\t'))
        stop--;
    if (is_one_of(dropped, name))
        return 0;
    for (char *p = line; p < colon; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return add(f, name, (struct span){value, (size_t)(stop - value)});
}

/* Pseudo-header fields come first: Host, whichever line it is on, takes the place kept for it. */
static void settle_authority(struct fields *f, size_t place)
{
    static const char host[] = "host";

    for (size_t i = place + 1; i < f->count; i++)
        if (f->nv[i].namelen == sizeof host - 1 &&
            memcmp(f->nv[i].name, host, sizeof host - 1) == 0) {
            f->nv[place].value = f->nv[i].value;
            f->nv[place].valuelen = f->nv[i].valuelen;
            f->nv[i] = f->nv[--f->count];
            return;
        }
}

int fields_read(struct fields *ret, char *request, size_t len, bool tls)
{
    char *end = memmem(request, len, "\r\n\r\n", 4), *line = request, *stop;
    size_t place;
    int r;

    ret->count = 0;
    if (!end)
        return -EINVAL;
    ret->head_len = (size_t)(end + 4 - request);
    stop = memmem(line, len, "\r\n", 2);
    r = request_line(ret, line, stop, tls);
    place = ret->count;
    if (r == 0)
        r = add_static(ret, ":authority", (struct span){"", 0});
    for (line = stop + 2; r == 0 && line < end + 2; line = stop + 2) {
        stop = memmem(line, (size_t)(end + 4 - line), "\r\n", 2);
        r = header_line(ret, line, stop);
    }
    if (r == 0)
        settle_authority(ret, place);
    return r;
}
