/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/prompt.h"
#include "harness/fault.h"
#include "harness/unit.h"

static const struct prompt_calibration plain = {.tokens_per_word = 1};

static char *render(const struct prompt_spec *spec, const struct prompt_calibration *c)
{
    size_t cap = prompt_bytes(spec->tokens, c);
    char *text = malloc(cap);
    size_t len;

    assert_non_null(text);
    len = prompt_render(text, cap, spec, c);
    assert_int_equal(len, strlen(text));
    return text;
}

static size_t words_of(const char *text)
{
    size_t n = *text ? 1 : 0;

    for (; *text; text++)
        n += *text == ' ';
    return n;
}

static void the_words_are_distinct_short_and_lower_case(void **state)
{
    (void)state;
    assert_true(prompt_word_count() >= 600);
    for (size_t i = 0; i < prompt_word_count(); i++) {
        const char *word = prompt_word(i);

        assert_in_range(strlen(word), 2, 7);
        assert_int_equal(strspn(word, "abcdefghijklmnopqrstuvwxyz"), strlen(word));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(word, prompt_word(k));
    }
}

static void a_prompt_has_as_many_words_as_tokens_asked_for(void **state)
{
    const int32_t lengths[] = {1, 2, 7, 63, 1000, 14050};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct prompt_spec spec = {.seed = 1, .tokens = lengths[i]};
        AUTO(free) char *text = render(&spec, &plain);

        assert_int_equal(words_of(text), lengths[i]);
        assert_int_equal(strspn(text, "abcdefghijklmnopqrstuvwxyz "), strlen(text));
        assert_true(text[0] != ' ' && text[strlen(text) - 1] != ' ');
        assert_null(strstr(text, "  "));
    }
}

static void the_calibration_corrects_the_word_count(void **state)
{
    const struct prompt_calibration c = {.tokens_per_word = 1.25, .overhead_tokens = 20};
    struct prompt_spec spec = {.seed = 1, .tokens = 1020};
    AUTO(free) char *text = render(&spec, &c);
    AUTO(free) char *least = NULL;

    (void)state;
    assert_int_equal(words_of(text), 800);
    spec.tokens = 3; /* below the overhead: one word, never none */
    least = render(&spec, &c);
    assert_int_equal(words_of(least), 1);
}

static void the_first_own_word_is_unique_over_any_500_serials(void **state)
{
    enum { SPAN = 3 * PROMPT_DISTINCT };
    static char first[SPAN][16];

    (void)state;
    for (uint32_t i = 0; i < SPAN; i++) {
        /* the trial changes in between: uniqueness must hold across its boundary */
        struct prompt_spec spec = {.seed = 9, .trial = i / 700, .serial = i, .tokens = 5};
        AUTO(free) char *text = render(&spec, &plain);

        (void)snprintf(first[i], sizeof first[i], "%.*s", (int)strcspn(text, " "), text);
        for (uint32_t k = i < PROMPT_DISTINCT ? 0 : i - PROMPT_DISTINCT + 1; k < i; k++)
            assert_string_not_equal(first[i], first[k]);
    }
}

static void the_same_spec_gives_the_same_text_and_another_serial_another(void **state)
{
    struct prompt_spec spec = {.seed = 5, .serial = 3, .tokens = 40};
    AUTO(free) char *one = render(&spec, &plain);
    AUTO(free) char *same = render(&spec, &plain);
    AUTO(free) char *serial = NULL, *trial = NULL, *seed = NULL;

    (void)state;
    assert_string_equal(one, same);
    spec.serial = 4;
    serial = render(&spec, &plain);
    assert_string_not_equal(one, serial);
    spec.serial = 3;
    spec.trial = 1;
    trial = render(&spec, &plain);
    assert_string_not_equal(strchr(one, ' '), strchr(trial, ' '));
    spec.trial = 0;
    spec.seed = 6;
    seed = render(&spec, &plain);
    assert_string_not_equal(strchr(one, ' '), strchr(seed, ' '));
}

static size_t shared_words(const char *a, const char *b)
{
    size_t n = 0, i = 0;

    for (; a[i] && a[i] == b[i]; i++)
        n += a[i] == ' ';
    return n;
}

static void prompts_share_exactly_their_common_leading_blocks(void **state)
{
    const uint32_t left[] = {0, 1, 2}, right[] = {0, 1, 7};
    struct prompt_spec spec = {.seed = 2,
                               .serial = 10,
                               .tokens = 1000,
                               .blocks = left,
                               .block_count = 3,
                               .block_tokens = 300};
    AUTO(free) char *a = render(&spec, &plain);
    AUTO(free) char *b = NULL, *other_trial = NULL;

    (void)state;
    spec.serial = 11;
    spec.blocks = right;
    spec.tokens = 950;
    b = render(&spec, &plain);
    assert_int_equal(words_of(a), 1000);
    assert_int_equal(words_of(b), 950);
    assert_int_equal(shared_words(a, b), 600);
    spec.trial = 1;
    other_trial = render(&spec, &plain);
    assert_int_equal(shared_words(b, other_trial), 0);
}

static void blocks_that_do_not_fit_are_cut_at_the_length(void **state)
{
    const uint32_t blocks[] = {4, 5, 6};
    struct prompt_spec spec = {
        .seed = 2, .tokens = 70, .blocks = blocks, .block_count = 3, .block_tokens = 32};
    AUTO(free) char *text = render(&spec, &plain);
    AUTO(free) char *whole = NULL;

    (void)state;
    assert_int_equal(words_of(text), 70);
    spec.tokens = 96;
    whole = render(&spec, &plain);
    assert_memory_equal(text, whole, strlen(text)); /* the cut block is a beginning of the block */
}

static void rendering_allocates_nothing_and_stays_inside_its_bound(void **state)
{
    static char buf[70000];
    struct prompt_spec spec = {.seed = 3, .tokens = 8000};
    size_t cap = prompt_bytes(8000, &plain);

    (void)state;
    assert_true(cap < sizeof buf);
    for (uint32_t serial = 0; serial < 50; serial++) {
        memset(buf, '#', sizeof buf);
        spec.serial = serial;
        fault_alloc(-1);
        assert_true(prompt_render(buf, cap, &spec, &plain) < cap);
        assert_int_equal(fault_allocs(), 0);
        assert_int_equal(buf[cap], '#');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_words_are_distinct_short_and_lower_case),
        cmocka_unit_test(a_prompt_has_as_many_words_as_tokens_asked_for),
        cmocka_unit_test(the_calibration_corrects_the_word_count),
        cmocka_unit_test(the_first_own_word_is_unique_over_any_500_serials),
        cmocka_unit_test(the_same_spec_gives_the_same_text_and_another_serial_another),
        cmocka_unit_test(prompts_share_exactly_their_common_leading_blocks),
        cmocka_unit_test(blocks_that_do_not_fit_are_cut_at_the_length),
        cmocka_unit_test(rendering_allocates_nothing_and_stays_inside_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
