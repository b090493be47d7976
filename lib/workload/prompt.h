/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/workload/prompt.h - synthetic prompt text of a requested token length. Words come from a
 * shipped list of common English words, each one token with its leading space in the usual
 * byte-level BPE vocabularies; a calibration against the target's own count corrects what differs.
 *
 * A prompt is its prefix blocks (the same id gives the same text within a trial) and then words
 * of its own, as many as the calibration makes of the tokens left (blocks that do not fit are cut);
 * the first own word is different for any PROMPT_DISTINCT consecutive serials, so no
 * two prompts in a row share a beginning by accident.
 */
#pragma once
#include "base/base.h"

enum { PROMPT_DISTINCT = 500 };

struct prompt_calibration {
    double tokens_per_word;  /* 1 where every word is one token */
    double overhead_tokens;  /* the chat template's (or BOS) tokens, counted in every prompt */
    double turn_tokens;      /* the template's for one more answer and one more user's message */
    int32_t shared_overhead; /* of these, leading ones that a prefix cache can reuse */
};

enum prompt_part {
    PROMPT_WHOLE,  /* a prompt, or the first turn of a session */
    PROMPT_TURN,   /* what a user says in a later turn: words of its own only */
    PROMPT_ANSWER, /* what stands for the answer to turn @serial: the same */
};

struct prompt_spec {
    enum prompt_part part;
    uint64_t seed;   /* of the run's prompts */
    uint32_t trial;  /* trials never share text */
    uint32_t serial; /* position in the schedule */
    int32_t tokens;  /* wanted, as the target counts */
    const uint32_t *blocks;
    uint32_t block_count;
    int32_t block_tokens; /* after scaling; >= 1 where block_count > 0 */
};

size_t prompt_word_count(void);
const char *prompt_word(size_t i); /* 0 <= i < prompt_word_count() */
/* Upper bound of the text for @tokens tokens, NUL included. */
size_t prompt_bytes(int32_t tokens, const struct prompt_calibration *c);
/* Writes the text (only lower-case letters and spaces: safe inside JSON) and a NUL; returns its
 * length. @cap >= prompt_bytes(). Allocates nothing. */
size_t prompt_render(char *buf, size_t cap, const struct prompt_spec *spec,
                     const struct prompt_calibration *c);
