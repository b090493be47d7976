/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/prom.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

void prom_init(struct prom_scan *s, const char *text, size_t n)
{
    *s = (struct prom_scan){.at = text, .end = text + n};
}

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void skip_blanks(struct span *s)
{
    while (s->len > 0 && (*s->data == ' ' || *s->data == '\t')) {
        s->data++;
        s->len--;
    }
}

static struct span cut(struct span *s, size_t n)
{
    const struct span head = {s->data, n};

    assert(n <= s->len);
    s->data += n;
    s->len -= n;
    return head;
}

static bool take_char(struct span *s, char c)
{
    if (s->len == 0 || *s->data != c)
        return false;
    (void)cut(s, 1);
    return true;
}

/* A metric's name may have colons, a label's may not. Empty: there is none. */
static struct span take_name(struct span *s, bool colons)
{
    size_t n = 0;

    while (n < s->len && (is_alpha(s->data[n]) || (colons && s->data[n] == ':') ||
                          (n > 0 && is_digit(s->data[n]))))
        n++;
    return cut(s, n);
}

static struct span take_word(struct span *s)
{
    size_t n = 0;

    while (n < s->len && s->data[n] != ' ' && s->data[n] != '\t')
        n++;
    return cut(s, n);
}

static bool span_is(struct span s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.data, text, s.len) == 0;
}

/* From behind the opening quote to before the closing one; false: it never closes, or escapes
 * something else than \, " and a line's end. */
static bool take_quoted(struct span *ret, struct span *s)
{
    size_t n = 0;

    while (n < s->len && s->data[n] != '"') {
        if (s->data[n] == '\\' && (n + 1 == s->len || !strchr("\\\"n", s->data[n + 1])))
            return false;
        n += s->data[n] == '\\' ? 2 : 1;
    }
    if (n >= s->len)
        return false;
    *ret = cut(s, n);
    return take_char(s, '"');
}

static bool take_label(struct prom_label *ret, struct span *s)
{
    skip_blanks(s);
    ret->name = take_name(s, false);
    skip_blanks(s);
    if (ret->name.len == 0 || !take_char(s, '='))
        return false;
    skip_blanks(s);
    return take_char(s, '"') && take_quoted(&ret->raw, s);
}

/* From behind the opening brace to behind the closing one. */
static const char *take_labels(struct span *ret, struct span *s)
{
    const struct span all = *s;

    for (size_t n = 0;; n++) {
        struct prom_label label;

        skip_blanks(s);
        if (take_char(s, '}'))
            break;
        if (n == PROM_LABELS)
            return "more than 64 labels";
        if (!take_label(&label, s))
            return "no label where one is due";
        skip_blanks(s);
        if (!take_char(s, ',') && (s->len == 0 || *s->data != '}'))
            return "neither a comma nor a brace behind a label";
    }
    *ret = (struct span){all.data, (size_t)(s->data - all.data) - 1};
    return NULL;
}

/* What strtod() takes beyond the format: hexadecimal, a lone dot, "nan(...)". */
static bool is_number_text(struct span w)
{
    static const char *const words[] = {"NaN", "nan", "+Inf", "-Inf", "Inf", "+inf", "-inf", "inf"};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (span_is(w, words[i]))
            return true;
    for (size_t i = 0; i < w.len; i++)
        if (!is_digit(w.data[i]) && !strchr("+-.eE", w.data[i]))
            return false;
    return w.len > 0;
}

static bool take_number(double *ret, struct span *s)
{
    const struct span w = take_word(s);
    char text[64], *end;
    double v;

    if (!is_number_text(w) || w.len >= sizeof text || memchr(w.data, '\0', w.len))
        return false;
    memcpy(text, w.data, w.len);
    text[w.len] = '\0';
    v = strtod(text, &end);
    if (end != text + w.len)
        return false;
    *ret = v;
    return true;
}

/* "# {labels} value [time]", behind a bucket or a counter. */
static const char *take_exemplar(struct span *s)
{
    struct span labels;
    const char *why;
    double v;

    skip_blanks(s);
    if (!take_char(s, '{'))
        return "no exemplar behind #";
    why = take_labels(&labels, s);
    if (why)
        return why;
    skip_blanks(s);
    if (!take_number(&v, s))
        return "an exemplar without a number";
    skip_blanks(s);
    return s->len == 0 || take_number(&v, s) ? NULL : "an exemplar's time is no number";
}

/* An optional time, an optional exemplar, nothing more. */
static const char *take_tail(struct span *s)
{
    const char *why;
    double time;

    skip_blanks(s);
    if (s->len > 0 && *s->data != '#' && !take_number(&time, s))
        return "the time is no number";
    skip_blanks(s);
    if (take_char(s, '#')) {
        why = take_exemplar(s);
        if (why)
            return why;
        skip_blanks(s);
    }
    return s->len == 0 ? NULL : "more than a value and a time";
}

static const char *take_sample(struct prom_sample *ret, struct span s)
{
    const char *why = NULL;

    ret->name = take_name(&s, true);
    if (ret->name.len == 0)
        return "no name where one is due";
    ret->labels = (struct span){s.data, 0};
    skip_blanks(&s);
    if (take_char(&s, '{'))
        why = take_labels(&ret->labels, &s);
    if (why)
        return why;
    skip_blanks(&s);
    if (!take_number(&ret->value, &s))
        return "no number where the value is due";
    return take_tail(&s);
}

/* The next line, without its end. */
static struct span take_line(struct prom_scan *s)
{
    const char *lf = memchr(s->at, '\n', (size_t)(s->end - s->at));
    struct span line = {s->at, (size_t)((lf ? lf : s->end) - s->at)};

    s->at = lf ? lf + 1 : s->end;
    s->line++;
    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

enum prom_step prom_next(struct prom_scan *s, struct prom_sample *ret)
{
    while (s->at < s->end) {
        struct span line = take_line(s);
        struct prom_sample m;

        skip_blanks(&line);
        if (line.len == 0 || (line.len <= PROM_LINE && take_char(&line, '#')))
            continue;
        s->why = line.len > PROM_LINE ? "longer than 64 KiB" : take_sample(&m, line);
        if (s->why)
            return PROM_BAD;
        *ret = m;
        return PROM_SAMPLE;
    }
    return PROM_END;
}

bool prom_named(const struct prom_sample *m, const char *name)
{
    return span_is(m->name, name);
}

bool prom_label_next(struct prom_label *ret, struct span *rest)
{
    skip_blanks(rest);
    if (rest->len == 0 || !take_label(ret, rest))
        return false;
    skip_blanks(rest);
    (void)take_char(rest, ',');
    return true;
}

static bool unescape(char buf[PROM_VALUE], struct span raw)
{
    size_t n = 0;

    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.data[i];

        if (c == '\\' && i + 1 < raw.len) {
            c = raw.data[++i];
            c = c == 'n' ? '\n' : c;
        }
        if (n + 1 == PROM_VALUE || c == '\0')
            return false;
        buf[n++] = c;
    }
    buf[n] = '\0';
    return true;
}

bool prom_label(char buf[PROM_VALUE], const struct prom_sample *m, const char *name)
{
    struct span rest = m->labels;
    struct prom_label label;

    while (prom_label_next(&label, &rest))
        if (span_is(label.name, name))
            return unescape(buf, label.raw);
    return false;
}
