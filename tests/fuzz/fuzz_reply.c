/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte of an input chooses the endpoint. */
#include "split.h"
#include "wire/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct reply reader;
static struct reply_spec specs[] = {
    {.kind = REPLY_RESPONSES},
    {.kind = REPLY_EMBEDDINGS},
    {.kind = REPLY_RERANK},
    {.kind = REPLY_JSON},
    {.kind = REPLY_JSON},
    {.kind = REPLY_JSON, .equals = "1.5"},
    {.kind = REPLY_JSON, .equals = "a text that is longer than one piece of the scanner gives out"},
};
static const char *const pointers[COUNT_OF(specs)] = {
    [4] = "/outputs/0/data", [5] = "/a~1b", [6] = "/0/0/0"};
static const struct reply_spec *spec;

static void begin(struct seen *s)
{
    (void)s;
    reply_begin(&reader, spec);
}

static void feed(struct seen *s, const char *at, const char *end)
{
    (void)s;
    reply_feed(&reader, at, (size_t)(end - at));
}

static void see_event(struct seen *s, const struct openai_event *e)
{
    DEMAND(memchr(e->error, '\0', sizeof e->error));
    DEMAND(e->error[0] == '\0' || e->kind & OPENAI_ERROR);
    DEMAND((e->finish != 0) == ((e->kind & OPENAI_FINISH) != 0) && e->finish <= 5);
    DEMAND(!e->done && e->text_bytes >= 0);
    DEMAND(e->input_tokens >= -1 && e->output_tokens >= -1 && e->cached_tokens >= -1);
    see_step(s, 'k', e->kind);
    see_step(s, 'f', e->finish);
    see_step(s, 't', e->text_bytes);
    see_step(s, 'i', e->input_tokens);
    see_step(s, 'o', e->output_tokens);
    see_step(s, 'c', e->cached_tokens);
    see_step(s, 'g', reader.good);
    see_payload(s, e->error, strlen(e->error));
}

static void end(struct seen *s, size_t total)
{
    struct openai_event event;
    int r = reply_end(&reader, &event);

    see_step(s, 'r', r);
    if (r == 0) {
        DEMAND(event.bytes == (int32_t)total);
        see_event(s, &event);
    } else
        DEMAND(r == -EBADMSG && reader.why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct target target = {begin, feed, end};

    for (size_t i = 0; i < COUNT_OF(specs); i++)
        if (pointers[i] && specs[i].test.count == 0)
            DEMAND(reply_pointer_parse(&specs[i].test, pointers[i]) == 0);
    if (n < 2)
        return 0;
    spec = &specs[data[0] % COUNT_OF(specs)];
    same_however_cut(&target, data + 1, n - 1);
    return 0;
}
