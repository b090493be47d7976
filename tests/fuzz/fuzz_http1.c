/* SPDX-License-Identifier: Apache-2.0 */
#include "split.h"
#include "wire/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct http1 parser;
static bool over;

static void begin(struct seen *s)
{
    (void)s;
    http1_init(&parser);
    over = false;
}

static void see_head(struct seen *s)
{
    DEMAND(parser.status >= 200 && parser.status <= 999);
    DEMAND(memchr(parser.server, '\0', sizeof parser.server));
    DEMAND(!parser.chunked || parser.content_length < 0);
    see_step(s, 'h', parser.status);
    see_step(s, 'l', parser.content_length);
    see_step(s, 'f',
             parser.keep_alive | parser.chunked << 1 | parser.is_sse << 2 | parser.is_json << 3 |
                 parser.is_encoded << 4);
    for (const char *c = parser.server; *c; c++)
        see_step(s, 'c', *c);
}

static void see_other(struct seen *s, enum http1_step step)
{
    see_step(s, 's', step);
    over = true;
    if (step != HTTP1_END)
        DEMAND(parser.why);
    else if (parser.status != 304 && parser.content_length >= 0)
        DEMAND(s->payload == (parser.status == 204 ? 0 : parser.content_length));
}

static void feed(struct seen *s, const char *at, const char *end)
{
    enum http1_step step;
    struct span piece;

    while (!over && (step = http1_next(&parser, &at, end, &piece)) != HTTP1_MORE) {
        if (step == HTTP1_BODY) {
            DEMAND(piece.len > 0 && piece.data + piece.len == at && at <= end);
            see_payload(s, piece.data, piece.len);
        } else if (step == HTTP1_HEAD)
            see_head(s);
        else
            see_other(s, step);
    }
    DEMAND(at <= end && (over || at == end));
    if (over)
        DEMAND(http1_next(&parser, &at, end, &piece) >= HTTP1_END);
}

static void end(struct seen *s, size_t total)
{
    enum http1_step step = http1_eof(&parser);

    DEMAND(step != HTTP1_HEAD && step != HTTP1_BODY);
    DEMAND((size_t)s->payload <= total);
    if (!over && step != HTTP1_MORE)
        see_other(s, step);
    see_step(s, 'e', step);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct target target = {begin, feed, end};

    same_however_cut(&target, data, n);
    return 0;
}
