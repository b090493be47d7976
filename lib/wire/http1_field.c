/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http1_field.h"
#include <string.h>
#include <strings.h>

bool line_trim_cr(struct line *line)
{
    if (line->full_len != line->len || line->len == 0 || line->text[line->len - 1] != '\r')
        return false;
    line->len--;
    line->full_len--;
    return true;
}

bool line_is_clean(const struct line *line)
{
    for (size_t i = 0; i < line->len; i++) {
        unsigned char c = (unsigned char)line->text[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* RFC 9110 tchar */
static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static size_t name_length(const struct line *line)
{
    size_t n = 0;

    while (n < line->len && is_token_char(line->text[n]))
        n++;
    return n;
}

const char *line_is_field(const struct line *line)
{
    size_t n = name_length(line);

    if (is_blank(line->text[0]))
        return "a folded header line";
    if (n == line->len && line->full_len > line->len)
        return NULL; /* a name that fills the buffer: passed over */
    if (n == 0 || n == line->len || line->text[n] != ':')
        return "a header line without a name and a colon";
    return line_is_clean(line) ? NULL : "a control character in a header line";
}

static struct span trim(struct span s)
{
    while (s.len > 0 && is_blank(s.data[0])) {
        s.data++;
        s.len--;
    }
    while (s.len > 0 && is_blank(s.data[s.len - 1]))
        s.len--;
    return s;
}

static bool span_is(struct span s, const char *word)
{
    return s.len == strlen(word) && strncasecmp(s.data, word, s.len) == 0;
}

static bool span_ends(struct span s, const char *word)
{
    size_t n = strlen(word);

    return s.len > n && strncasecmp(s.data + s.len - n, word, n) == 0;
}

/* Takes the next member of a comma-separated list; false at its end. */
static bool list_next(struct span *list, struct span *member)
{
    const char *comma = memchr(list->data, ',', list->len);
    size_t n = comma ? (size_t)(comma - list->data) : list->len;

    if (list->len == 0)
        return false;
    *member = trim((struct span){list->data, n});
    list->data += n + (comma != NULL);
    list->len -= n + (comma != NULL);
    return true;
}

static const char *read_content_length(struct http1 *p, struct span value)
{
    int64_t n = 0;

    if (p->content_length >= 0)
        return "more than one Content-Length";
    if (value.len == 0 || value.len > 18)
        return "Content-Length is no usable number";
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return "Content-Length is no usable number";
        n = n * 10 + (value.data[i] - '0');
    }
    p->content_length = n;
    return NULL;
}

static const char *read_transfer_encoding(struct http1 *p, struct span value)
{
    if (p->chunked || !span_is(value, "chunked"))
        return "a Transfer-Encoding other than chunked";
    p->chunked = true;
    return NULL;
}

static const char *read_connection(struct http1 *p, struct span value)
{
    struct span token;

    while (list_next(&value, &token)) {
        p->close |= span_is(token, "close");
        p->persist |= span_is(token, "keep-alive");
    }
    return NULL;
}

static const char *read_content_type(struct http1 *p, struct span value)
{
    const char *semicolon = memchr(value.data, ';', value.len);

    if (semicolon)
        value = trim((struct span){value.data, (size_t)(semicolon - value.data)});
    p->is_sse = span_is(value, "text/event-stream");
    p->is_json = span_is(value, "application/json") || span_ends(value, "+json");
    return NULL;
}

/* Several are applied one after the other: one that isn't identity is enough. */
static const char *read_content_encoding(struct http1 *p, struct span value)
{
    struct span coding;

    while (list_next(&value, &coding))
        p->is_encoded |= coding.len > 0 && !span_is(coding, "identity");
    return NULL;
}

static const char *read_server(struct http1 *p, struct span value)
{
    size_t n = value.len < sizeof p->server ? value.len : sizeof p->server - 1;

    memcpy(p->server, value.data, n);
    p->server[n] = '\0';
    return NULL;
}

static const struct field {
    const char *name;
    const char *(*read)(struct http1 *p, struct span value);
    bool whole; /* a value that was cut is an error */
} fields[] = {
    {"content-length", read_content_length, true},
    {"transfer-encoding", read_transfer_encoding, true},
    {"connection", read_connection, true},
    {"content-type", read_content_type, false},
    {"content-encoding", read_content_encoding, false},
    {"server", read_server, false},
};

const char *http1_field(struct http1 *p, const struct line *line)
{
    struct span name = {line->text, name_length(line)};
    const char *why = line_is_field(line);

    if (why)
        return why;
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        if (!span_is(name, fields[i].name))
            continue;
        if (fields[i].whole && line->full_len > line->len)
            return "a header line that decides the framing is longer than 1 KiB";
        return fields[i].read(
            p, trim((struct span){line->text + name.len + 1, line->len - name.len - 1}));
    }
    return NULL;
}
