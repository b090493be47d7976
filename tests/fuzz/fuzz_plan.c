/* SPDX-License-Identifier: Apache-2.0 */
/* Any text is a plan or is refused with words; a plan that is read gives itself again. */
#include "plan/plan.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO(free) char *text = calloc(1, n + 1);
    AUTO(plan_free) struct plan *p = NULL, *again = NULL;
    struct err err = {0};

    if (!text || (n > 0 && !memcpy(text, data, n)))
        return 0;
    if (plan_parse(&p, text, "plan", NULL, 0, &err) < 0) {
        if (!err.text[0])
            abort();
        return 0;
    }
    if (plan_parse(&again, p->effective, "effective", NULL, 0, &err) < 0 ||
        strcmp(p->effective, again->effective) != 0)
        abort();
    return 0;
}
