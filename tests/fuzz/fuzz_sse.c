/* SPDX-License-Identifier: Apache-2.0 */
#include "split.h"
#include "wire/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct sse parser;

static void begin(struct seen *s)
{
    (void)s;
    sse_init(&parser);
}

static void feed(struct seen *s, const char *at, const char *end)
{
    enum sse_step step;
    struct span piece;

    while ((step = sse_next(&parser, &at, end, &piece)) != SSE_MORE && step != SSE_BAD) {
        DEMAND(at <= end);
        if (step == SSE_DATA) {
            DEMAND(parser.in_event && piece.len > 0);
            DEMAND(!memchr(piece.data, '\r', piece.len));
            DEMAND(!memchr(piece.data, '\n', piece.len) || piece.len == 1);
            see_payload(s, piece.data, piece.len);
        } else {
            DEMAND(!parser.in_event);
            see_step(s, 'd', parser.is_error);
        }
    }
    DEMAND(step == SSE_BAD ? parser.why != NULL : at == end);
}

static void end(struct seen *s, size_t total)
{
    const char *none = "";
    struct span piece;
    enum sse_step step = sse_next(&parser, &none, none, &piece);

    DEMAND(step == SSE_MORE || step == SSE_BAD);
    DEMAND((size_t)s->payload <= total);
    see_step(s, 'e', step);
    see_step(s, 'i', parser.in_event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct target target = {begin, feed, end};

    same_however_cut(&target, data, n);
    return 0;
}
