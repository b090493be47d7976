/* SPDX-License-Identifier: Apache-2.0 */
/* A word is copied as eight bytes (seven letters at most, then NULs), then the space is set
 * behind it: no loop and no branch a word. Hence the slack that prompt_bytes() asks for. */
#include "workload/prompt.h"
#include "base/rng.h"
#include "workload/words.h"
#include <math.h>
#include <string.h>

enum { SLOT = 8, WORDS = 1024, INDEX_BITS = 10, INDEXES = 64 / INDEX_BITS };
enum kind {
    KIND_OFFSET = 0x70726f01,
    KIND_BLOCK = 0x70726f02,
    KIND_OWN = 0x70726f03,
    KIND_ANSWER = 0x70726f04
};

struct word {
    char text[SLOT];
    uint8_t len;
};

#define WORD(w) {#w, sizeof #w - 1},
static const struct word words[] = {PROMPT_WORDS(WORD)};
static_assert(COUNT_OF(words) == WORDS, "ten bits choose a word");
static_assert(COUNT_OF(words) >= PROMPT_DISTINCT, "first words do not repeat too soon");

struct pen { /* where the next word goes */
    char *at;
    const char *end;
};

size_t prompt_word_count(void)
{
    return WORDS;
}

const char *prompt_word(size_t i)
{
    assert(i < WORDS);
    return words[i].text;
}

static int64_t words_for(double tokens, const struct prompt_calibration *c)
{
    assert(c->tokens_per_word > 0);
    return i64_max(llround(tokens / c->tokens_per_word), 1);
}

size_t prompt_bytes(int32_t tokens, const struct prompt_calibration *c)
{
    return ((size_t)words_for(tokens, c) + 1) * SLOT + 1;
}

static inline void write_word(struct pen *pen, size_t index)
{
    const struct word *w = &words[index];

    memcpy(pen->at, w->text, SLOT);
    pen->at[w->len] = ' ';
    pen->at += w->len + 1;
    assert(pen->at <= pen->end);
}

/* @count words: one given, the others drawn. */
static void write_words(struct pen *pen, struct rng *rng, size_t first, int64_t count)
{
    write_word(pen, first);
    for (int64_t left = count - 1; left > 0;) {
        uint64_t bits = rng_u64(rng);

        for (int i = 0; i < INDEXES && left > 0; i++, left--, bits >>= INDEX_BITS)
            write_word(pen, bits % WORDS);
    }
}

/* Where a seed's walk through the list begins. */
static uint64_t offset_of(uint64_t seed)
{
    struct rng rng;

    rng_init(&rng, seed, KIND_OFFSET);
    return rng_u64(&rng) % WORDS;
}

static struct rng text_rng(const struct prompt_spec *spec, enum kind kind, uint32_t id)
{
    struct rng rng;

    rng_init(&rng, spec->seed, kind);
    rng_init(&rng, rng_u64(&rng), (uint64_t)spec->trial << 32 | id);
    return rng;
}

/* Blocks with neighbouring ids begin with different words. */
static void write_block(struct pen *pen, const struct prompt_spec *spec, uint32_t id, int64_t count)
{
    struct rng rng = text_rng(spec, KIND_BLOCK, id);

    write_words(pen, &rng, (offset_of(spec->seed) + spec->trial + id) % WORDS, count);
}

/* The serial alone, not the trial, moves the first word: it stays unique across a trial's end. */
static void write_own(struct pen *pen, const struct prompt_spec *spec, int64_t count)
{
    enum kind kind = spec->part == PROMPT_ANSWER ? KIND_ANSWER : KIND_OWN;
    struct rng rng = text_rng(spec, kind, spec->serial);

    write_words(pen, &rng, (offset_of(spec->seed) + spec->serial) % WORDS, count);
}

/* Of the part's tokens, those that the target's template adds. */
static double template_tokens(const struct prompt_spec *spec, const struct prompt_calibration *c)
{
    return spec->part == PROMPT_WHOLE  ? c->overhead_tokens
           : spec->part == PROMPT_TURN ? c->turn_tokens
                                       : 0;
}

size_t prompt_render(char *buf, size_t cap, const struct prompt_spec *spec,
                     const struct prompt_calibration *c)
{
    int64_t left = words_for(spec->tokens - template_tokens(spec, c), c);
    struct pen pen = {buf, buf + cap - 1};

    assert(cap >= prompt_bytes(spec->tokens, c));
    for (uint32_t i = 0; i < spec->block_count && left > 0; i++) {
        int64_t count = i64_min(words_for(spec->block_tokens, c), left);

        write_block(&pen, spec, spec->blocks[i], count);
        left -= count;
    }
    if (left > 0)
        write_own(&pen, spec, left);
    pen.at[-1] = '\0'; /* the space behind the last word */
    return (size_t)(pen.at - 1 - buf);
}
