/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/search_answer.h"
#include <string.h>

struct search_rules search_rules_of(const struct plan *p)
{
    return (struct search_rules){.from = p->search.from_load,
                                 .to = p->search.to_load,
                                 .resolution = p->search.resolution,
                                 .whole = p->search.key == SEARCH_CONCURRENCY,
                                 .repeats = p->search.repeats,
                                 .steps = p->search.steps};
}

enum search_answer search_answer_of(bool *longer, const struct analysis *a)
{
    bool instrument = false;

    for (size_t i = 0; i < a->reason_count; i++)
        instrument = instrument || a->reasons[i].instrument;
    *longer = !instrument && strcmp(a->in.state, "complete") == 0;
    if (instrument || a->verdict == VERDICT_REFUSED)
        return SEARCH_CANNOT_TELL;
    return a->answer == ANSWER_MET       ? SEARCH_MET
           : a->answer == ANSWER_NOT_MET ? SEARCH_NOT_MET
                                         : SEARCH_CANNOT_TELL;
}
