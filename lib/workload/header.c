/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/header.h"
#include <stdio.h>
#include <string.h>

#define ROWS_MAX INT64_C(1000000000000000) /* sums of counts stay far from an overflow */

struct text_key {
    const char *key;
    size_t at, size;
};
#define TEXT(key, member)                                                                          \
    {                                                                                              \
        key, offsetof(struct profile_header, member), sizeof((struct profile_header *)0)->member   \
    }

/* In the order of the file. */
static const struct text_key texts[] = {
    TEXT("name", name),
    TEXT("source", source),
    TEXT("source_sha256", source_sha256),
    TEXT("format", format),
    TEXT("tokenizer", tokenizer),
    TEXT("time_zone", time_zone),
    TEXT("window_from", window_from),
    TEXT("window_to", window_to),
    TEXT("ignored_fields", ignored),
    TEXT("license", license),
    TEXT("attribution", attribution),
    TEXT("modified", modified),
};
static const char *const other_keys[] = {"version",   "form",    "rows_read",
                                         "rows_used", "dropped", "block_tokens"};

static json_t *drops_json(const struct profile_header *h)
{
    json_t *list = json_array();

    for (size_t i = 0; i < h->drop_count; i++) {
        json_t *drop = json_object();

        json_put_str(drop, "reason", h->drops[i].reason);
        json_put_i64(drop, "rows", h->drops[i].rows);
        json_put_i64(drop, "first_line", h->drops[i].first_line);
        json_push(list, drop);
    }
    return list;
}

json_t *header_json(const struct profile_header *h, bool learned)
{
    json_t *body = json_object();

    json_put_i64(body, "version", PROFILE_VERSION);
    json_put_str(body, "form", learned ? "learned" : "rows");
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        json_put_str(body, texts[i].key, (const char *)h + texts[i].at);
    json_put_i64(body, "rows_read", h->rows_read);
    json_put_i64(body, "rows_used", h->rows_used);
    json_put(body, "dropped", drops_json(h));
    json_put_i64(body, "block_tokens", h->block_tokens);
    return body;
}

void header_add(struct str *s, const struct profile_header *h, bool learned)
{
    AUTO(json_unref) json_t *line = json_object();
    AUTO(free) char *text = NULL;

    json_put(line, "asrun_profile", header_json(h, learned));
    text = json_dumps(line, JSON_PRESERVE_ORDER);
    if (!text)
        s->failed = true;
    else
        str_addf(s, "%s\n", text);
}

struct reading {
    json_t *body;
    const char *where;
    struct err *err;
};

static int bad(const struct reading *r, const char *key, const char *want)
{
    return err_set(r->err, -EINVAL, "%s:1: asrun_profile.%s: %s is wanted", r->where, key, want);
}

static int read_text(const struct reading *r, const struct text_key *t, struct profile_header *h)
{
    const json_t *value = json_object_get(r->body, t->key);
    const char *text = json_string_value(value);

    if (!value)
        return 0;
    if (!text || json_string_length(value) >= t->size) {
        char want[64];

        (void)snprintf(want, sizeof want, "a text of at most %zu bytes", t->size - 1);
        return bad(r, t->key, want);
    }
    memcpy((char *)h + t->at, text, strlen(text) + 1);
    return 0;
}

static int read_count(const struct reading *r, const json_t *from, const char *key, int64_t most,
                      int64_t *ret)
{
    const json_t *value = json_object_get(from, key);

    if (!value)
        return 0;
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > most)
        return bad(r, key, "a whole number, not negative and not too large,");
    *ret = json_integer_value(value);
    return 0;
}

static int read_drops(const struct reading *r, struct profile_header *h)
{
    const json_t *list = json_object_get(r->body, "dropped");
    int bad_drop = 0;

    if (!list)
        return 0;
    if (!json_is_array(list) || json_array_size(list) > PROFILE_DROPS)
        return bad(r, "dropped", "a list of at most 32 {reason, rows, first_line}");
    for (size_t i = 0; i < json_array_size(list) && bad_drop == 0; i++) {
        const json_t *drop = json_array_get(list, i);
        struct profile_drop *d = &h->drops[h->drop_count++];
        const char *reason = json_string_value(json_object_get(drop, "reason"));

        if (!reason || strlen(reason) >= sizeof d->reason)
            return bad(r, "dropped", "a reason of at most 63 bytes");
        memcpy(d->reason, reason, strlen(reason) + 1);
        if (json_object_size(drop) != 3 || !json_object_get(drop, "rows") ||
            !json_object_get(drop, "first_line"))
            return bad(r, "dropped", "a list of {reason, rows, first_line}");
        bad_drop = read_count(r, drop, "rows", ROWS_MAX, &d->rows);
        if (bad_drop == 0)
            bad_drop = read_count(r, drop, "first_line", ROWS_MAX, &d->first_line);
    }
    return bad_drop;
}

static int check_balance(const struct reading *r, const struct profile_header *h)
{
    int64_t dropped = 0;

    for (size_t i = 0; i < h->drop_count; i++)
        dropped += h->drops[i].rows;
    if (h->rows_read == h->rows_used + dropped)
        return 0;
    return err_set(r->err, -EINVAL,
                   "%s:1: asrun_profile.rows_read: %" PRId64 " read, but %" PRId64
                   " used and %" PRId64 " dropped; the sums must balance",
                   r->where, h->rows_read, h->rows_used, dropped);
}

static int check_digest(const struct reading *r, const struct profile_header *h)
{
    size_t n = strspn(h->source_sha256, "0123456789abcdef");

    return (n == 0 || n == 64) && h->source_sha256[n] == '\0'
               ? 0
               : bad(r, "source_sha256", "64 lower-case hexadecimal digits, or an empty text,");
}

static bool known_key(const char *key)
{
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (strcmp(texts[i].key, key) == 0)
            return true;
    for (size_t i = 0; i < COUNT_OF(other_keys); i++)
        if (strcmp(other_keys[i], key) == 0)
            return true;
    return false;
}

static int check_keys(const struct reading *r)
{
    const char *key;
    json_t *value;

    json_object_foreach(r->body, key, value)
    {
        if (!known_key(key))
            return err_set(r->err, -EINVAL,
                           "%s:1: asrun_profile.%.40s: no such key; docs/formats/profile.md has "
                           "the keys",
                           r->where, key);
    }
    return 0;
}

static int read_form(const struct reading *r, bool *learned)
{
    const char *form = json_string_value(json_object_get(r->body, "form"));
    const json_t *version = json_object_get(r->body, "version");

    if (!json_is_integer(version) || json_integer_value(version) != PROFILE_VERSION)
        return bad(r, "version", "1, the version this asrun reads,");
    if (!form || (strcmp(form, "rows") != 0 && strcmp(form, "learned") != 0))
        return bad(r, "form", "\"rows\" or \"learned\"");
    *learned = strcmp(form, "learned") == 0;
    return 0;
}

static int read_body(const struct reading *r, struct profile_header *h)
{
    int64_t block = 0;
    int bad_key = check_keys(r);

    for (size_t i = 0; i < COUNT_OF(texts) && bad_key == 0; i++)
        bad_key = read_text(r, &texts[i], h);
    if (bad_key == 0)
        bad_key = read_count(r, r->body, "rows_read", ROWS_MAX, &h->rows_read);
    if (bad_key == 0)
        bad_key = read_count(r, r->body, "rows_used", ROWS_MAX, &h->rows_used);
    if (bad_key == 0)
        bad_key = read_count(r, r->body, "block_tokens", PROFILE_TOKENS_MAX, &block);
    h->block_tokens = (int32_t)block;
    if (bad_key == 0)
        bad_key = read_drops(r, h);
    if (bad_key == 0)
        bad_key = check_digest(r, h);
    return bad_key < 0 ? bad_key : check_balance(r, h);
}

int header_parse(struct profile_header *ret, bool *learned, const char *text, const char *where,
                 struct err *err)
{
    AUTO(json_unref) json_t *line = NULL;
    struct reading r = {.where = where, .err = err};
    struct profile_header h = {0};
    bool form = false;
    int bad_line = json_parse(&line, text, where, err);

    if (bad_line < 0)
        return bad_line;
    r.body = json_object_get(line, "asrun_profile");
    if (!json_is_object(r.body))
        return err_set(err, -EINVAL,
                       "%s:1: no asrun_profile header; a trace becomes a profile by: asrun profile "
                       "import azure|mooncake %s -o P.jsonl",
                       where, where);
    bad_line = read_form(&r, &form);
    if (bad_line == 0)
        bad_line = read_body(&r, &h);
    if (bad_line < 0)
        return bad_line;
    *ret = h;
    *learned = form;
    return 0;
}

void header_drop(struct profile_header *h, const char *reason, int64_t line)
{
    size_t i = 0;

    while (i < h->drop_count && strcmp(h->drops[i].reason, reason) != 0)
        i++;
    if (i == PROFILE_DROPS) /* more reasons than there are: never lose the count */
        i--;
    if (i == h->drop_count) {
        (void)snprintf(h->drops[i].reason, sizeof h->drops[i].reason, "%s", reason);
        h->drops[i].first_line = line;
        h->drop_count++;
    }
    h->drops[i].rows++;
}
