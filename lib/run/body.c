/* SPDX-License-Identifier: Apache-2.0 */
#include "run/body.h"
#include "base/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELD_BYTES = BODY_ID_BYTES, QUOTES_BYTES = 3 /* and the comma */ };

/* The endpoint's own template, or the plan's. */
static char *source(const struct plan *p, bool ignore_eos)
{
    AUTO(str_release) struct str s = {0};

    switch (p->target.api) {
    case API_RESPONSES:
        str_addf(&s,
                 "{\"model\":\"{{model}}\",\"input\":\"{{prompt}}\",\"max_output_tokens\":"
                 "{{output_tokens}},\"temperature\":%g,\"stream\":%s%s",
                 p->load.temperature, p->target.stream ? "true" : "false",
                 ignore_eos ? ",\"ignore_eos\":true" : "");
        break;
    case API_EMBEDDINGS:
        str_add(&s, "{\"model\":\"{{model}}\",\"input\":\"{{prompt}}\"");
        break;
    case API_RERANK:
        str_add(&s, "{\"model\":\"{{model}}\",\"query\":\"{{query}}\",\"documents\":"
                    "[{{documents}}]");
        break;
    default:
        str_add(&s, p->target.body_template);
        return str_take(&s);
    }
    plan_add_body(&s, p);
    str_add(&s, "}");
    return str_take(&s);
}

/* The model's name as it stands inside a JSON string. NULL: no memory. */
static char *escaped(const char *model)
{
    AUTO(str_release) struct str quoted = {0};
    char *text;

    str_add_json(&quoted, model);
    text = str_take(&quoted);
    if (text) { /* without its quotes */
        size_t n = strlen(text) - 2;

        memmove(text, text + 1, n);
        text[n] = '\0';
    }
    return text;
}

static bool holds_prompt(enum template_kind k)
{
    return k == TEMPLATE_PROMPT || k == TEMPLATE_DOCUMENTS; /* the query is a part of these */
}

static void count_part(struct body *b, const struct template_part *part)
{
    b->count++;
    b->prompts += holds_prompt(part->kind);
    b->fixed_bytes += part->kind == TEMPLATE_TEXT    ? part->len
                      : part->kind == TEMPLATE_MODEL ? strlen(b->model)
                                                     : FIELD_BYTES;
}

static int split(struct body *b)
{
    struct template_part part;
    size_t i = 0;

    for (const char *at = b->text; template_next(&part, &at) == 1;)
        count_part(b, &part);
    b->parts = calloc(b->count + 1, sizeof *b->parts);
    if (!b->parts)
        return -ENOMEM;
    for (const char *at = b->text; template_next(&part, &at) == 1;)
        b->parts[i++] = part;
    return 0;
}

int body_init(struct body *ret, const struct plan *p, const char *model, bool ignore_eos,
              struct err *err)
{
    AUTO(body_release) struct body b = {.documents = p->target.documents};

    if (p->target.api != API_CHAT && p->target.api != API_COMPLETIONS) {
        b.text = source(p, ignore_eos);
        b.model = escaped(model);
        if (!b.text || !b.model || split(&b) < 0)
            return err_set(err, -ENOMEM, "out of memory for the request's template");
    }
    *ret = b;
    b = (struct body){0};
    return 0;
}

void body_release(struct body *b)
{
    free(b->text);
    free(b->model);
    free(b->parts);
    *b = (struct body){0};
}

size_t body_bytes(const struct body *b, size_t prompt_bytes)
{
    return b->fixed_bytes + b->prompts * prompt_bytes + (size_t)b->documents * QUOTES_BYTES;
}

static char *put(char *at, const char *data, size_t n)
{
    memcpy(at, data, n);
    return at + n;
}

static size_t count_words(const struct body_item *item)
{
    size_t n = 1;

    for (size_t i = 0; i < item->prompt_len; i++)
        n += item->prompt[i] == ' ';
    return n;
}

/* Where @words words end that begin at @from; a prompt may be too short for them. */
static size_t words_end(const struct body_item *item, size_t from, size_t words)
{
    size_t end = from;

    for (size_t n = 0; n < words && end < item->prompt_len; n++) {
        end += n > 0; /* the blank before this word */
        while (end < item->prompt_len && item->prompt[end] != ' ')
            end++;
    }
    return end;
}

/* Part @i of the prompt's @parts equal ones, by words; the first, the query, has at least one. */
static size_t words_of_part(size_t words, size_t i, size_t parts)
{
    size_t n = words * (i + 1) / parts - words * i / parts;

    return n == 0 && i == 0 ? 1 : n;
}

static char *put_query(const struct body *b, char *at, const struct body_item *item)
{
    size_t words = words_of_part(count_words(item), 0, (size_t)b->documents + 1);

    return put(at, item->prompt, words_end(item, 0, words));
}

static char *put_documents(const struct body *b, char *at, const struct body_item *item)
{
    size_t words = count_words(item), parts = (size_t)b->documents + 1;
    size_t end = words_end(item, 0, words_of_part(words, 0, parts));

    for (size_t i = 1; i < parts; i++) {
        size_t from = end + (end < item->prompt_len); /* behind the blank */

        end = words_end(item, from, words_of_part(words, i, parts));
        if (i > 1)
            *at++ = ',';
        *at++ = '"';
        at = put(at, item->prompt + from, end - from);
        *at++ = '"';
    }
    return at;
}

static char *put_part(const struct body *b, char *at, const struct template_part *part,
                      const struct body_item *item)
{
    switch (part->kind) {
    case TEMPLATE_PROMPT:
        return put(at, item->prompt, item->prompt_len);
    case TEMPLATE_INPUT:
        return at + sprintf(at, "%d", item->input_tokens); /* of FIELD_BYTES, as counted */
    case TEMPLATE_OUTPUT:
        return at + sprintf(at, "%d", item->output_tokens);
    case TEMPLATE_MODEL:
        return put(at, b->model, strlen(b->model));
    case TEMPLATE_ID:
        return put(at, item->id, strlen(item->id));
    case TEMPLATE_QUERY:
        return put_query(b, at, item);
    case TEMPLATE_DOCUMENTS:
        return put_documents(b, at, item);
    default:
        return put(at, part->text, part->len);
    }
}

size_t body_render(const struct body *b, char *at, const struct body_item *item)
{
    char *end = at;

    for (size_t i = 0; i < b->count; i++)
        end = put_part(b, end, &b->parts[i], item);
    return (size_t)(end - at);
}
