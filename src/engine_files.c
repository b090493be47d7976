/* SPDX-License-Identifier: Apache-2.0 */
/* src/engine_files.c - which server and which model, and having them built. */
#include "base/fs.h"
#include "engine.h"
#include "engine_child.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fit(char *buf, size_t size, struct err *err, const char *a, const char *b)
{
    if (snprintf(buf, size, "%s%s", a, b) >= (int)size)
        return err_set(err, -ENAMETOOLONG, "%s%s: name too long", a, b);
    return 0;
}

/* Beside an installed program first, so that it never needs the sources it was built from. */
static int find_recipe(char *ret, struct err *err)
{
    char exe[PATH_MAX], path[PATH_MAX + 64];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

    exe[n > 0 ? n : 0] = '\0';
    if (strrchr(exe, '/'))
        *strrchr(exe, '/') = '\0';
    (void)snprintf(path, sizeof path, "%s/" ASRUN_RECIPE_INSTALLED "/Makefile", exe);
    if (!fs_exists(path))
        (void)snprintf(path, sizeof path, "%s", ASRUN_RECIPE_SOURCE "/Makefile");
    if (!fs_exists(path))
        return err_set(err, -ENOENT, "the folder targets/llm is neither installed nor at %s",
                       ASRUN_RECIPE_SOURCE);
    *strrchr(path, '/') = '\0';
    return fit(ret, PATH_MAX, err, path, "");
}

/* The recipe alone knows its version, and so its cache. */
static int find_cache(struct engine_files *f, struct err *err)
{
    const char *const args[] = {"make", "--no-print-directory", "-s", "-C", f->recipe, "where",
                                NULL};
    AUTO(free) char *where = NULL;
    int r = child_read(&where, args, err);

    if (r == -ENOENT)
        return err_set(err, -EIO, "make is not installed: tools/setup installs it");
    if (r < 0)
        return r;
    where[strcspn(where, "\n")] = '\0';
    return fit(f->cache, sizeof f->cache, err, where, "");
}

static bool on_path(char *ret, const char *program)
{
    const char *dir = getenv("PATH");

    for (; dir && *dir; dir += strcspn(dir, ":"), dir += *dir == ':') {
        int n = (int)strcspn(dir, ":");

        if (snprintf(ret, PATH_MAX, "%.*s/%s", n, dir, program) < PATH_MAX &&
            access(ret, X_OK) == 0)
            return true;
    }
    return false;
}

static int find_server(struct engine_files *f, const char *named, struct err *err)
{
    if (named && access(named, X_OK) < 0)
        return err_set(err, -ENOENT, "%s: no program to run as the engine: %s", named,
                       strerror(errno));
    f->origin = named ? ENGINE_NAMED : ENGINE_ON_PATH;
    if (named)
        return fit(f->server, sizeof f->server, err, named, "");
    if (on_path(f->server, "llama-server"))
        return 0;
    f->origin = ENGINE_BUILT;
    return fit(f->server, sizeof f->server, err, f->cache, "/bin/llama-server");
}

static int find_model(struct engine_files *f, const char *shape, struct err *err)
{
    char name[32];

    if (strcmp(shape, "15m") != 0 && strcmp(shape, "135m") != 0 && strcmp(shape, "360m") != 0)
        return err_set(err, -EINVAL, "'%s': the model shapes are 15m, 135m and 360m", shape);
    (void)snprintf(f->shape, sizeof f->shape, "%s", shape);
    (void)snprintf(f->alias, sizeof f->alias, "asrun-dummy-%s", f->shape);
    (void)snprintf(name, sizeof name, "/%s.gguf", f->shape);
    return fit(f->model, sizeof f->model, err, f->cache, name);
}

int engine_find(struct engine_files *ret, const char *named, const char *shape, struct err *err)
{
    struct engine_files f = {0};
    int r = find_recipe(f.recipe, err);

    if (r == 0)
        r = find_cache(&f, err);
    if (r == 0)
        r = find_model(&f, shape, err);
    if (r == 0)
        r = find_server(&f, named, err);
    if (r == 0)
        *ret = f;
    return r;
}

int engine_ensure(const struct engine_files *f, struct err *err)
{
    const char *goal = f->origin == ENGINE_BUILT ? "all" : "models";
    struct err why = {0};
    char shapes[32];
    int r;

    (void)snprintf(shapes, sizeof shapes, "SHAPES=%s", f->shape);
    r = child_run((const char *[]){"make", "--no-print-directory", "-j2", "-C", f->recipe, goal,
                                   shapes, NULL},
                  &why);
    return r == 0 ? 0
                  : err_set(err, -EIO, "the embedded engine could not be built in %s: %s", f->cache,
                            why.text);
}
