/* SPDX-License-Identifier: Apache-2.0 */
/* Which server and model are used, with a made-up recipe whose make only says what was asked. */
#define ASRUN_RECIPE_INSTALLED "nowhere"
#define ASRUN_RECIPE_SOURCE "/proc/self/cwd/recipe"
#include "../../../src/engine_child.c"
#include "../../../src/engine_files.c"
#include "harness/unit.h"
#include <sys/stat.h>

static char folder[] = "/tmp/asrun-test-files-XXXXXX";
static char path_before[PATH_MAX];

static void put_file(const char *name, const char *text, mode_t mode)
{
    assert_int_equal(fs_write(name, text, strlen(text), NULL), 0);
    assert_int_equal(chmod(name, mode), 0);
}

static int set_up(void **state)
{
    (void)state;
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    (void)snprintf(path_before, sizeof path_before, "%s", getenv("PATH"));
    if (!mkdtemp(folder) || chdir(folder) < 0 || mkdir("recipe", 0700) < 0)
        return -1;
    put_file("recipe/Makefile",
             "where:\n\t@echo /the/cache\nall models:\n\t@echo $@ $(SHAPES) >> made\n"
             "ifeq ($(SHAPES),360m)\n\t@exit 3\nendif\n",
             0600);
    return setenv("PATH", "/usr/bin:/bin", 1);
}

static int tear_down(void **state)
{
    static const char *const files[] = {"recipe/Makefile", "recipe/made", "llama-server", "mine"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++)
        (void)unlink(files[i]);
    if (rmdir("recipe") < 0 || chdir("/") < 0)
        return -1;
    return rmdir(folder) | setenv("PATH", path_before, 1);
}

static void builds_its_own_server_where_there_is_no_other(void **state)
{
    struct engine_files f;
    struct err err = {0};
    char made[64];

    (void)state;
    assert_int_equal(engine_find(&f, NULL, "15m", &err), 0);
    assert_int_equal(f.origin, ENGINE_BUILT);
    assert_string_equal(f.server, "/the/cache/bin/llama-server");
    assert_string_equal(f.model, "/the/cache/15m.gguf");
    assert_string_equal(f.alias, "asrun-dummy-15m");
    assert_int_equal(engine_ensure(&f, &err), 0);
    assert_int_equal(fs_read_line(made, sizeof made, "recipe/made"), 0);
    assert_string_equal(made, "all 15m");
}

static void takes_the_server_on_the_path_and_writes_only_the_model(void **state)
{
    struct engine_files f;
    struct err err = {0};
    char made[64], path[128];

    (void)state;
    put_file("llama-server", "#!/bin/sh\n", 0700);
    (void)snprintf(path, sizeof path, "/nowhere::%s:/usr/bin:/bin", folder);
    assert_int_equal(setenv("PATH", path, 1), 0);
    assert_int_equal(engine_find(&f, NULL, "135m", &err), 0);
    assert_int_equal(f.origin, ENGINE_ON_PATH);
    assert_memory_equal(f.server, folder, sizeof folder - 1);
    assert_int_equal(engine_ensure(&f, &err), 0);
    assert_int_equal(fs_read_line(made, sizeof made, "recipe/made"), 0);
    assert_string_equal(made, "models 135m");
}

static void prefers_the_server_that_the_user_names(void **state)
{
    struct engine_files f;
    struct err err = {0};

    (void)state;
    put_file("mine", "#!/bin/sh\n", 0700);
    put_file("llama-server", "#!/bin/sh\n", 0700);
    assert_int_equal(setenv("PATH", ".:/usr/bin:/bin", 1), 0);
    assert_int_equal(engine_find(&f, "./mine", "15m", &err), 0);
    assert_int_equal(f.origin, ENGINE_NAMED);
    assert_string_equal(f.server, "./mine");
    assert_int_equal(engine_find(&f, "./theirs", "15m", &err), -ENOENT);
    assert_non_null(strstr(err.text, "./theirs"));
    assert_string_equal(f.server, "./mine"); /* untouched on failure */
}

static void says_what_is_wrong(void **state)
{
    struct engine_files f;
    struct err err = {0};

    (void)state;
    assert_int_equal(engine_find(&f, NULL, "7b", &err), -EINVAL);
    assert_non_null(strstr(err.text, "15m, 135m and 360m"));
    assert_int_equal(engine_find(&f, NULL, "360m", &err), 0);
    assert_int_equal(engine_ensure(&f, &err), -EIO);
    assert_non_null(strstr(err.text, "make failed (exit code 2)"));
    assert_int_equal(setenv("PATH", "/nowhere", 1), 0);
    assert_int_equal(engine_find(&f, NULL, "15m", &err), -EIO);
    assert_non_null(strstr(err.text, "make is not installed"));
}

static void needs_the_recipe(void **state)
{
    struct engine_files f;
    struct err err = {0};

    (void)state;
    assert_int_equal(unlink("recipe/Makefile"), 0);
    assert_int_equal(engine_find(&f, NULL, "15m", &err), -ENOENT);
    assert_non_null(strstr(err.text, "targets/llm"));
}

#define FILES_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILES_TEST(builds_its_own_server_where_there_is_no_other),
        FILES_TEST(takes_the_server_on_the_path_and_writes_only_the_model),
        FILES_TEST(prefers_the_server_that_the_user_names),
        FILES_TEST(says_what_is_wrong),
        FILES_TEST(needs_the_recipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
