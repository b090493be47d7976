/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/run/history.h - the text of an item's prompt, with the turns before it: what the user said,
 * an answer of the requested length, what the user said then. The answers are text of ours, the
 * same whatever the target answered, so a turn's text is the beginning of the next one's.
 */
#pragma once
#include "plan/schedule.h"
#include "workload/prompt.h"

struct history_marks { /* what stands between, in the prompt's JSON */
    const char *before_answer, *after_answer;
};
extern const struct history_marks history_messages; /* of a list of chat messages */
extern const struct history_marks history_text;     /* of one text */

struct history {
    const struct schedule *schedule;
    const struct prompt_calibration *calibration;
    const struct history_marks *marks;
    uint32_t trial_base; /* of the schedule's first trial, in the whole run */
};

/* Upper bound of any item's text. */
size_t history_bytes(const struct history *h);
/* Writes the text of item @index; its length. @cap >= history_bytes(). */
size_t history_render(char *buf, size_t cap, const struct history *h, uint32_t index);
/* Whether any item has a history. */
bool history_any(const struct schedule *s);
