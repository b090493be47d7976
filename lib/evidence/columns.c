/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/columns.h"
#include <string.h>

#define FIELD(f) #f, offsetof(struct sample, f), sizeof(((struct sample *)0)->f)
#define PLAIN(f)                                                                                   \
    {                                                                                              \
        FIELD(f), false, 0                                                                         \
    }
#define OR_NULL(f, none)                                                                           \
    {                                                                                              \
        FIELD(f), true, none                                                                       \
    }

const struct column sample_columns[SAMPLE_COLUMNS] = {
    PLAIN(id),
    PLAIN(trial),
    OR_NULL(due_ns, TIME_NONE),
    OR_NULL(released_ns, TIME_NONE),
    OR_NULL(connect_start_ns, TIME_NONE),
    OR_NULL(connect_end_ns, TIME_NONE),
    OR_NULL(sent_ns, TIME_NONE),
    OR_NULL(sent_last_ns, TIME_NONE),
    OR_NULL(first_byte_ns, TIME_NONE),
    OR_NULL(first_choice_ns, TIME_NONE),
    OR_NULL(first_content_ns, TIME_NONE),
    OR_NULL(last_content_ns, TIME_NONE),
    OR_NULL(end_ns, TIME_NONE),
    OR_NULL(input_requested, COUNT_NONE),
    OR_NULL(output_requested, COUNT_NONE),
    OR_NULL(input_reported, COUNT_NONE),
    OR_NULL(output_reported, COUNT_NONE),
    OR_NULL(cached_reported, COUNT_NONE),
    PLAIN(reuse_expected),
    PLAIN(content_events),
    PLAIN(events),
    OR_NULL(http_status, 0),
    PLAIN(request_bytes),
    PLAIN(response_bytes),
    PLAIN(outcome),
    PLAIN(finish),
    PLAIN(reused),
    PLAIN(resent),
    PLAIN(kernel),
    {"error", offsetof(struct sample, error), 0, false, 0}, /* text; handled beside the numbers */
    OR_NULL(tls_end_ns, TIME_NONE),
    OR_NULL(connection, COUNT_NONE),
    OR_NULL(hang_up, HANG_UP_NONE),
    OR_NULL(component, COUNT_NONE),
    OR_NULL(session, COUNT_NONE),
    OR_NULL(turn, COUNT_NONE),
    OR_NULL(sent_kernel_ns, TIME_NONE),
};

/* The state's numbers: all columns but the text, which follows them. Format 3 begins with their
 * count, formats 1 and 2 had 29 and 30 of them. */
enum { STATE_FORMAT = 3, NUMBERS = SAMPLE_COLUMNS - 1, NUMBERS_1 = 29 };
#define STATE_BYTES_FIXED (2 + 8 * NUMBERS + 4 + 1)
_Static_assert(STATE_BYTES_FIXED + sizeof(((struct sample *)0)->error) <= STATE_BYTES_MAX, "room");

static bool is_unsigned(const struct column *c)
{
    return c->offset == offsetof(struct sample, id) || c->offset == offsetof(struct sample, trial);
}

int64_t column_get(const struct column *c, const struct sample *s)
{
    const char *at = (const char *)s + c->offset;
    uint32_t u32;
    int32_t i32;
    int64_t i64;

    if (c->size == 1)
        return *(const uint8_t *)at;
    if (c->size == 8) {
        memcpy(&i64, at, sizeof i64);
        return i64;
    }
    memcpy(&u32, at, sizeof u32);
    memcpy(&i32, at, sizeof i32);
    return is_unsigned(c) ? (int64_t)u32 : i32;
}

int column_set(const struct column *c, struct sample *s, int64_t v)
{
    char *at = (char *)s + c->offset;
    uint32_t u32 = (uint32_t)v;

    if (c->size == 8) {
        memcpy(at, &v, sizeof v);
        return 0;
    }
    if (c->size == 1) {
        *(uint8_t *)at = (uint8_t)v;
        return v >= 0 && v <= UINT8_MAX ? 0 : -EBADMSG;
    }
    memcpy(at, &u32, sizeof u32);
    if (is_unsigned(c))
        return v >= 0 && v <= UINT32_MAX ? 0 : -EBADMSG;
    return v >= INT32_MIN && v <= INT32_MAX ? 0 : -EBADMSG;
}

static const struct column *number(size_t i)
{
    return &sample_columns[i < NUMBERS_1 ? i : i + 1]; /* the text stands behind the first 29 */
}

struct sample sample_blank(uint32_t id)
{
    struct sample s = {0};

    for (size_t i = 0; i < SAMPLE_COLUMNS; i++)
        if (sample_columns[i].nullable &&
            column_set(&sample_columns[i], &s, sample_columns[i].none))
            assert(false);
    s.id = id;
    s.kernel = 1; /* until a stamp says otherwise */
    return s;
}

static uint8_t *put_le(uint8_t *out, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        *out++ = (uint8_t)(v >> (8 * i));
    return out;
}

static uint64_t get_le(const uint8_t *data, size_t bytes)
{
    uint64_t v = 0;

    for (size_t i = 0; i < bytes; i++)
        v |= (uint64_t)data[i] << (8 * i);
    return v;
}

size_t state_encode(uint8_t *out, const struct sample *s, uint32_t parts)
{
    size_t words = strlen(s->error);
    uint8_t *at = out;

    *at++ = STATE_FORMAT;
    *at++ = NUMBERS;
    for (size_t i = 0; i < NUMBERS; i++)
        at = put_le(at, (uint64_t)column_get(number(i), s), 8);
    at = put_le(at, parts, 4);
    *at++ = (uint8_t)words;
    memcpy(at, s->error, words);
    return (size_t)(at - out) + words;
}

int state_decode(struct sample *ret, uint32_t *parts, const uint8_t *data, size_t len)
{
    struct sample s = sample_blank(0);
    size_t head, numbers, fixed, words;

    if (len < 2 || data[0] < 1 || data[0] > STATE_FORMAT)
        return -EBADMSG;
    head = data[0] < 3 ? 1 : 2;
    numbers = data[0] < 3 ? NUMBERS_1 + data[0] - 1u : data[1];
    fixed = head + 8 * numbers + 4 + 1;
    if (len < fixed || numbers < NUMBERS_1 || numbers > NUMBERS)
        return -EBADMSG;
    words = data[fixed - 1];
    if (words >= sizeof s.error || len != fixed + words)
        return -EBADMSG;
    for (size_t i = 0; i < numbers; i++)
        if (column_set(number(i), &s, (int64_t)get_le(data + head + 8 * i, 8)) < 0)
            return -EBADMSG;
    if (s.events < 0 || s.content_events < 0)
        return -EBADMSG;
    memcpy(s.error, data + fixed, words);
    *parts = (uint32_t)get_le(data + head + 8 * numbers, 4);
    *ret = s;
    return 0;
}
