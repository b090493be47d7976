/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/wire/reply.c - a set of paths, as bits, narrows with each container entered; a value whose
 * set holds a path of just its depth is what that path names.
 */
#include "wire/reply_path.h"
#include <stdlib.h>
#include <string.h>

void reply_begin(struct reply *a, const struct reply_spec *spec)
{
    memset(a, 0, sizeof *a);
    json_scan_init(&a->json);
    a->spec = spec;
    a->paths = reply_paths(spec->kind, &a->path_count);
    a->event.input_tokens = a->event.output_tokens = a->event.cached_tokens = -1;
    a->total = -1;
    a->empty = true;
    a->mask[0] = UINT32_MAX;
    a->index[0] = -1;
    a->here = UINT32_MAX;
}

static const struct reply_path *path_at(const struct reply *a, size_t i)
{
    return i < a->path_count ? &a->paths[i] : &a->spec->test;
}

static size_t path_count(const struct reply *a)
{
    return a->path_count + (a->spec->test.count > 0);
}

/* Which of the paths of @mask go on, from step @step, by a key or to element @index. */
static uint32_t narrow(const struct reply *a, uint32_t mask, int step, int32_t index)
{
    uint32_t on = 0;

    for (size_t i = 0; i < path_count(a); i++) {
        const struct reply_path *p = path_at(a, i);
        const struct reply_step *s = &p->step[step];

        if (!(mask >> i & 1) || p->count <= step)
            continue;
        if (index < 0 ? reply_step_is_key(s, a->json.piece, a->json.piece_len)
                      : reply_step_is_element(s, index))
            on |= UINT32_C(1) << i;
    }
    return on;
}

/* Those of the current value's paths that go on inside it, where it is a container at @depth. */
static uint32_t going_on(const struct reply *a, int depth)
{
    uint32_t on = 0;

    for (size_t i = 0; a->here && i < path_count(a); i++)
        if ((a->here >> i & 1) && path_at(a, i)->count >= depth)
            on |= UINT32_C(1) << i;
    return on;
}

/* What a value whose container is at @depth is. The numbers of an embedding end at once. */
static void place(struct reply *a, int depth)
{
    bool element = depth <= REPLY_DEPTH && a->index[depth] >= 0;

    a->field = FIELD_NONE;
    if (depth > REPLY_STEPS || (element && a->mask[depth] == 0)) {
        a->here = 0;
        return;
    }
    if (element)
        a->here = narrow(a, a->mask[depth], depth - 1, a->index[depth]++);
    for (size_t i = 0; depth > 0 && i < path_count(a); i++)
        if ((a->here >> i & 1) && path_at(a, i)->count == depth)
            a->field = path_at(a, i)->field;
}

static void enter(struct reply *a, bool array)
{
    int depth = a->json.depth;

    place(a, depth - 1);
    if (depth <= REPLY_DEPTH) {
        a->mask[depth] = going_on(a, depth);
        a->index[depth] = array ? 0 : -1;
    }
    if (a->field == FIELD_ERROR)
        a->event.kind |= OPENAI_ERROR;
    a->items += a->field == FIELD_ITEM && array;
    a->matched |= a->field == FIELD_TEST && !a->spec->equals;
}

static void keep_text(char *to, size_t size, const struct reply *a)
{
    if (!a->cut && a->json.piece_len < size)
        memcpy(to, a->json.piece, a->json.piece_len + 1);
}

/* Words of an error, cut at a whole character, controls as blanks. */
static void take_words(struct reply *a)
{
    size_t room, n = a->json.piece_len;

    if (a->field == FIELD_MESSAGE && a->words_from != 0 && a->words_from != FIELD_MESSAGE)
        return;
    if (!a->cut)
        a->words_len = 0;
    a->words_from = a->field;
    room = sizeof a->event.error - 1 - a->words_len;
    if (n > room)
        for (n = room; n > 0 && ((unsigned char)a->json.piece[n] & 0xc0) == 0x80;)
            n--;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)a->json.piece[i];

        a->event.error[a->words_len++] = (char)(c < 0x20 || c == 0x7f ? ' ' : c);
    }
    a->event.error[a->words_len] = '\0';
}

/* The value's text so far against the wanted one. */
static void compare(struct reply *a, const char *text, size_t n, bool last)
{
    const char *want = a->spec->equals;

    if (!want) {
        a->matched = true;
        return;
    }
    if (!a->cut) {
        a->equal_len = 0;
        a->differs = false;
    }
    if (strnlen(want + a->equal_len, n) < n || memcmp(want + a->equal_len, text, n) != 0)
        a->differs = true;
    else
        a->equal_len += n;
    a->matched |= last && !a->differs && !want[a->equal_len];
}

static void take_string(struct reply *a, bool last)
{
    size_t n = a->json.piece_len;

    if (!a->cut)
        place(a, a->json.depth);
    switch ((enum field)a->field) {
    case FIELD_TYPE:
        keep_text(a->type, sizeof a->type, a);
        break;
    case FIELD_STATUS:
        keep_text(a->status, sizeof a->status, a);
        break;
    case FIELD_REASON:
        keep_text(a->reason, sizeof a->reason, a);
        break;
    case FIELD_OBJECT:
        keep_text(a->object, sizeof a->object, a);
        break;
    case FIELD_DELTA:
        a->delta_bytes += (int64_t)n;
        break;
    case FIELD_TEXT:
    case FIELD_REASONING:
        a->text_bytes += (int64_t)n;
        a->event.kind |= n == 0 ? 0 : a->field == FIELD_TEXT ? OPENAI_CONTENT : OPENAI_REASONING;
        break;
    case FIELD_TOOL:
        a->event.kind |= n > 0 ? OPENAI_TOOL : 0;
        break;
    case FIELD_ERROR:
        a->event.kind |= n > 0 ? OPENAI_ERROR : 0;
        take_words(a);
        break;
    case FIELD_WORDS:
    case FIELD_MESSAGE:
        take_words(a);
        break;
    case FIELD_ITEM: /* an embedding as base64 */
        a->items += last && (n > 0 || a->cut);
        break;
    case FIELD_TEST:
        compare(a, a->json.piece, n, last);
        break;
    default:
        break;
    }
    a->cut = !last;
}

static bool is_number(const char *text, double v)
{
    char *end;
    double wanted = strtod(text, &end);

    return end > text && !*end && wanted == v;
}

static void take_number(struct reply *a)
{
    int32_t *count;

    place(a, a->json.depth);
    count = a->field == FIELD_INPUT    ? &a->event.input_tokens
            : a->field == FIELD_OUTPUT ? &a->event.output_tokens
            : a->field == FIELD_CACHED ? &a->event.cached_tokens
            : a->field == FIELD_TOTAL  ? &a->total
                                       : NULL;
    a->items += a->field == FIELD_ITEM && a->spec->kind == REPLY_RERANK;
    if (a->field == FIELD_TEST)
        a->matched |= !a->spec->equals || is_number(a->spec->equals, a->json.number);
    if (count && a->json.is_integer && a->json.integer >= 0 && a->json.integer <= INT32_MAX)
        *count = (int32_t)a->json.integer;
}

static void take_word(struct reply *a, const char *word)
{
    place(a, a->json.depth);
    if (a->field == FIELD_TEST)
        compare(a, word, strlen(word), true);
}

static void take_token(struct reply *a, enum json_token token)
{
    a->empty = false;
    switch (token) {
    case SCAN_OBJECT_BEGIN:
    case SCAN_ARRAY_BEGIN:
        enter(a, token == SCAN_ARRAY_BEGIN);
        break;
    case SCAN_KEY_PIECE: /* no name that matters is so long */
        a->cut = true;
        break;
    case SCAN_KEY:
        a->here = a->cut || a->json.depth > REPLY_STEPS
                      ? 0
                      : narrow(a, a->mask[a->json.depth], a->json.depth - 1, -1);
        a->cut = false;
        break;
    case SCAN_STRING_PIECE:
    case SCAN_STRING:
        take_string(a, token == SCAN_STRING);
        break;
    case SCAN_NUMBER:
        take_number(a);
        break;
    case SCAN_TRUE:
    case SCAN_FALSE:
        take_word(a, token == SCAN_TRUE ? "true" : "false");
        break;
    case SCAN_NULL:
        place(a, a->json.depth);
        break;
    default:
        break;
    }
}

void reply_feed(struct reply *a, const char *data, size_t n)
{
    const char *at = data, *end = data + n;
    enum json_token token;

    a->bytes += (int64_t)n;
    if (a->bad)
        return;
    while ((token = json_scan_next(&a->json, &at, end)) != SCAN_MORE && token < SCAN_DONE)
        take_token(a, token);
    if (token == SCAN_BAD) {
        a->bad = true;
        a->why = a->json.why;
    }
}

static bool is(const char *text, const char *word)
{
    return strcmp(text, word) == 0;
}

static void finish(struct reply *a, const char *state)
{
    struct openai_event *e = &a->event;

    if (is(state, "completed"))
        e->finish = 1;
    else if (is(state, "incomplete"))
        e->finish = is(a->reason, "max_output_tokens") ? 2
                    : is(a->reason, "content_filter")  ? 4
                                                       : 5;
    else if (is(state, "failed") || is(state, "cancelled"))
        e->kind |= OPENAI_ERROR;
    e->kind |= e->finish ? OPENAI_FINISH : 0;
}

/* A typed event of the responses API, or (without a type) the whole response. */
static void settle_response(struct reply *a)
{
    static const struct {
        const char *type;
        uint8_t kind;
    } deltas[] = {
        {"response.output_text.delta", OPENAI_CONTENT},
        {"response.refusal.delta", OPENAI_CONTENT},
        {"response.reasoning_text.delta", OPENAI_REASONING},
        {"response.reasoning_summary_text.delta", OPENAI_REASONING},
        {"response.function_call_arguments.delta", OPENAI_TOOL},
    };
    const char *type = a->type;

    for (size_t i = 0; i < COUNT_OF(deltas); i++)
        if (is(type, deltas[i].type) && a->delta_bytes > 0) {
            a->event.kind |= deltas[i].kind;
            a->text_bytes = deltas[i].kind == OPENAI_TOOL ? 0 : a->delta_bytes;
        }
    if (is(type, "error"))
        a->event.kind |= OPENAI_ERROR;
    else if (strncmp(type, "response.", 9) == 0 && !strchr(type + 9, '.'))
        finish(a, type + 9);
    else if (!*type)
        finish(a, a->status);
}

static void settle(struct reply *a)
{
    struct openai_event *e = &a->event;

    if (is(a->object, "error"))
        e->kind |= OPENAI_ERROR;
    if (a->spec->kind == REPLY_RESPONSES)
        settle_response(a);
    if (e->input_tokens < 0)
        e->input_tokens = a->total;
    if (e->input_tokens >= 0 || e->output_tokens >= 0 || e->cached_tokens >= 0)
        e->kind |= OPENAI_USAGE;
    if (a->spec->kind == REPLY_RESPONSES)
        a->good = e->finish != 0;
    else
        a->good =
            a->spec->kind == REPLY_JSON ? a->spec->test.count == 0 || a->matched : a->items > 0;
    if (a->good && a->spec->kind != REPLY_RESPONSES && !(e->kind & OPENAI_ERROR))
        e->kind |= OPENAI_CONTENT;
    e->bytes = (int32_t)i64_min(a->bytes, INT32_MAX);
    e->text_bytes = (int32_t)i64_min(a->text_bytes, INT32_MAX);
    if (!(e->kind & OPENAI_ERROR))
        e->error[0] = '\0';
}

int reply_end(struct reply *a, struct openai_event *ret)
{
    enum json_token token;

    while (!a->bad && (token = json_scan_end(&a->json)) != SCAN_DONE) {
        if (token < SCAN_DONE) { /* a bare number ends here */
            take_token(a, token);
            continue;
        }
        a->bad = true;
        a->why = a->json.why ? a->json.why : "no JSON";
    }
    if (a->bad)
        return -EBADMSG;
    settle(a);
    *ret = a->event;
    return 0;
}
