/* SPDX-License-Identifier: Apache-2.0 */
/* asrun show on small files: what it prints, and its exit codes. */
#include "kill.h"

static char output[1 << 16];

/* Runs asrun show on the file of @s with @args; its exit code, stdout and stderr in @output. */
static int show(const struct scene *s, const char *args)
{
    char command[600];
    size_t n;
    FILE *pipe;
    int status;

    (void)snprintf(command, sizeof command, "%s show %s %s 2>&1", getenv("ASRUN"), s->path, args);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    n = fread(output, 1, sizeof output - 1, pipe);
    output[n] = '\0';
    status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect(const char *text)
{
    if (!strstr(output, text))
        fail_msg("'%s' is not in: %s", text, output);
}

static struct scene finished_run(void)
{
    const struct fact cores = {"host", "cpu.cores", "12", "", "/proc, text", KNOWN_MEASURED, -1};
    struct scene s = {0};
    struct err err = {0};

    scene_make(&s);
    scene_begin(&s, 1, 256, 3);
    assert_int_equal(store_fact(s.store, &cores, &err), 0);
    put_sample(store_ring(s.store, 0), 0);
    put_sample(store_ring(s.store, 0), 2);
    scene_finish(&s);
    return s;
}

static void csv_has_the_documented_columns(void **state)
{
    struct scene s = finished_run();

    (void)state;
    assert_int_equal(show(&s, "samples --csv"), 0);
    expect("request_id,trial,outcome,due_ns,released_ns,connect_ns,sent_ns,first_byte_ns,"
           "first_content_ns,last_content_ns,end_ns,input_requested,input_reported,"
           "output_requested,output_reported,");
    expect("\nasrun-0badcafe-2,0,ok,7000000,7001000,,7002000,10000000,11000000,17005000,18006339,"
           "32,,100,7,");
    assert_int_equal(show(&s, "events --csv --sample 2"), 0);
    expect("request_id,index,time_ns,kind,bytes,flags,lag_us\n"
           "asrun-0badcafe-2,0,10000000,role+choices,180,1,7\n");
    assert_int_equal(show(&s, "facts --csv"), 0);
    expect("host,cpu.cores,12,,measured,\"/proc, text\",\n");
    scene_remove(&s);
}

static void the_summary_balances_in_text_and_json(void **state)
{
    struct scene s = finished_run();

    (void)state;
    assert_int_equal(show(&s, ""), 0);
    expect("state     complete");
    expect("trial 0: complete; 3 scheduled = 2 executed + 1 not executed");
    expect("balances");
    assert_int_equal(show(&s, "summary --json"), 0);
    expect("\"mono_ns\": 1000000");
    expect("\"not_executed\": 1");
    expect("\"balances\": true");
    assert_int_equal(show(&s, "ledger --json"), 4); /* the plan of this scene says too little */
    assert_int_equal(show(&s, "plan"), 0);
    expect("\"asrun\": 1");
    scene_remove(&s);
}

static void wrong_usage_and_wrong_files_have_their_exit_codes(void **state)
{
    struct scene s = finished_run();
    sqlite3 *db;

    (void)state;
    assert_int_equal(show(&s, "nonsense"), 2);
    assert_int_equal(show(&s, "--frobnicate"), 2);
    assert_int_equal(show(&s, "samples --csv --json"), 2);
    assert_int_equal(show(&s, "summary --csv"), 2);
    assert_int_equal(show(&s, "samples --sample x"), 2);
    assert_int_equal(show(&s, "facts --sample 1"), 2);
    assert_int_equal(show(&s, "--help"), 0);
    expect("usage:");
    assert_int_equal(chmod(s.path, 0644), 0);
    assert_int_equal(sqlite3_open(s.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE sample SET end_ns = 1", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(show(&s, ""), 4);
    expect("does not agree with its digest");
    assert_int_equal(unlink(s.path), 0);
    assert_int_equal(show(&s, ""), 2);
    scene_remove(&s);
}

static void die_in_a_run(struct scene *s)
{
    scene_begin(s, 1, 256, 3);
    put_sample(store_ring(s->store, 0), 0);
    put_step(store_ring(s->store, 0), 1, 0);
    _exit(KILLED);
}

static void a_killed_run_is_shown_as_awaiting_then_recovered(void **state)
{
    struct scene s = {0};

    (void)state;
    scene_make(&s);
    assert_int_equal(in_child(die_in_a_run, &s, -1), KILLED);
    assert_int_equal(show(&s, "--read-only"), 0);
    expect("18 records await recovery");
    assert_int_equal(show(&s, ""), 0);
    expect("18 records recovered from its spool");
    expect("state     killed");
    expect("interrupted    1");
    assert_int_equal(show(&s, "notes"), 0);
    expect("1 samples were in flight");
    scene_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_has_the_documented_columns),
        cmocka_unit_test(the_summary_balances_in_text_and_json),
        cmocka_unit_test(wrong_usage_and_wrong_files_have_their_exit_codes),
        cmocka_unit_test(a_killed_run_is_shown_as_awaiting_then_recovered),
    };

    if (!getenv("ASRUN")) {
        puts("skipped: ASRUN does not name the program");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
