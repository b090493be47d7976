/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of the embedded engine, with this program itself in the part of the server. With
 * arguments it is a tool of tests/e2e/engine.sh: `hold SERVER MODEL LOG` starts the real one.
 */
#include "../../../src/engine.c"
#include "../../../src/engine_child.c"
#include "../../../src/engine_cpus.c"
#include "../../../src/engine_facts.c"
#include "fake_server.h"
#include "harness/unit.h"
#include <sys/stat.h>

static char folder[] = "/tmp/asrun-test-engine-XXXXXX";

struct fixture {
    struct engine_files files;
    char log[64];
};

/* A script that runs this program as a fake server in @mode. */
static void set_up(struct fixture *f, const char *mode)
{
    char exe[PATH_MAX] = "", script[PATH_MAX + 128];

    assert_true(readlink("/proc/self/exe", exe, sizeof exe - 1) > 0);
    *f = (struct fixture){.files = {.origin = ENGINE_NAMED, .shape = "15m", .alias = "dummy"}};
    (void)snprintf(f->files.server, sizeof f->files.server, "%s/server", folder);
    (void)snprintf(f->files.model, sizeof f->files.model, "%s/15m.gguf", folder);
    (void)snprintf(f->log, sizeof f->log, "%s/log", folder);
    (void)unlink(f->log);
    (void)snprintf(script, sizeof script, "#!/bin/sh\nexec %s fake %s \"$@\"\n", exe, mode);
    assert_int_equal(fs_write(f->files.server, script, strlen(script), NULL), 0);
    assert_int_equal(chmod(f->files.server, 0700), 0);
    assert_int_equal(fs_write(f->files.model, "model", 5, NULL), 0);
}

static int start(struct engine_proc **ret, const struct fixture *f, struct err *err)
{
    return engine_start(
        ret, &(struct engine_options){.files = &f->files, .log = f->log, .slots = 2}, err);
}

static void waits_while_the_model_loads_then_stops_it_clean(void **state)
{
    struct engine_proc *e = NULL;
    struct err err = {0};
    struct fixture f;
    pid_t pid;

    (void)state;
    set_up(&f, "good");
    assert_int_equal(start(&e, &f, &err), 0);
    assert_int_equal(engine_alive(e, &err), 1);
    assert_memory_equal(engine_url(e), "http://127.0.0.1:", 17);
    pid = engine_pid(e);
    assert_int_equal(kill(pid, 0), 0);
    engine_stop(e);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
}

static void leaves_out_options_that_the_server_does_not_know(void **state)
{
    AUTO(engine_stop) struct engine_proc *e = NULL;
    AUTO(free) char *log = NULL;
    struct err err = {0};
    struct fixture f;
    size_t n;

    (void)state;
    set_up(&f, "good");
    assert_int_equal(start(&e, &f, &err), 0);
    assert_int_equal(fs_read(&log, &n, f.log, 1 << 20, &err), 0);
    assert_non_null(strstr(log, "--metrics --slots"));
    assert_non_null(strstr(log, "-np 2 -c 2048 -t 1 -tb 1"));
    assert_null(strstr(log, "--no-ui"));
}

static void says_why_an_engine_did_not_start(void **state)
{
    struct engine_proc *e = NULL;
    struct err err = {0};
    struct fixture f;

    (void)state;
    set_up(&f, "broken");
    assert_int_equal(start(&e, &f, &err), -EIO);
    assert_null(e);
    assert_non_null(strstr(err.text, "exit code 3"));
    assert_non_null(strstr(err.text, "the model has no tensors"));
}

static void says_what_cannot_be_run(void **state)
{
    struct engine_proc *e = NULL;
    struct err err = {0};
    struct fixture f;

    (void)state;
    set_up(&f, "good");
    assert_int_equal(unlink(f.files.server), 0);
    assert_int_equal(start(&e, &f, &err), -ENOENT);
    assert_non_null(strstr(err.text, f.files.server));
}

static void tries_another_port_when_one_was_taken(void **state)
{
    AUTO(engine_stop) struct engine_proc *e = NULL;
    struct err err = {0};
    struct fixture f;
    char mode[64];

    (void)state;
    (void)snprintf(mode, sizeof mode, "clash:%s/mark", folder);
    set_up(&f, mode);
    assert_int_equal(start(&e, &f, &err), 0);
    assert_int_equal(engine_alive(e, &err), 1);
}

static void notices_an_engine_that_dies_later(void **state)
{
    AUTO(engine_stop) struct engine_proc *e = NULL;
    struct err err = {0};
    struct fixture f;

    (void)state;
    set_up(&f, "brief"); /* ends by itself after the third answer, the first healthy one */
    if (start(&e, &f, &err) == 0) {
        siginfo_t info;

        assert_int_equal(waitid(P_PID, (id_t)engine_pid(e), &info, WEXITED | WNOWAIT), 0);
        assert_int_equal(engine_alive(e, &err), 0);
    }
    assert_non_null(strstr(err.text, "exit code 9"));
    assert_non_null(strstr(err.text, "served enough"));
}

static void kills_a_child_that_ignores_termination(void **state)
{
    struct fixture f;
    struct engine_proc *e = NULL;
    struct err err = {0};
    int status = 0;

    (void)state;
    set_up(&f, "stubborn");
    assert_int_equal(start(&e, &f, &err), 0);
    child_stop(e->pid, &status, 50 * NS_PER_MS);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    e->pid = 0;
    engine_stop(e);
}

/* In a process of its own: starts an engine, tells its id, then waits to be killed. */
static void start_and_wait(const struct fixture *f, int tell)
{
    struct engine_proc *e = NULL;
    pid_t pid = start(&e, f, NULL) == 0 ? engine_pid(e) : -1;

    (void)!write(tell, &pid, sizeof pid);
    for (;;)
        pause();
}

static void does_not_outlive_an_asrun_that_is_killed(void **state)
{
    int tell[2], status = 0;
    struct fixture f;
    pid_t parent, engine = -1;

    (void)state;
    set_up(&f, "good");
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0); /* the orphan becomes ours to see */
    assert_int_equal(pipe(tell), 0);
    parent = fork();
    if (parent == 0)
        start_and_wait(&f, tell[1]);
    assert_int_equal(read(tell[0], &engine, sizeof engine), sizeof engine);
    assert_true(engine > 0);
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(waitpid(parent, &status, 0), parent);
    assert_int_equal(waitpid(engine, &status, 0), engine);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    (void)close(tell[0]);
    (void)close(tell[1]);
}

static void splits_the_cpus_between_engine_and_asrun(void **state)
{
    struct engine_cpus c;
    cpu_set_t allowed;

    (void)state;
    CPU_ZERO(&allowed);
    CPU_SET(3, &allowed);
    engine_cpus_of(&c, &allowed);
    assert_true(c.shared);
    assert_string_equal(c.engine_text, "3");
    assert_string_equal(c.own_text, "3");
    CPU_SET(5, &allowed);
    engine_cpus_of(&c, &allowed);
    assert_false(c.shared);
    assert_string_equal(c.engine_text, "3");
    assert_string_equal(c.own_text, "5");
    CPU_SET(6, &allowed);
    CPU_SET(7, &allowed);
    CPU_SET(9, &allowed);
    engine_cpus_of(&c, &allowed);
    assert_string_equal(c.engine_text, "3,5");
    assert_string_equal(c.own_text, "6-7,9");
}

struct seen {
    char text[4096];
};

static int note(void *ctx, const struct fact *f)
{
    struct seen *s = ctx;
    size_t n = strlen(s->text);

    (void)snprintf(s->text + n, sizeof s->text - n, "%s.%s=%s (%d)\n", f->scope, f->name,
                   f->value ? f->value : "?", (int)f->known);
    return 0;
}

static int refuse(void *ctx, const struct fact *f)
{
    (void)ctx;
    (void)f;
    return -ENOSPC;
}

static void tells_what_it_started_without_the_users_folders(void **state)
{
    AUTO(engine_stop) struct engine_proc *e = NULL;
    struct engine_cpus cpus;
    struct seen seen = {""};
    struct err err = {0};
    struct fixture f;

    (void)state;
    set_up(&f, "good");
    assert_int_equal(engine_cpus_split(&cpus, &err), 0);
    assert_int_equal(
        engine_start(&e, &(struct engine_options){.files = &f.files, .log = f.log, .cpus = &cpus},
                     &err),
        0);
    assert_int_equal(engine_facts(e, &(struct fact_sink){note, &seen}), 0);
    assert_non_null(strstr(seen.text, "engine.slots=4 (0)"));
    assert_non_null(strstr(seen.text, "engine.context.total=4096 (0)"));
    assert_non_null(strstr(seen.text, "engine.cpu_variant=? (5)")); /* a fake has none */
    assert_non_null(strstr(seen.text, "model.weights=dummy: seeded noise"));
    assert_non_null(strstr(seen.text, cpus.engine_text));
    assert_null(strstr(seen.text, folder));
    assert_int_equal(engine_facts(e, &(struct fact_sink){refuse, NULL}), -ENOSPC);
}

static int hold(char **argv)
{
    AUTO(engine_stop) struct engine_proc *e = NULL;
    struct engine_files f = {.origin = ENGINE_BUILT};
    struct engine_cpus cpus;
    struct seen seen = {""};
    struct err err = {0};

    (void)snprintf(f.server, sizeof f.server, "%s", argv[0]);
    (void)snprintf(f.model, sizeof f.model, "%s", argv[1]);
    (void)snprintf(f.shape, sizeof f.shape, "15m");
    (void)snprintf(f.alias, sizeof f.alias, "asrun-dummy-15m");
    if (engine_cpus_split(&cpus, &err) < 0 ||
        engine_start(&e, &(struct engine_options){.files = &f, .cpus = &cpus, .log = argv[2]},
                     &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    if (engine_facts(e, &(struct fact_sink){note, &seen}) < 0)
        return 1;
    printf("%d %s\n%s.\n", (int)engine_pid(e), engine_url(e), seen.text);
    fflush(stdout);
    return getchar() == 'q' ? 0 : 2;
}

static int clean_up(void **state)
{
    static const char *const left[] = {"server", "15m.gguf", "log", "mark"};
    char path[64];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(left); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, left[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_while_the_model_loads_then_stops_it_clean),
        cmocka_unit_test(leaves_out_options_that_the_server_does_not_know),
        cmocka_unit_test(says_why_an_engine_did_not_start),
        cmocka_unit_test(says_what_cannot_be_run),
        cmocka_unit_test(tries_another_port_when_one_was_taken),
        cmocka_unit_test(notices_an_engine_that_dies_later),
        cmocka_unit_test(kills_a_child_that_ignores_termination),
        cmocka_unit_test(does_not_outlive_an_asrun_that_is_killed),
        cmocka_unit_test(splits_the_cpus_between_engine_and_asrun),
        cmocka_unit_test(tells_what_it_started_without_the_users_folders),
    };

    if (argc > 2 && strcmp(argv[1], "fake") == 0)
        return fake_main(argc, argv);
    if (argc == 5 && strcmp(argv[1], "hold") == 0)
        return hold(argv + 2);
    assert_non_null(mkdtemp(folder));
    return cmocka_run_group_tests(tests, NULL, clean_up);
}
