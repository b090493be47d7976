/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/turns.c - how many turns a session has: "4", "2..8", "geometric 4". */
#include "plan/reading.h"
#include "base/units.h"
#include "plan/schedule.h"
#include <stdio.h>
#include <string.h>

static int read_count(int32_t *ret, const char *text)
{
    int64_t v;

    if (units_i64(&v, text) < 0 || v < 1 || v > SCHEDULE_MAX_TURNS)
        return -EINVAL;
    *ret = (int32_t)v;
    return 0;
}

static int read_range(struct plan_turns *t, const char *text)
{
    const char *dots = strstr(text, "..");
    char least[16];

    if (!dots) {
        int r = read_count(&t->least, text);

        t->most = t->least;
        return r;
    }
    (void)snprintf(least, sizeof least, "%.*s", (int)(dots - text), text);
    if (read_count(&t->least, least) < 0 || read_count(&t->most, dots + 2) < 0)
        return -EINVAL;
    return t->least <= t->most ? 0 : -EINVAL;
}

int turns_set(struct reading *r, const struct key *k, const char *shown, const struct node *n,
              void *base)
{
    static const char word[] = "geometric ";
    bool geometric = strncmp(n->text, word, sizeof word - 1) == 0;
    struct plan_turns t = {.least = 1, .most = SCHEDULE_MAX_TURNS};
    int bad =
        geometric ? units_double(&t.mean, n->text + sizeof word - 1) : read_range(&t, n->text);

    if (bad < 0 || (geometric && !(t.mean >= 1 && t.mean <= SCHEDULE_MAX_TURNS)))
        return reading_fail(r, n, shown, "'%.40s' does not fit; it takes %s, from 1 to %d", n->text,
                            key_takes(k), SCHEDULE_MAX_TURNS);
    memcpy((char *)base + k->field, &t, sizeof t);
    return 0;
}

json_t *turns_json(const struct key *k, const void *base)
{
    struct plan_turns t;

    memcpy(&t, (const char *)base + k->field, sizeof t);
    if (t.mean > 0)
        return json_sprintf("geometric %s", number_text(t.mean).text);
    if (t.least < t.most)
        return json_sprintf("%d..%d", (int)t.least, (int)t.most);
    return t.most ? json_integer(t.most) : json_null();
}
