/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/columns.h"
#include "kill.h"
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

enum { SAMPLES = 12, IN_FLIGHT_FROM = 8 };

struct count {
    int samples, ok, interrupted, events, seconds, connections;
    char note[200];
};

static int count_sample(void *ctx, const struct sample *s)
{
    struct count *c = ctx;

    c->samples++;
    c->ok += s->outcome == OUTCOME_OK;
    c->interrupted += s->outcome == OUTCOME_INTERRUPTED;
    return 0;
}

static int count_event(void *ctx, uint32_t sample, uint32_t index, const struct event *e)
{
    struct count *c = ctx;

    assert_int_equal(e->time_ns, scene_event_ns(sample, (int)index) / 1000 * 1000);
    c->events++;
    return 0;
}

static int count_second(void *ctx, const struct second *s)
{
    struct count *c = ctx;

    for (int f = 0; f < SECOND_FIELDS; f++)
        assert_int_equal(s->v[f], f);
    assert_int_equal(s->start_ns % (10 * NS_PER_MS), 0);
    c->seconds++;
    return 0;
}

static int count_connection(void *ctx, const struct connection *k)
{
    struct count *c = ctx;

    for (int f = 0; f < CONNECTION_FIELDS; f++)
        assert_int_equal(k->v[f], f);
    assert_int_equal(k->closed_ns % (10 * NS_PER_MS), 0);
    c->connections++;
    return 0;
}

static int keep_note(void *ctx, int64_t time_ns, const char *kind, const char *text)
{
    struct count *c = ctx;

    (void)time_ns;
    if (strcmp(kind, "spool") == 0)
        (void)snprintf(c->note, sizeof c->note, "%s", text);
    return 0;
}

static struct count count_all(struct evidence *e)
{
    struct count c = {0};
    struct err err = {0};

    assert_int_equal(evidence_each_sample(e, count_sample, &c, &err), 0);
    assert_int_equal(evidence_each_event(e, UINT32_MAX, count_event, &c, &err), 0);
    assert_int_equal(evidence_each_note(e, keep_note, &c, &err), 0);
    assert_int_equal(evidence_each_second(e, count_second, &c, &err), 0);
    assert_int_equal(evidence_each_connection(e, count_connection, &c, &err), 0);
    return c;
}

/* Eight samples finished, four in flight with four events each; half of it is in the store. Each
 * sample comes with a second and a connection, cut in two by the commit; the last one's other half
 * never came. */
static void put_rows(struct scene *s, uint32_t i, bool second_half)
{
    struct ring *ring = store_ring(s->store, (int)(i % 2));
    int64_t ns = (i + 1) * 10 * NS_PER_MS;

    put_row(ring, REC_SECOND, ns, second_half ? 12 : 0, second_half ? SECOND_FIELDS : 12);
    put_row(ring, REC_CONNECTION, ns, second_half ? 6 : 0, second_half ? CONNECTION_FIELDS : 6);
}

static void write_half_a_run(struct scene *s)
{
    struct err err = {0};

    scene_begin(s, 2, 1024, SAMPLES);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        int steps = i < IN_FLIGHT_FROM ? SCENE_RECORDS : 10;

        for (int step = 0; step < steps; step++) {
            put_step(store_ring(s->store, (int)(i % 2)), i, step);
            if (step == 7)
                put_rows(s, i, false);
            if (step == 8 && i % 3 == 1 &&
                store_pump(s->store, (int64_t)i * 250 * NS_PER_MS, &err) < 0)
                _exit(CHILD_FAILED);
        }
        if (i + 1 < SAMPLES)
            put_rows(s, i, true);
    }
}

static void die_in_a_run(struct scene *s)
{
    write_half_a_run(s);
    _exit(KILLED);
}

static struct scene killed_run(void)
{
    struct scene s = {0};

    scene_make(&s);
    assert_int_equal(in_child(die_in_a_run, &s, -1), KILLED);
    return s;
}

static void check_recovered(struct evidence *e)
{
    struct count c = count_all(e);
    size_t trials;

    assert_string_equal(evidence_info(e)->state, "killed");
    assert_string_equal(evidence_trials(e, &trials)->outcome, "killed");
    assert_int_equal(trials, 1);
    assert_int_equal(c.samples, SAMPLES);
    assert_int_equal(c.ok, IN_FLIGHT_FROM);
    assert_int_equal(c.interrupted, SAMPLES - IN_FLIGHT_FROM);
    assert_int_equal(c.seconds, SAMPLES - 1);
    assert_int_equal(c.connections, SAMPLES - 1);
    assert_int_equal(c.events, IN_FLIGHT_FROM * SCENE_EVENTS + (SAMPLES - IN_FLIGHT_FROM) * 4);
}

static void the_next_open_recovers_a_killed_run_once(void **state)
{
    struct scene s = killed_run();
    struct err err = {0};

    (void)state;
    for (int round = 0; round < 2; round++) {
        AUTO(evidence_close) struct evidence *e = NULL;

        assert_int_equal(evidence_open(&e, s.path, EVIDENCE_RECOVER, &err), 0);
        assert_int_equal(evidence_info(e)->recovered_records > 0, round == 0);
        check_recovered(e);
    }
    assert_false(scene_has(&s, "-spool") || scene_has(&s, "-wal"));
    scene_remove(&s);
}

static void die_before_the_first_commit(struct scene *s)
{
    scene_begin(s, 1, 256, 3);
    put_sample(store_ring(s->store, 0), 0);
    put_step(store_ring(s->store, 0), 1, 0);
    _exit(KILLED);
}

/* As the first asrun would have left it, without the columns that came later. */
static void drop_columns(const char *path)
{
    sqlite3 *db = NULL;
    char sql[120];

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DROP VIEW samples", NULL, NULL, NULL), SQLITE_OK);
    for (int i = SAMPLE_COLUMNS_FIRST; i < SAMPLE_COLUMNS; i++) {
        (void)snprintf(sql, sizeof sql, "ALTER TABLE sample DROP COLUMN %s",
                       sample_columns[i].name);
        assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_file_without_the_latest_columns_is_recovered_and_read(void **state)
{
    struct scene s = {0};

    (void)state;
    scene_make(&s);
    assert_int_equal(in_child(die_before_the_first_commit, &s, -1), KILLED);
    drop_columns(s.path);
    for (int round = 0; round < 2; round++) {
        AUTO(evidence_close) struct evidence *e = NULL;
        struct err err = {0};

        assert_int_equal(evidence_open(&e, s.path, EVIDENCE_RECOVER, &err), 0);
        assert_int_equal(count_all(e).samples, 2);
        assert_int_equal(count_all(e).ok, 1);
    }
    scene_remove(&s);
}

static void a_read_only_open_says_how_much_awaits_recovery(void **state)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct scene s = killed_run();
    struct err err = {0};

    (void)state;
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_READ_ONLY, &err), 0);
    assert_string_equal(evidence_info(e)->state, "running");
    assert_false(evidence_info(e)->live);
    assert_true(evidence_info(e)->awaiting_records > 0);
    assert_true(scene_has(&s, "-spool"));
    scene_remove(&s);
}

static void a_living_writer_is_left_alone(void **state)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct scene s = {0};
    struct err err = {0};

    (void)state;
    scene_make(&s);
    scene_begin(&s, 1, 256, 4);
    put_sample(store_ring(s.store, 0), 0);
    assert_int_equal(store_flush(s.store, &err), 0);
    put_sample(store_ring(s.store, 0), 1);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_RECOVER, &err), 0);
    assert_true(evidence_info(e)->live);
    assert_int_equal(evidence_info(e)->samples, 1);
    assert_int_equal(evidence_info(e)->recovered_records, 0);
    evidence_close(TAKE(e));
    scene_finish(&s);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_RECOVER, &err), 0);
    assert_int_equal(evidence_info(e)->samples, 2);
    scene_remove(&s);
}

/* What is left of @s's run when its spool is changed by @spoil. */
static void check_spoiled(void (*spoil)(const char *spool), const char *words)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct scene s = killed_run();
    struct err err = {0};
    struct count c;
    char path[128];

    (void)snprintf(path, sizeof path, "%s-spool", s.path);
    spoil(path);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_RECOVER, &err), 0);
    c = count_all(e);
    if (!strstr(c.note, words))
        fail_msg("the note is: %s", c.note);
    assert_string_equal(evidence_info(e)->state, "killed");
    assert_true(c.samples > 0 && c.samples <= SAMPLES);
    scene_remove(&s);
}

static void spoil_remove(const char *spool)
{
    assert_int_equal(unlink(spool), 0);
}

static void spoil_cut(const char *spool)
{
    assert_int_equal(truncate(spool, 5000), 0);
}

static void overwrite(const char *spool, off_t at, const void *data, size_t n)
{
    int fd = open(spool, O_WRONLY);

    assert_int_equal(pwrite(fd, data, n, at), n);
    close(fd);
}

static void spoil_id(const char *spool)
{
    overwrite(spool, 40, "0123", 4);
}

static void spoil_magic(const char *spool)
{
    overwrite(spool, 0, "x", 1);
}

static void spoil_head(const char *spool)
{
    uint64_t far = UINT64_C(1) << 40;

    overwrite(spool, 4096, &far, sizeof far);
}

static void a_spool_that_cannot_be_used_is_a_note(void **state)
{
    (void)state;
    check_spoiled(spoil_remove, "gone");
    check_spoiled(spoil_cut, "does not agree with its size");
    check_spoiled(spoil_id, "another run");
    check_spoiled(spoil_magic, "not that of a spool");
    check_spoiled(spoil_head, "ring 0");
}

static void recover_in_child(struct scene *s)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct err err = {0};

    if (evidence_open(&e, s->path, EVIDENCE_RECOVER, &err) < 0)
        _exit(CHILD_FAILED);
}

static void recovery_killed_at_any_change_comes_to_the_same_result(void **state)
{
    struct scene killed = killed_run();
    char want[65] = "";
    int status = KILLED, changes = 0;

    (void)state;
    for (int nth = -1; nth <= 0 || status == KILLED; nth++) {
        AUTO(evidence_close) struct evidence *e = NULL;
        struct scene s = scene_copy(&killed);
        struct err err = {0};

        status = in_child(recover_in_child, &s, nth);
        assert_int_equal(status, nth >= 0 && status == KILLED ? KILLED : 0);
        assert_int_equal(evidence_open(&e, s.path, EVIDENCE_RECOVER, &err), 0);
        check_recovered(e);
        if (nth < 0)
            memcpy(want, evidence_info(e)->chain_head, sizeof want);
        assert_string_equal(evidence_info(e)->chain_head, want);
        evidence_close(TAKE(e));
        scene_remove(&s);
        changes = nth;
    }
    assert_in_range(changes, 10, 1000); /* it was killed, and often */
    scene_remove(&killed);
}

static void run_in_child(struct scene *s)
{
    struct err err = {0};

    write_half_a_run(s);
    if (store_finish(s->store, "interrupted", &err) < 0)
        _exit(CHILD_FAILED);
}

static void a_run_killed_at_any_change_opens_and_keeps_whole_samples(void **state)
{
    int status = KILLED, opened = 0;

    (void)state;
    for (int nth = 0; status == KILLED; nth++) {
        AUTO(evidence_close) struct evidence *e = NULL;
        struct scene s = {0};
        struct err err = {0};

        scene_make(&s);
        status = in_child(run_in_child, &s, nth);
        assert_true(status == KILLED || status == 0);
        if (scene_has(&s, "")) { /* before that nothing was begun, and nothing is lost */
            assert_int_equal(evidence_open(&e, s.path, EVIDENCE_RECOVER, &err), 0);
            assert_string_not_equal(evidence_info(e)->state, "running");
            (void)count_all(e);
            opened++;
        }
        evidence_close(TAKE(e));
        scene_remove(&s);
    }
    assert_true(opened > 20);
}

/* Shared with a child: how many records it has published. */
static int *published;

static void write_until_killed(struct scene *s)
{
    struct err err = {0};

    scene_begin(s, 1, 1024, 2000);
    for (uint32_t i = 0;; i = (i + 1) % 2000) {
        for (int step = 0; step < SCENE_RECORDS; step++) {
            put_step(store_ring(s->store, 0), i, step);
            (void)__atomic_add_fetch(published, 1, __ATOMIC_RELEASE);
        }
        if (i == 1999)
            pause();
        if (store_pump(s->store, (int64_t)i * 50 * NS_PER_MS, &err) < 0)
            _exit(CHILD_FAILED);
    }
}

static void kill_and_check(long after_us)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct timespec wait = {.tv_nsec = after_us * 1000};
    struct scene s = {0};
    struct err err = {0};
    struct count c;
    pid_t child;

    scene_make(&s);
    *published = 0;
    child = fork();
    if (child == 0)
        write_until_killed(&s);
    while (__atomic_load_n(published, __ATOMIC_ACQUIRE) == 0)
        (void)sched_yield();
    (void)nanosleep(&wait, NULL);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_RECOVER, &err), 0);
    c = count_all(e);
    assert_in_range(c.ok, *published / SCENE_RECORDS, *published / SCENE_RECORDS + 1);
    scene_remove(&s);
}

static void a_run_killed_at_a_random_instant_keeps_every_published_record(void **state)
{
    (void)state;
    srand(1);
    for (int round = 0; round < 12; round++)
        kill_and_check(rand() % 12000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_open_recovers_a_killed_run_once),
        cmocka_unit_test(a_file_without_the_latest_columns_is_recovered_and_read),
        cmocka_unit_test(a_read_only_open_says_how_much_awaits_recovery),
        cmocka_unit_test(a_living_writer_is_left_alone),
        cmocka_unit_test(a_spool_that_cannot_be_used_is_a_note),
        cmocka_unit_test(recovery_killed_at_any_change_comes_to_the_same_result),
        cmocka_unit_test(a_run_killed_at_any_change_opens_and_keeps_whole_samples),
        cmocka_unit_test(a_run_killed_at_a_random_instant_keeps_every_published_record),
    };

    hook_sqlite();
    published = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
