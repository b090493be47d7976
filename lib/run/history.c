/* SPDX-License-Identifier: Apache-2.0 */
/* A session has at most SCHEDULE_MAX_TURNS, which bounds the recursion. */
#include "run/history.h"
#include <string.h>

const struct history_marks history_messages = {"\"},{\"role\":\"assistant\",\"content\":\"",
                                               "\"},{\"role\":\"user\",\"content\":\""};
const struct history_marks history_text = {" ", " "};

enum { PART_SLACK = 80 }; /* of a part: its mark, and words that rounding adds */

bool history_any(const struct schedule *s)
{
    for (size_t i = 0; s->after_count > 0 && i < s->count; i++)
        if (s->items[i].history)
            return true;
    return false;
}

size_t history_bytes(const struct history *h)
{
    size_t most = prompt_bytes(1, h->calibration);

    for (size_t i = 0; i < h->schedule->count; i++) {
        const struct item *item = &h->schedule->items[i];
        size_t parts = item->history ? 2 * (size_t)item->turn : 0;
        size_t n = prompt_bytes(item->input_tokens, h->calibration) + parts * PART_SLACK;

        most = n > most ? n : most;
    }
    return most;
}

static struct prompt_spec spec_of(const struct history *h, uint32_t index)
{
    const struct schedule *s = h->schedule;
    const struct item *item = &s->items[index];

    return (struct prompt_spec){
        .seed = s->prompt_seed,
        .trial = h->trial_base + item->trial,
        .serial = index,
        .tokens = item->input_tokens,
        .blocks = item->block_count ? s->blocks + item->block_first : NULL,
        .block_count = item->block_count,
        .block_tokens = schedule_block_tokens(s, item),
    };
}

static char *put(char *at, const char *text)
{
    size_t n = strlen(text);

    memcpy(at, text, n);
    return at + n;
}

static char *put_answer(char *at, const char *end, const struct history *h, uint32_t index)
{
    struct prompt_spec spec = spec_of(h, index);

    spec.part = PROMPT_ANSWER;
    spec.tokens = h->schedule->items[index].output_tokens;
    at = put(at, h->marks->before_answer);
    at += prompt_render(at, (size_t)(end - at), &spec, h->calibration);
    return put(at, h->marks->after_answer);
}

static char *put_turns(char *at, const char *end, const struct history *h, uint32_t index)
{
    const struct item *item = &h->schedule->items[index];
    struct prompt_spec spec = spec_of(h, index);

    if (item->history) {
        uint32_t before = h->schedule->after[item->after_first];
        const struct item *turn = &h->schedule->items[before];

        at = put_turns(at, end, h, before);
        at = put_answer(at, end, h, before);
        spec.part = PROMPT_TURN;
        spec.tokens = item->input_tokens - turn->input_tokens - turn->output_tokens;
    }
    return at + prompt_render(at, (size_t)(end - at), &spec, h->calibration);
}

size_t history_render(char *buf, size_t cap, const struct history *h, uint32_t index)
{
    return (size_t)(put_turns(buf, buf + cap, h, index) - buf);
}
