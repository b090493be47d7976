/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/rows.h"
#include "base/str.h"
#include <stdio.h>
#include <string.h>

void rows_begin(const struct rows *r)
{
    if (r->format == ROWS_JSON) {
        fputs("[", stdout);
        return;
    }
    for (size_t i = 0; i < r->column_count; i++)
        if (r->format == ROWS_CSV)
            printf("%s%s", i ? "," : "", r->columns[i]);
        else
            printf("%s%*s", i ? "  " : "", r->widths[i], r->columns[i]);
    fputs("\n", stdout);
}

static void put_quoted(const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        fputs(text, stdout);
        return;
    }
    fputc('"', stdout);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', stdout);
        fputc(*text, stdout);
    }
    fputc('"', stdout);
}

static void put_json_text(const char *text)
{
    AUTO(str_release) struct str s = {0};

    str_add_json(&s, text);
    fputs(str_ok(&s) ? s.data : "null", stdout);
}

static void put_number(const struct rows_value *v)
{
    if (v->is_real)
        printf("%.17g", v->real);
    else
        printf("%" PRId64, v->number);
}

static void put_csv(const struct rows_value *v)
{
    if (v->present && v->text)
        put_quoted(v->text);
    else if (v->present)
        put_number(v);
}

static void put_json(const struct rows_value *v)
{
    if (!v->present)
        fputs("null", stdout);
    else if (v->text)
        put_json_text(v->text);
    else
        put_number(v);
}

static void put_text(const struct rows_value *v, int width)
{
    char number[24];

    if (v->is_real)
        (void)snprintf(number, sizeof number, "%.4g", v->real);
    else
        (void)snprintf(number, sizeof number, "%" PRId64, v->number);
    printf("%*s", width, !v->present ? "-" : v->text ? v->text : number);
}

int rows_put(struct rows *r, const struct rows_value *values)
{
    if (r->format == ROWS_JSON)
        fputs(r->count ? ",\n {" : "\n {", stdout);
    for (size_t i = 0; i < r->column_count; i++) {
        if (r->format == ROWS_CSV) {
            fputs(i ? "," : "", stdout);
            put_csv(&values[i]);
        } else if (r->format == ROWS_JSON) {
            printf("%s\"%s\": ", i ? ", " : "", r->columns[i]);
            put_json(&values[i]);
        } else {
            fputs(i ? "  " : "", stdout);
            put_text(&values[i], r->widths[i]);
        }
    }
    fputs(r->format == ROWS_JSON ? "}" : "\n", stdout);
    r->count++;
    return ferror(stdout) ? -EIO : 0;
}

void rows_end(const struct rows *r)
{
    if (r->format == ROWS_JSON)
        fputs(r->count ? "\n]\n" : "]\n", stdout);
}
