/* SPDX-License-Identifier: Apache-2.0 */
/* Profile files, rows and learned, and by the first byte 'C' lines of a CSV trace. */
#include "workload/azure.h"
#include "workload/read.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_profile(const struct profile *p)
{
    struct profile_stats s;
    struct err err = {0};

    assert(p->learned || p->row_count > 0);
    for (size_t i = 0; i < p->row_count; i++) {
        const struct profile_row *r = &p->rows[i];

        assert(r->input_tokens >= 1 && r->output_tokens >= 1);
        assert(r->at_ns >= (i ? p->rows[i - 1].at_ns : 0));
        assert((size_t)r->block_first + r->block_count <= p->block_count);
        assert((size_t)r->after_first + r->after_count <= p->after_count);
        assert(r->delay_ns >= 0 && (!r->history || r->after_count > 0));
        for (uint32_t k = 0; k < r->after_count; k++)
            assert(p->after[r->after_first + k] < i);
    }
    if (profile_describe(&s, p, &err) < 0)
        abort();
}

static void fuzz_profile(const uint8_t *data, size_t n)
{
    AUTO(source_release) struct source s = {.fd = -1};
    AUTO(profile_release) struct profile p = {0};
    struct err err = {0};

    if (source_open_memory(&s, data, n, "fuzz", &err) == 0 && profile_read(&p, &s, &err) == 0)
        check_profile(&p);
    else if (!err.text[0])
        abort(); /* never fails without words */
}

static void fuzz_csv(const uint8_t *data, size_t n)
{
    AUTO(source_release) struct source s = {.fd = -1};
    AUTO(row_release) struct row row = {0};
    struct azure azure;
    struct err err = {0};

    if (source_open_memory(&s, data, n, "fuzz", &err) < 0 || source_line(&s, &err) <= 0 ||
        azure_columns(&azure, s.text, s.len, "fuzz", &err) < 0)
        return;
    while (source_line(&s, &err) > 0)
        if (!azure_parse(&azure, &row, s.text, s.len) && !row.problem[0])
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n > 0 && data[0] == 'C')
        fuzz_csv(data + 1, n - 1);
    else
        fuzz_profile(data, n);
    return 0;
}
