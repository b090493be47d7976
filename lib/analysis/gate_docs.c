/* SPDX-License-Identifier: Apache-2.0 */
/* The table of gates@1 for docs/method.md. */
#include "analysis/condition.h"
#include "base/str.h"
#include <math.h>

static void add_limit(struct str *s, const struct gate_name *n, double limit)
{
    if (isnan(limit))
        str_add(s, " | ");
    else
        str_addf(s, " | %s %.4g %s", n->below ? "<" : ">", limit, gate_unit_name(n->unit));
}

static void add_voids(struct str *s, unsigned voids)
{
    static const char *const words[] = {"arrival", "order", "send", "closed", "open"};
    const char *between = "";

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (!(voids >> i & 1))
            continue;
        str_addf(s, "%s%s", between, words[i]);
        between = ", ";
    }
}

char *gate_docs(void)
{
    const struct second by_kernel = {.v = {[SECOND_READS] = 1}};
    const struct second by_user = {.v = {[SECOND_READS] = 1, [SECOND_UNSTAMPED] = 1}};
    AUTO(str_release) struct str s = {0};

    str_add(&s,
            "| gate | figure | of each | warns | refuses | voids | also, by user-space stamps |\n"
            "|---|---|---|---|---|---|---|\n");
    for (enum gate g = 0; g < GATE_COUNT_; g++) {
        const struct gate_name *n = gate_name(g);

        str_addf(&s, "| `%s` | %s | %s", n->name, n->figure, g < GATE_SECONDS_ ? "second" : "run");
        add_limit(&s, n, n->limit.warn);
        add_limit(&s, n, n->limit.refuse);
        str_add(&s, " | ");
        add_voids(&s, gate_voids(g, &by_kernel, false));
        str_add(&s, " | ");
        add_voids(&s, gate_voids(g, &by_user, false) & ~gate_voids(g, &by_kernel, false));
        str_add(&s, " |\n");
    }
    return str_take(&s);
}
