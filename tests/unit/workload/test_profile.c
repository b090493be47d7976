/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/profile.h"
#include "harness/fault.h"
#include "harness/unit.h"
#include "workload/read.h"
#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#define HEADER                                                                                     \
    "{\"asrun_profile\": {\"version\": 1, \"form\": \"rows\", \"name\": \"small\", "               \
    "\"block_tokens\": 512}}\n"

static const char small[] =
    HEADER "{\"timestamp\": 1000.5, \"input_length\": 1030, \"output_length\": 5, "
           "\"hash_ids\": [0, 1, 2]}\n"
           "{\"timestamp\": 1000.5, \"input_length\": 512, \"output_length\": 6, "
           "\"hash_ids\": [0]}\r\n"
           "{\"output_length\": 7, \"input_length\": 600, \"timestamp\": 4e3, "
           "\"hash_ids\": [0, 9]}"; /* no line feed at the end */

static int parse(struct profile *p, const char *text, size_t n, struct err *err)
{
    AUTO(source_release) struct source s = {.fd = -1};
    int r = source_open_memory(&s, text, n, "P.jsonl", err);

    return r < 0 ? r : profile_read(p, &s, err);
}

static struct profile parse_small(void)
{
    struct profile p = {0};
    struct err err = {0};

    if (parse(&p, small, strlen(small), &err) < 0)
        fail_msg("%s", err.text);
    return p;
}

static void reads_rows_times_from_the_first_and_blocks(void **state)
{
    AUTO(profile_release) struct profile p = parse_small();
    struct digest digest = digest_of(small, strlen(small));

    (void)state;
    assert_false(p.learned);
    assert_string_equal(p.header.name, "small");
    assert_int_equal(p.row_count, 3);
    assert_int_equal(p.rows[0].at_ns, 0);
    assert_int_equal(p.rows[2].at_ns, 2999500000);
    assert_int_equal(p.rows[2].input_tokens, 600);
    assert_int_equal(p.rows[2].output_tokens, 7);
    assert_int_equal(p.rows[2].block_first, 4);
    assert_int_equal(p.rows[2].block_count, 2);
    assert_int_equal(p.blocks[5], 9);
    assert_true(digest_equal(&p.digest, &digest));
}

static void a_failed_read_leaves_the_profile_untouched(void **state)
{
    const char bad[] = HEADER "{\"timestamp\": 0, \"input_length\": 10, \"output_length\": -5}\n";
    struct profile p = {.row_count = 77};
    struct err err = {0};

    (void)state;
    assert_int_equal(parse(&p, bad, strlen(bad), &err), -EINVAL);
    assert_int_equal(p.row_count, 77);
    assert_non_null(strstr(err.text, "P.jsonl:2: output_length: negative; wanted: "));
    assert_int_equal(profile_load(&p, "/nonexistent/P.jsonl", &err), -ENOENT);
    assert_int_equal(profile_load(&p, "/", &err), -EINVAL);
}

static void describes_what_can_be_counted_by_hand(void **state)
{
    AUTO(profile_release) struct profile p = parse_small();
    struct profile_stats s;
    struct err err = {0};

    (void)state;
    assert_int_equal(profile_describe(&s, &p, &err), 0);
    assert_int_equal(s.requests, 3);
    assert_close(s.span_s, 2.9995, 1e-12);
    assert_close(s.rate_per_s, 2 / 2.9995, 1e-12);
    assert_close(s.arrival_cv, sqrt(2), 1e-12); /* gaps 0 and 2.9995 */
    assert_true(isnan(s.dispersion_10s));
    assert_close(s.input_q[0], 512, 0);
    assert_close(s.input_q[4], 600, 0);
    assert_close(s.input_q[8], 1030, 0);
    assert_close(s.input_mean, 714, 1e-9);
    assert_close(s.rank_correlation, -0.5, 1e-12);
    assert_close(s.prefix_reuse_share, 1024.0 / 2142, 1e-12); /* block 0, twice */
    assert_close(s.input_bins[9], 2.0 / 3, 1e-12);            /* 512 to 1,023 */
    assert_close(s.input_bins[10], 1.0 / 3, 1e-12);
}

static void a_slice_starts_again_at_zero(void **state)
{
    AUTO(profile_release) struct profile p = parse_small();
    struct err err = {0};

    (void)state;
    assert_int_equal(profile_slice(&p, 60 * NS_PER_S, NS_PER_S, &err), -EINVAL);
    assert_non_null(strstr(err.text, "holds no request"));
    assert_int_equal(p.row_count, 3);
    assert_int_equal(profile_slice(&p, NS_PER_S, 2 * NS_PER_S, &err), 0);
    assert_int_equal(p.row_count, 1);
    assert_int_equal(p.rows[0].at_ns, 1999500000);
    assert_int_equal(p.rows[0].input_tokens, 600);
    assert_int_equal(p.blocks[p.rows[0].block_first + 1], 9);
}

static void a_slice_ends_before_its_end(void **state)
{
    AUTO(profile_release) struct profile p = parse_small();
    struct err err = {0};

    (void)state;
    assert_int_equal(profile_slice(&p, 0, 2999500000, &err), 0);
    assert_int_equal(p.row_count, 2);
}

static void shipped_profiles_are_found_by_name(void **state)
{
    AUTO(profile_release) struct profile p = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(profile_find(&p, "azure-2023-conversation", &err), 0);
    assert_true(p.learned);
    assert_string_equal(p.header.license, "CC-BY-4.0");
    assert_non_null(strstr(p.header.attribution, "Splitwise"));
    assert_string_equal(p.header.modified, "reduced to quantile tables");
    assert_int_equal(p.header.rows_used, 19366);
    assert_int_equal(profile_slice(&p, 0, NS_PER_S, &err), -EINVAL);
    assert_int_equal(profile_find(&p, "nothing", &err), -ENOENT);
    assert_non_null(strstr(err.text, "mooncake-conversation"));
}

static void learning_keeps_what_describe_says(void **state)
{
    enum { ROWS = 4000 };
    char path[] = "/tmp/asrun-learned-XXXXXX";
    AUTO(profile_release) struct profile rows = {0};
    AUTO(profile_release) struct profile learned = {0};
    struct profile_stats a, b;
    struct err err = {0};
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    (void)close(fd);
    rows.rows = calloc(ROWS, sizeof *rows.rows);
    assert_non_null(rows.rows);
    rows.row_count = ROWS;
    for (int i = 0; i < ROWS; i++)
        rows.rows[i] = (struct profile_row){.at_ns = (int64_t)i * i * 1000,
                                            .input_tokens = 100 + i % 1000,
                                            .output_tokens = 10 + (i % 1000) / 3};
    assert_int_equal(profile_learn(&rows, path, &err), 0);
    assert_int_equal(profile_load(&learned, path, &err), 0);
    (void)unlink(path);
    assert_int_equal(profile_describe(&a, &rows, &err), 0);
    assert_int_equal(profile_describe(&b, &learned, &err), 0);
    assert_true(learned.learned);
    assert_close(b.rate_per_s / a.rate_per_s, 1, 1e-6);
    assert_close(b.arrival_cv / a.arrival_cv, 1, 1e-6);
    assert_close(b.rank_correlation, a.rank_correlation, 1e-6);
    for (int i = 0; i < 9; i++)
        assert_close(b.input_q[i] / a.input_q[i], 1, 0.01);
    assert_close(b.output_mean / a.output_mean, 1, 0.01);
    assert_int_equal(profile_learn(&learned, path, &err), -EINVAL);
}

static void learning_needs_three_rows_over_some_time(void **state)
{
    struct profile_row row[3] = {{.input_tokens = 1, .output_tokens = 1}};
    struct profile p = {.rows = row, .row_count = 3};
    struct err err = {0};

    (void)state;
    assert_int_equal(profile_learn(&p, "/nonexistent/x", &err), -EINVAL);
    assert_non_null(strstr(err.text, "three rows or more"));
}

/* The text ends where the next page may not be read: one byte too far ends the test. */
static void every_cut_of_the_text_is_read_inside_its_bounds(void **state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), len = strlen(small);
    char *two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_true(two != MAP_FAILED);
    assert_int_equal(mprotect(two + page, page, PROT_NONE), 0);
    for (size_t n = 0; n <= len; n++) {
        AUTO(profile_release) struct profile p = {0};
        struct err err = {0};

        int r;

        memcpy(two + page - n, small, n);
        r = parse(&p, two + page - n, n, &err);
        assert_int_equal(r == 0, p.row_count > 0);
    }
    assert_int_equal(munmap(two, 2 * page), 0);
}

static void survives_every_failed_allocation(void **state)
{
    int r = -ENOMEM;

    (void)state;
    for (int nth = 0; r != 0 && nth < 200; nth++) {
        AUTO(profile_release) struct profile p = {0};
        struct err err = {0};

        fault_alloc(nth);
        r = parse(&p, small, strlen(small), &err);
        fault_alloc(-1);
        assert_true(r == 0 || r == -ENOMEM);
        assert_int_equal(r == 0, p.row_count > 0);
        assert_true(r == 0 || strstr(err.text, "out of memory"));
    }
    assert_int_equal(r, 0);
}

static void describing_survives_every_failed_allocation(void **state)
{
    AUTO(profile_release) struct profile p = parse_small();
    int r = -ENOMEM;

    (void)state;
    for (int nth = 0; r != 0 && nth < 50; nth++) {
        struct profile_stats s = {.requests = -1};
        struct err err = {0};

        fault_alloc(nth);
        r = profile_describe(&s, &p, &err);
        fault_alloc(-1);
        assert_int_equal(r, s.requests < 0 ? -ENOMEM : 0);
    }
    assert_int_equal(r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_rows_times_from_the_first_and_blocks),
        cmocka_unit_test(a_failed_read_leaves_the_profile_untouched),
        cmocka_unit_test(describes_what_can_be_counted_by_hand),
        cmocka_unit_test(a_slice_starts_again_at_zero),
        cmocka_unit_test(a_slice_ends_before_its_end),
        cmocka_unit_test(shipped_profiles_are_found_by_name),
        cmocka_unit_test(learning_keeps_what_describe_says),
        cmocka_unit_test(learning_needs_three_rows_over_some_time),
        cmocka_unit_test(every_cut_of_the_text_is_read_inside_its_bounds),
        cmocka_unit_test(survives_every_failed_allocation),
        cmocka_unit_test(describing_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
