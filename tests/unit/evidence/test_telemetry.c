/* SPDX-License-Identifier: Apache-2.0 */
/* Series, their rows and what was dispatched: into the file and back. */
#include "evidence/telemetry.h"
#include "scene.h"
#include <sqlite3.h>

static const struct series cpu = {"host", "cpu.share", "1", "/proc/stat", KNOWN_MEASURED};
static const struct series queue = {"engine", "queue.depth", "1", "GET /metrics", KNOWN_REPORTED};

struct seen {
    char text[1024];
};

static int see_series(void *ctx, uint32_t id, const struct series *s)
{
    struct seen *seen = ctx;
    size_t n = strlen(seen->text);

    (void)snprintf(seen->text + n, sizeof seen->text - n, "%u %s.%s %s [%d] %s\n", id, s->scope,
                   s->name, s->unit, (int)s->known, s->source);
    return 0;
}

static int see_row(void *ctx, const struct series *s, const struct telemetry_row *row)
{
    struct seen *seen = ctx;
    size_t n = strlen(seen->text);

    (void)snprintf(seen->text + n, sizeof seen->text - n, "%s@%" PRId64 "=%.17g ", s->name,
                   row->time_ns, row->value);
    return 0;
}

static int see_dispatch(void *ctx, const struct dispatch_row *d)
{
    struct seen *seen = ctx;
    size_t n = strlen(seen->text);

    (void)snprintf(seen->text + n, sizeof seen->text - n, "%s|%s|%s|%s|%" PRIu64 "|%" PRId64 "\n",
                   d->phase, d->library, d->build_id, d->function, d->samples, d->time_ns);
    return 0;
}

static struct scene told_run(void)
{
    static const struct telemetry_row rows[] = {{0, 10, 0.1}, {1, 5, 3}, {0, 20, -0.0}};
    const struct dispatch_row dots[] = {
        {"trial 0", "libggml-cpu.so", "ab12", "ggml_vec_dot_q8_0", 77, TIME_NONE},
        {"end", "[gpu]", "", "", 3, 900}};
    struct scene s = {0};
    struct err err = {0};

    scene_make(&s);
    scene_begin(&s, 1, 256, 1);
    assert_int_equal(store_series(s.store, 0, &cpu, &err), 0);
    assert_int_equal(store_telemetry(s.store, rows, 1, &err), 0);
    assert_int_equal(store_flush(s.store, &err), 0);
    assert_int_equal(store_series(s.store, 1, &queue, &err), 0);
    assert_int_equal(store_telemetry(s.store, rows + 1, 2, &err), 0);
    for (size_t i = 0; i < COUNT_OF(dots); i++)
        assert_int_equal(store_dispatch(s.store, &dots[i], &err), 0);
    put_sample(store_ring(s.store, 0), 0);
    scene_finish(&s);
    return s;
}

static void what_was_told_is_read_back_exactly(void **state)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct seen series = {0}, all = {0}, one = {0}, dispatch = {0};
    struct scene s = told_run();
    struct err err = {0};

    (void)state;
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_RECOVER, &err), 0);
    assert_int_equal(evidence_each_series(e, see_series, &series, &err), 0);
    assert_string_equal(series.text, "0 host.cpu.share 1 [0] /proc/stat\n"
                                     "1 engine.queue.depth 1 [2] GET /metrics\n");
    assert_int_equal(evidence_each_telemetry(e, EVIDENCE_ALL_SERIES, see_row, &all, &err), 0);
    assert_string_equal(all.text, "queue.depth@5=3 cpu.share@10=0.10000000000000001 "
                                  "cpu.share@20=0 ");
    assert_int_equal(evidence_each_telemetry(e, 1, see_row, &one, &err), 0);
    assert_string_equal(one.text, "queue.depth@5=3 ");
    assert_int_equal(evidence_each_dispatch(e, see_dispatch, &dispatch, &err), 0);
    assert_string_equal(dispatch.text,
                        "trial 0|libggml-cpu.so|ab12|ggml_vec_dot_q8_0|77|-1\nend|[gpu]|||3|900\n");
    scene_remove(&s);
}

static void sql(const struct scene *s, const char *text)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(s->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_changed_value_is_found_at_open(void **state)
{
    static const char *const changes[] = {
        "UPDATE telemetry SET value = 0.10000000000000002 WHERE time_ns = 10",
        "UPDATE series SET unit = 's' WHERE id = 1", "UPDATE dispatch SET samples = 78",
        "DELETE FROM dispatch WHERE phase = 'end'"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        AUTO(evidence_close) struct evidence *e = NULL;
        struct scene s = told_run();
        struct err err = {0};

        sql(&s, changes[i]);
        assert_int_equal(evidence_open(&e, s.path, EVIDENCE_RECOVER, &err), -EBADMSG);
        scene_remove(&s);
    }
}

/* As an asrun without probes would have left it. */
static void a_file_without_the_tables_is_recovered_and_read(void **state)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct seen seen = {0};
    struct scene s = {0};
    struct err err = {0};

    (void)state;
    scene_make(&s);
    scene_begin(&s, 1, 64, 1);
    put_sample(store_ring(s.store, 0), 0);
    store_close(TAKE(s.store));
    sql(&s, "DROP TABLE series; DROP TABLE telemetry; DROP TABLE dispatch;"
            "ALTER TABLE chain DROP COLUMN series; ALTER TABLE chain DROP COLUMN telemetry;"
            "ALTER TABLE chain DROP COLUMN dispatch");
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_READ_ONLY, &err), 0);
    assert_int_equal(evidence_each_series(e, see_series, &seen, &err), 0);
    assert_int_equal(evidence_each_telemetry(e, EVIDENCE_ALL_SERIES, see_row, &seen, &err), 0);
    assert_int_equal(evidence_each_dispatch(e, see_dispatch, &seen, &err), 0);
    assert_string_equal(seen.text, "");
    evidence_close(TAKE(e));
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_RECOVER, &err), 0);
    assert_int_equal(evidence_info(e)->samples, 1);
    scene_remove(&s);
}

static void more_rows_than_may_wait_are_refused(void **state)
{
    const struct telemetry_row row = {0, 1, 2};
    struct telemetry t = {.row_count = TELEMETRY_ROWS_MAX - 1};

    (void)state;
    t.rows = calloc(TELEMETRY_ROWS_MAX, sizeof *t.rows);
    assert_non_null(t.rows);
    t.row_cap = TELEMETRY_ROWS_MAX;
    assert_int_equal(telemetry_rows(&t, &row, 1), 0);
    assert_int_equal(telemetry_rows(&t, &row, 1), -ENOBUFS);
    assert_int_equal(t.row_count, TELEMETRY_ROWS_MAX);
    telemetry_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_told_is_read_back_exactly),
        cmocka_unit_test(a_changed_value_is_found_at_open),
        cmocka_unit_test(a_file_without_the_tables_is_recovered_and_read),
        cmocka_unit_test(more_rows_than_may_wait_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
