/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/csv.h"
#include <string.h>

/* Unquotes in place; *@at moves behind the closing quote. */
static const char *read_quoted(char **at, char **field)
{
    char *from = *at + 1, *to = from;

    *field = from;
    for (; *from; from++) {
        if (*from == '"' && from[1] != '"')
            break;
        from += *from == '"'; /* "" stands for one quote */
        *to++ = *from;
    }
    if (!*from)
        return "quote not closed on its line";
    *at = from + 1;
    if (**at != ',' && **at != '\0')
        return "text after a closing quote";
    /* the terminator may fall on the closing quote, never on the comma */
    *to = '\0';
    return NULL;
}

static const char *read_plain(char **at, char **field)
{
    *field = *at;
    *at += strcspn(*at, ",\"");
    return **at == '"' ? "quote inside a field" : NULL;
}

const char *csv_split(struct csv *ret, char *line, size_t n)
{
    char *at = line;

    ret->count = 0;
    if (strlen(line) != n)
        return "NUL byte";
    for (;;) {
        char **field = &ret->field[ret->count];
        const char *problem = *at == '"' ? read_quoted(&at, field) : read_plain(&at, field);

        if (problem)
            return problem;
        ret->count++;
        if (*at == '\0')
            return NULL;
        if (ret->count == CSV_FIELDS)
            return "more than 64 fields";
        *at++ = '\0';
    }
}
