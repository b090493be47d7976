/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/reply_path.h"
#include <string.h>

enum { ANY = -1, NO_ELEMENT = -2, INDEX_DIGITS = 6 };

#define K(text)                                                                                    \
    {                                                                                              \
        text, sizeof(text) - 1, NO_ELEMENT                                                         \
    }
#define EACH                                                                                       \
    {                                                                                              \
        NULL, 0, ANY                                                                               \
    }
#define ROW(field, count, ...)                                                                     \
    {                                                                                              \
        FIELD_##field, count,                                                                      \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define ERRORS                                                                                     \
    ROW(ERROR, 1, K("error")), ROW(WORDS, 2, K("error"), K("message")),                            \
        ROW(MESSAGE, 1, K("message")), ROW(MESSAGE, 1, K("detail")), ROW(OBJECT, 1, K("object"))

static const struct reply_path responses[] = {
    ERRORS,
    ROW(TYPE, 1, K("type")),
    ROW(DELTA, 1, K("delta")),
    ROW(STATUS, 2, K("response"), K("status")),
    ROW(REASON, 3, K("response"), K("incomplete_details"), K("reason")),
    ROW(ERROR, 2, K("response"), K("error")),
    ROW(WORDS, 3, K("response"), K("error"), K("message")),
    ROW(INPUT, 3, K("response"), K("usage"), K("input_tokens")),
    ROW(OUTPUT, 3, K("response"), K("usage"), K("output_tokens")),
    ROW(CACHED, 4, K("response"), K("usage"), K("input_tokens_details"), K("cached_tokens")),
    ROW(STATUS, 1, K("status")),
    ROW(REASON, 2, K("incomplete_details"), K("reason")),
    ROW(INPUT, 2, K("usage"), K("input_tokens")),
    ROW(OUTPUT, 2, K("usage"), K("output_tokens")),
    ROW(CACHED, 3, K("usage"), K("input_tokens_details"), K("cached_tokens")),
    ROW(TEXT, 5, K("output"), EACH, K("content"), EACH, K("text")),
    ROW(TEXT, 5, K("output"), EACH, K("content"), EACH, K("refusal")),
    ROW(REASONING, 5, K("output"), EACH, K("summary"), EACH, K("text")),
    ROW(TOOL, 3, K("output"), EACH, K("arguments")),
};
static const struct reply_path embeddings[] = {
    ERRORS,
    ROW(ITEM, 3, K("data"), EACH, K("embedding")),
    ROW(INPUT, 2, K("usage"), K("prompt_tokens")),
    ROW(TOTAL, 2, K("usage"), K("total_tokens")),
};
static const struct reply_path rerank[] = {
    ERRORS,
    ROW(ITEM, 3, K("results"), EACH, K("relevance_score")),
    ROW(INPUT, 2, K("usage"), K("prompt_tokens")),
    ROW(TOTAL, 2, K("usage"), K("total_tokens")),
    ROW(TOTAL, 3, K("meta"), K("tokens"), K("input_tokens")),
};
static const struct reply_path plain[] = {ERRORS};

static const struct {
    const struct reply_path *paths;
    size_t count;
} tables[] = {
    [REPLY_RESPONSES] = {responses, COUNT_OF(responses)},
    [REPLY_EMBEDDINGS] = {embeddings, COUNT_OF(embeddings)},
    [REPLY_RERANK] = {rerank, COUNT_OF(rerank)},
    [REPLY_JSON] = {plain, COUNT_OF(plain)},
};
static_assert(COUNT_OF(responses) < 32, "a bit each");

const struct reply_path *reply_paths(enum reply_kind kind, size_t *count)
{
    *count = tables[kind].count;
    return tables[kind].paths;
}

/* The element that "12" names; "012" and the like are names only. */
static int32_t element_of(const char *text, size_t n)
{
    int32_t index = 0;

    if (n == 0 || n > INDEX_DIGITS || (n > 1 && *text == '0'))
        return NO_ELEMENT;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return NO_ELEMENT;
        index = index * 10 + (text[i] - '0');
    }
    return index;
}

static bool is_escaped_well(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] == '~' && (i + 1 == n || (text[i + 1] != '0' && text[i + 1] != '1')))
            return false;
    return true;
}

int reply_pointer_parse(struct reply_path *ret, const char *text)
{
    struct reply_path p = {.field = FIELD_TEST};

    for (const char *at = text; *at == '/' || p.count == 0;) {
        size_t n = *at == '/' ? strcspn(at + 1, "/") : 0;

        if (*at != '/' || p.count == REPLY_STEPS || n >= SCAN_PIECE - 6 ||
            !is_escaped_well(at + 1, n))
            return -EINVAL;
        p.step[p.count++] = (struct reply_step){at + 1, n, element_of(at + 1, n)};
        at += n + 1;
    }
    *ret = p;
    return 0;
}

bool reply_step_is_key(const struct reply_step *s, const char *key, size_t n)
{
    size_t i = 0;

    if (!s->key)
        return false;
    for (size_t at = 0; at < s->len; at++, i++) {
        char c = s->key[at];

        if (c == '~')
            c = s->key[++at] == '0' ? '~' : '/';
        if (i == n || key[i] != c)
            return false;
    }
    return i == n;
}

bool reply_step_is_element(const struct reply_step *s, int32_t index)
{
    return s->index == ANY || s->index == index;
}
