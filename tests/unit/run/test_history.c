/* SPDX-License-Identifier: Apache-2.0 */
#include "run/history.h"
#include "harness/unit.h"
#include <stdlib.h>
#include <string.h>

enum { TURNS = 5 };

static struct item items[2 * TURNS];
static uint32_t after[2 * TURNS], blocks[] = {3};
static struct schedule schedule = {
    .items = items, .after = after, .blocks = blocks, .block_tokens = 6, .prompt_seed = 5};

/* Two sessions: 20 tokens, an answer of 7, and 11 more each turn. */
static void make(void)
{
    schedule.count = COUNT_OF(items);
    schedule.after_count = COUNT_OF(items);
    for (uint32_t i = 0; i < COUNT_OF(items); i++) {
        uint32_t turn = i % TURNS;

        after[i] = i - 1;
        items[i] = (struct item){.input_tokens = 20 + (int32_t)turn * 18,
                                 .output_tokens = 7,
                                 .turn = turn,
                                 .block_count = turn == 0,
                                 .after_first = i,
                                 .after_count = turn > 0,
                                 .history = turn > 0};
    }
}

static char *rendered(const struct history *h, uint32_t index)
{
    size_t cap = history_bytes(h);
    char *text = malloc(cap + 1);

    assert_non_null(text);
    text[history_render(text, cap, h, index)] = '\0';
    return text;
}

static int words_in(const char *text)
{
    int n = 0;

    for (const char *c = text; *c; c++)
        n += *c != ' ' && (c == text || c[-1] == ' ');
    return n;
}

static void a_turn_begins_with_the_text_of_the_one_before(void **state)
{
    const struct history_marks *marks[] = {&history_text, &history_messages, 0};
    static const struct prompt_calibration nominal = {.tokens_per_word = 1};

    (void)state;
    make();
    for (size_t m = 0; m < 2; m++) {
        struct history h = {&schedule, &nominal, marks[m], 0};
        char *before = rendered(&h, 0);

        for (uint32_t i = 1; i < COUNT_OF(items); i++) {
            char *text = rendered(&h, i);

            assert_int_equal(strncmp(text, before, strlen(before)) == 0, i % TURNS > 0);
            if (m == 0)
                assert_int_equal(words_in(text), items[i].input_tokens);
            free(before);
            before = text;
        }
        free(before);
    }
}

static void messages_take_turns(void **state)
{
    static const struct prompt_calibration nominal = {.tokens_per_word = 1};
    struct history h = {&schedule, &nominal, &history_messages, 0};
    static const char user[] = "\"},{\"role\":\"user\",\"content\":\"",
                      assistant[] = "\"},{\"role\":\"assistant\",\"content\":\"";
    char *text, *at;

    (void)state;
    make();
    text = at = rendered(&h, TURNS - 1);
    for (int i = 1; i < TURNS; i++) {
        char *answer = strstr(at, assistant), *turn = strstr(at, user);

        assert_true(answer && turn && answer < turn);
        *turn = '\0';
        assert_int_equal(words_in(answer + strlen(assistant)), 7);
        at = turn + 1;
    }
    assert_null(strstr(at, assistant));
    free(text);
}

/* What the template adds is taken off the words: once for the prompt, then for each further turn.
 */
static void the_templates_tokens_are_no_words(void **state)
{
    static const struct prompt_calibration c = {
        .tokens_per_word = 1, .overhead_tokens = 4, .turn_tokens = 3};
    struct history h = {&schedule, &c, &history_text, 0};

    (void)state;
    make();
    for (uint32_t i = 0; i < TURNS; i++) {
        char *text = rendered(&h, i);

        assert_int_equal(words_in(text), items[i].input_tokens - 4 - 3 * (int32_t)i);
        free(text);
    }
}

static void any_calibration_stays_within_the_bound(void **state)
{
    (void)state;
    make();
    for (int k = 1; k < 40; k++) {
        struct prompt_calibration c = {.tokens_per_word = k / 10.0, .turn_tokens = k};
        struct history h = {&schedule, &c, &history_messages, 0};
        size_t cap = history_bytes(&h);
        char *text = malloc(cap);

        for (uint32_t i = 0; i < COUNT_OF(items); i++)
            assert_true(history_render(text, cap, &h, i) < cap);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_begins_with_the_text_of_the_one_before),
        cmocka_unit_test(messages_take_turns),
        cmocka_unit_test(the_templates_tokens_are_no_words),
        cmocka_unit_test(any_calibration_stays_within_the_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
