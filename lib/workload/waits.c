/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/waits.h"
#include "base/vec.h"
#include <stdio.h>

static int bad(struct waits *w, const char *problem, const char *want)
{
    (void)snprintf(w->problem, sizeof w->problem, "%s", problem);
    (void)snprintf(w->want, sizeof w->want, "%s", want);
    return 0;
}

static int add(struct waits *w, struct profile *p, struct profile_row *r, uint32_t row)
{
    if (p->after_count == UINT32_MAX)
        return bad(w, "after: too many", "at most 4294967295 in a profile");
    if (VEC_PUSH(p->after, p->after_count, w->after_cap, row) < 0)
        return -ENOMEM;
    r->after_count++;
    return 1;
}

static struct name_text {
    char text[16];
} id_text(uint32_t id)
{
    struct name_text t;

    (void)snprintf(t.text, sizeof t.text, "%" PRIu32, id);
    return t;
}

/* The turn before, of which the prompt is the beginning of this one's, unless blocks say what is.
 */
static int add_turn(struct waits *w, struct profile *p, struct profile_row *r,
                    const struct row *row)
{
    const uint32_t *turn = *row->session ? names_find(&w->sessions, row->session) : NULL;
    const struct profile_row *before = turn ? &p->rows[*turn] : NULL;

    if (!turn)
        return 1;
    r->history = row->id_count == 0;
    if (r->history && r->input_tokens <= (int64_t)before->input_tokens + before->output_tokens)
        return bad(w, "input_length: not longer than the session so far",
                   "the whole prompt: all turns before it, their answers, and new text");
    return add(w, p, r, *turn);
}

static int add_calls(struct waits *w, struct profile *p, struct profile_row *r,
                     const struct row *row)
{
    int ok = 1;

    for (size_t i = 0; i < row->after_count && ok > 0; i++) {
        const uint32_t *call = names_find(&w->ids, id_text(row->after[i]).text);

        ok = call ? add(w, p, r, *call)
                  : bad(w, "after: names no row before this one", "ids of earlier rows");
    }
    return ok;
}

/* Others can wait for this row, from now on. */
static int enter(struct waits *w, const struct profile *p, const struct row *row)
{
    uint32_t number = (uint32_t)p->row_count;

    if (p->row_count >= UINT32_MAX)
        return bad(w, "too many rows", "at most 4294967295 of them");
    if (row->id >= 0 && names_find(&w->ids, id_text((uint32_t)row->id).text))
        return bad(w, "id: given to an earlier row", "an id of its own for each row that has one");
    if (row->id >= 0 && names_set(&w->ids, id_text((uint32_t)row->id).text, number) < 0)
        return -ENOMEM;
    return *row->session && names_set(&w->sessions, row->session, number) < 0 ? -ENOMEM : 1;
}

int waits_add(struct waits *w, struct profile *p, struct profile_row *r, const struct row *row)
{
    int ok;

    r->after_first = (uint32_t)p->after_count;
    ok = add_turn(w, p, r, row);
    if (ok > 0)
        ok = add_calls(w, p, r, row);
    if (ok > 0 && r->after_count > 0 && row->delay_ns == TIME_NONE)
        ok = bad(w, "delay: missing",
                 "milliseconds from the end of the last answer that it waits for");
    if (ok > 0 && r->after_count == 0 && row->delay_ns != TIME_NONE)
        ok = bad(w, "delay: of a row that waits for none",
                 "delay in later turns of a session and rows with after");
    r->delay_ns = r->after_count ? row->delay_ns : 0;
    return ok > 0 ? enter(w, p, row) : ok;
}

void waits_cut(struct profile *p, size_t first, size_t last)
{
    for (size_t i = first; i < last && p->after; i++) {
        struct profile_row *r = &p->rows[i];
        uint32_t *after = p->after + r->after_first, kept = 0;

        r->history = r->history && after[0] >= first;
        for (uint32_t k = 0; k < r->after_count; k++)
            if (after[k] >= first)
                after[kept++] = after[k] - (uint32_t)first;
        r->after_count = kept;
    }
}

void waits_release(struct waits *w)
{
    names_release(&w->sessions);
    names_release(&w->ids);
}
