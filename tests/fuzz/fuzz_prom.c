/* SPDX-License-Identifier: Apache-2.0 */
/* Every span lies in the text; labels that were checked can be read; a sample written again reads
 * the same. */
#include "base/str.h"
#include "split.h"
#include "wire/prom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool inside(struct span s, const char *text, size_t n)
{
    return s.data >= text && s.data + s.len <= text + n;
}

static void read_labels(const struct prom_sample *m, const char *text, size_t n)
{
    struct span rest = m->labels;
    struct prom_label label;
    size_t count = 0;

    while (prom_label_next(&label, &rest)) {
        char buf[PROM_VALUE], name[256];

        DEMAND(inside(label.name, text, n) && inside(label.raw, text, n) && label.name.len > 0);
        DEMAND(++count <= PROM_LABELS);
        if (label.name.len >= sizeof name)
            continue;
        (void)snprintf(name, sizeof name, "%.*s", (int)label.name.len, label.name.data);
        if (prom_label(buf, m, name))
            DEMAND(strlen(buf) < PROM_VALUE);
    }
    DEMAND(rest.len == 0);
}

static void write_again(const struct prom_sample *m)
{
    AUTO(str_release) struct str s = {0};
    struct prom_sample again;
    struct prom_scan scan;

    str_addn(&s, m->name.data, m->name.len);
    str_add(&s, "{");
    str_addn(&s, m->labels.data, m->labels.len);
    str_addf(&s, "} %.17g\n", m->value);
    DEMAND(str_ok(&s));
    if (s.len > PROM_LINE)
        return;
    prom_init(&scan, s.data, s.len);
    DEMAND(prom_next(&scan, &again) == PROM_SAMPLE);
    DEMAND(again.name.len == m->name.len && again.labels.len == m->labels.len);
    DEMAND(again.value == m->value || (again.value != again.value && m->value != m->value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = malloc(n ? n : 1); /* of its own, so that a sanitizer sees a read beyond it */
    struct prom_scan scan;
    struct prom_sample m;
    enum prom_step step;
    size_t line = 0;

    DEMAND(text);
    if (n > 0)
        memcpy(text, data, n);
    prom_init(&scan, text, n);
    while ((step = prom_next(&scan, &m)) != PROM_END) {
        DEMAND(scan.line > line);
        line = scan.line;
        DEMAND((step == PROM_BAD) == (scan.why != NULL));
        if (step == PROM_BAD)
            continue;
        DEMAND(inside(m.name, text, n) && inside(m.labels, text, n));
        read_labels(&m, text, n);
        write_again(&m);
    }
    DEMAND(scan.at == scan.end);
    free(text);
    return 0;
}
