/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/fault.h"
#include "harness/unit.h"
#include "workload/azure.h"
#include "workload/profile.h"
#include "workload/reorder.h"
#include <unistd.h>

static char folder[] = "/tmp/asrun-import-XXXXXX";
static char trace[64], out[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(trace, sizeof trace, "%s/trace.csv", folder);
    (void)snprintf(out, sizeof out, "%s/P.jsonl", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(trace);
    (void)unlink(out);
    return rmdir(folder); /* fails if an import left anything else */
}

static void write_trace(const char *text, size_t n)
{
    FILE *f = fopen(trace, "we");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    (void)unlink(out);
}

static struct profile_header import(const char *format, const char *text)
{
    struct profile_header h = {0};
    struct err err = {0};

    write_trace(text, strlen(text));
    if (profile_import(&h, format, trace, out, &err) < 0)
        fail_msg("%s", err.text);
    return h;
}

static int64_t dropped(const struct profile_header *h, const char *reason)
{
    for (size_t i = 0; i < h->drop_count; i++)
        if (strcmp(h->drops[i].reason, reason) == 0)
            return h->drops[i].rows;
    return 0;
}

static void imported(struct profile *ret)
{
    struct err err = {0};

    if (profile_load(ret, out, &err) < 0)
        fail_msg("%s", err.text);
}

static void azure_rows_keep_their_times_to_the_100_ns(void **state)
{
    AUTO(profile_release) struct profile p = {0};
    struct profile_header h =
        import("azure", "\xef\xbb\xbfTIMESTAMP,ContextTokens,GeneratedTokens\r\n"
                        "2023-11-16 18:15:46.6805900,374,44\r\n"
                        "\"2023-11-16 18:15:46.6805901\",\"396\",109\r\n"
                        "2023-11-16 19:15:47.0000000,879,55"); /* no end of line */

    (void)state;
    imported(&p);
    assert_int_equal(h.rows_read, 3);
    assert_int_equal(h.rows_used, 3);
    assert_int_equal(h.drop_count, 0);
    assert_string_equal(h.time_zone, "unstated");
    assert_string_equal(h.tokenizer, "unknown");
    assert_string_equal(h.window_from, "2023-11-16T18:15:46.6805900");
    assert_string_equal(h.window_to, "2023-11-16T19:15:47.0000000");
    assert_int_equal(p.rows[1].at_ns, 100);
    assert_int_equal(p.rows[2].at_ns, INT64_C(3600319410000));
    assert_int_equal(p.rows[2].input_tokens, 879);
    assert_int_equal(p.rows[1].output_tokens, 109);
    assert_string_equal(p.header.source_sha256, h.source_sha256);
    assert_int_equal(p.header.block_tokens, 0);
}

static void every_row_that_is_not_used_is_counted_under_a_reason(void **state)
{
    struct profile_header h = import("azure", "GeneratedTokens,model,TIMESTAMP,ContextTokens\n"
                                              "5,m,2024-05-10 00:00:00.009930+00:00,10\n"
                                              "5,m,2024-05-10 00:00:00.009931+00:00,-10\n"
                                              "\n"
                                              "0,m,2024-05-10 00:00:00.009932+00:00,10\n"
                                              "5,m,2024-05-10 00:00:00.009933,10\n"
                                              "5.5,m,2024-05-10 00:00:00.009934+00:00,10\n"
                                              "nan,m,2024-05-10 00:00:00.009934+00:00,10\n"
                                              "5,m,2024-02-30 00:00:00+00:00,10\n"
                                              "5,m,2024-05-10 00:00:00+00:00\n"
                                              "5,m,\"2024-05-10 00:00:00+00:00,10\n"
                                              "5,m,2024-05-10 00:00:00+00:00,100000001\n"
                                              "0,m,2024-05-10 00:00:00+00:00,10\n");

    (void)state;
    assert_int_equal(h.rows_read, 12);
    assert_int_equal(h.rows_used, 1);
    assert_int_equal(dropped(&h, "ContextTokens: negative"), 1);
    assert_int_equal(dropped(&h, "empty line"), 1);
    assert_int_equal(dropped(&h, "GeneratedTokens: zero"), 2);
    assert_int_equal(dropped(&h, "TIMESTAMP: with and without time zone mixed"), 1);
    assert_int_equal(dropped(&h, "GeneratedTokens: not a whole number"), 1);
    assert_int_equal(dropped(&h, "GeneratedTokens: not a number"), 1);
    assert_int_equal(dropped(&h, "TIMESTAMP: not a date and time"), 1);
    assert_int_equal(dropped(&h, "wrong number of fields"), 1);
    assert_int_equal(dropped(&h, "quote not closed on its line"), 1);
    assert_int_equal(dropped(&h, "ContextTokens: over 100000000"), 1);
    assert_int_equal(h.drops[2].first_line, 5);
    assert_string_equal(h.time_zone, "UTC");
    assert_string_equal(h.window_from, "2024-05-10T00:00:00.0099300Z");
    assert_string_equal(h.ignored, "model");
}

static void mooncake_rows_keep_their_blocks_and_other_keys_are_named(void **state)
{
    AUTO(profile_release) struct profile p = {0};
    struct profile_header h =
        import("mooncake", "{\"timestamp\": 27482, \"input_length\": 600, \"output_length\": 52, "
                           "\"hash_ids\": [46, 4294967295], \"type\": \"text\"}\n"
                           "{\"timestamp\": 27483.25, \"input_length\": 600, \"output_length\": 5, "
                           "\"hash_ids\": [46, 4294967296]}\n"
                           "{\"timestamp\": 27483.25, \"input_length\": 60, \"output_length\": 5, "
                           "\"chat\": {\"id\": [1, {\"type\": null}]}, \"type\": \"x\"}\n");

    (void)state;
    imported(&p);
    assert_int_equal(h.rows_used, 2);
    assert_int_equal(dropped(&h, "hash_ids: not a list of ids"), 1);
    assert_string_equal(h.ignored, "type, chat");
    assert_int_equal(p.header.block_tokens, 512);
    assert_int_equal(p.rows[1].at_ns, 1250000);
    assert_int_equal(p.rows[0].block_count, 2);
    assert_int_equal(p.blocks[1], 4294967295);
    assert_int_equal(p.rows[1].block_count, 0);
}

static void rows_out_of_order_are_put_in_order(void **state)
{
    AUTO(profile_release) struct profile p = {0};
    struct profile_header h =
        import("mooncake", "{\"timestamp\": 300, \"input_length\": 3, \"output_length\": 1}\n"
                           "{\"timestamp\": 100, \"input_length\": 1, \"output_length\": 1}\n"
                           "{\"timestamp\": 200, \"input_length\": 2, \"output_length\": 1}\n"
                           "{\"timestamp\": 100, \"input_length\": 4, \"output_length\": 1}\n");
    const int32_t wanted[] = {1, 4, 2, 3}; /* equal times keep the order of the trace */

    (void)state;
    imported(&p);
    assert_int_equal(h.rows_used, 4);
    for (size_t i = 0; i < COUNT_OF(wanted); i++)
        assert_int_equal(p.rows[i].input_tokens, wanted[i]);
    assert_int_equal(p.rows[3].at_ns, 200 * NS_PER_MS);
}

static void a_row_beyond_the_window_is_dropped_not_lost(void **state)
{
    struct profile_header h = {0};
    struct err err = {0};
    FILE *f = fopen(trace, "we");

    (void)state;
    assert_non_null(f);
    for (int i = 0; i <= REORDER_WINDOW; i++)
        fprintf(f, "{\"timestamp\": %d, \"input_length\": 1, \"output_length\": 1}\n", 1000 + i);
    fputs("{\"timestamp\": 1, \"input_length\": 1, \"output_length\": 1}\n", f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(profile_import(&h, "mooncake", trace, out, &err), 0);
    assert_int_equal(h.rows_read, REORDER_WINDOW + 2);
    assert_int_equal(h.rows_used, REORDER_WINDOW + 1);
    assert_int_equal(dropped(&h, "over 65536 rows out of order"), 1);
}

static void a_line_of_two_megabytes_is_one_drop(void **state)
{
    static char text[(2 << 20) + 200];
    struct profile_header h;

    (void)state;
    memset(text, 'x', 2 << 20);
    (void)snprintf(text + (2 << 20), 200,
                   "\n{\"timestamp\": 0, \"input_length\": 1, \"output_length\": 1}\n");
    h = import("mooncake", text);
    assert_int_equal(h.rows_read, 2);
    assert_int_equal(dropped(&h, "line over 1 MiB"), 1);
}

static void a_failed_import_leaves_what_was_there(void **state)
{
    struct profile_header h = {.rows_read = 77};
    struct err err = {0};
    char old[8] = "";
    FILE *f;

    (void)state;
    write_trace("a,b\n", 4);
    f = fopen(out, "we");
    assert_non_null(f);
    assert_true(fputs("old", f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(profile_import(&h, "azure", trace, out, &err), -EINVAL);
    assert_int_equal(profile_import(&h, "mooncake", trace, out, &err), -EINVAL);
    assert_int_equal(profile_import(&h, "excel", trace, out, &err), -EINVAL);
    assert_non_null(strstr(err.text, "azure, mooncake"));
    assert_int_equal(h.rows_read, 77);
    f = fopen(out, "re");
    assert_non_null(f);
    assert_int_equal(fread(old, 1, sizeof old, f), 3);
    assert_int_equal(fclose(f), 0);
    assert_string_equal(old, "old");
}

static void survives_every_failed_allocation(void **state)
{
    const char text[] = "{\"timestamp\": 0, \"input_length\": 600, \"output_length\": 1, "
                        "\"hash_ids\": [1, 2]}\n"
                        "{\"timestamp\": 5, \"input_length\": 1, \"output_length\": 1}\n";
    int r = -ENOMEM;

    (void)state;
    write_trace(text, strlen(text));
    for (int nth = 0; r != 0 && nth < 200; nth++) {
        struct profile_header h = {0};
        struct err err = {0};

        fault_alloc(nth);
        r = profile_import(&h, "mooncake", trace, out, &err);
        fault_alloc(-1);
        assert_true(r == 0 || r == -ENOMEM);
        assert_int_equal(r == 0, h.rows_used == 2);
        assert_int_equal(r == 0, access(out, F_OK) == 0);
    }
    assert_int_equal(r, 0);
}

static void times_are_read_as_written(void **state)
{
    static const struct {
        const char *text;
        int64_t ns; /* -1: refused */
        int zone;
    } cases[] = {
        {"1970-01-01 00:00:01", NS_PER_S, 0},
        {"1970-01-01T00:00:00.000000001Z", 1, 1},
        {"1970-01-01 01:00:00+01:00", 0, 1},
        {"1969-12-31 23:00:00-01:00", -1, 0}, /* years before 1970 as written */
        {"2000-02-29 00:00:00", INT64_C(951782400) * NS_PER_S, 0},
        {"2001-02-29 00:00:00", -1, 0},
        {"2023-11-16 24:00:00", -1, 0},
        {"2023-11-16 18:15", -1, 0},
        {"2023-11-16 18:15:46.", -1, 0},
        {"2023-11-16 18:15:46.6805900 ", -1, 0},
        {"2023-11-16 18:15:46.1234567891", -1, 0}, /* a tenth digit would be lost */
        {"1970-01-01 00:00:00.1234567890", 123456789, 0},
        {"2023-11-16 18:15:46+1:00", -1, 0},
        {"", -1, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t ns = -2;
        int zone = -2;
        int r = azure_time(&ns, &zone, cases[i].text);

        assert_int_equal(r, cases[i].ns < 0 ? -EINVAL : 0);
        assert_int_equal(ns, cases[i].ns < 0 ? -2 : cases[i].ns);
        assert_int_equal(zone, cases[i].ns < 0 ? -2 : cases[i].zone);
    }
}

static void csv_fields_are_split_and_unquoted(void **state)
{
    char plain[] = "a,,\"b,\"\"c\"\"\",\"\"", open[] = "a,\"b", after[] = "\"a\"b",
         inside[] = "a\"b";
    char nul[] = "a\0b", many[2 * CSV_FIELDS + 1];
    struct csv csv;

    (void)state;
    assert_null(csv_split(&csv, plain, strlen(plain)));
    assert_int_equal(csv.count, 4);
    assert_string_equal(csv.field[0], "a");
    assert_string_equal(csv.field[1], "");
    assert_string_equal(csv.field[2], "b,\"c\"");
    assert_string_equal(csv.field[3], "");
    assert_non_null(csv_split(&csv, open, strlen(open)));
    assert_non_null(csv_split(&csv, after, strlen(after)));
    assert_non_null(csv_split(&csv, inside, strlen(inside)));
    assert_string_equal(csv_split(&csv, nul, 3), "NUL byte");
    memset(many, ',', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    assert_string_equal(csv_split(&csv, many, strlen(many)), "more than 64 fields");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(azure_rows_keep_their_times_to_the_100_ns),
        cmocka_unit_test(every_row_that_is_not_used_is_counted_under_a_reason),
        cmocka_unit_test(mooncake_rows_keep_their_blocks_and_other_keys_are_named),
        cmocka_unit_test(rows_out_of_order_are_put_in_order),
        cmocka_unit_test(a_row_beyond_the_window_is_dropped_not_lost),
        cmocka_unit_test(a_line_of_two_megabytes_is_one_drop),
        cmocka_unit_test(a_failed_import_leaves_what_was_there),
        cmocka_unit_test(survives_every_failed_allocation),
        cmocka_unit_test(times_are_read_as_written),
        cmocka_unit_test(csv_fields_are_split_and_unquoted),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
