/* SPDX-License-Identifier: Apache-2.0 */
#include "split.h"
#include "wire/openai.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct openai reader;

static void begin(struct seen *s)
{
    (void)s;
    openai_begin(&reader);
}

static void feed(struct seen *s, const char *at, const char *end)
{
    (void)s;
    openai_feed(&reader, at, (size_t)(end - at));
}

static void see_event(struct seen *s, const struct openai_event *e)
{
    const int text = OPENAI_CONTENT | OPENAI_REASONING;

    DEMAND(memchr(e->error, '\0', sizeof e->error));
    DEMAND(e->error[0] == '\0' || e->kind & OPENAI_ERROR);
    DEMAND((e->text_bytes > 0) == ((e->kind & text) != 0));
    DEMAND((e->finish != 0) == ((e->kind & OPENAI_FINISH) != 0) && e->finish <= 5);
    DEMAND(!(e->kind & OPENAI_ROLE && e->kind & (text | OPENAI_TOOL)));
    DEMAND(!e->done || e->kind == 0);
    DEMAND(e->input_tokens >= -1 && e->output_tokens >= -1 && e->cached_tokens >= -1);
    see_step(s, 'k', e->kind);
    see_step(s, 'd', e->done);
    see_step(s, 'f', e->finish);
    see_step(s, 't', e->text_bytes);
    see_step(s, 'i', e->input_tokens);
    see_step(s, 'o', e->output_tokens);
    see_step(s, 'c', e->cached_tokens);
    see_payload(s, e->error, strlen(e->error));
}

static void end(struct seen *s, size_t total)
{
    struct openai_event event;
    int r = openai_end(&reader, &event);

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

    same_however_cut(&target, data, n);
    return 0;
}
