/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/packages.c - the Python packages that the engine's interpreters can import: every
 * NAME-VERSION.dist-info in the site folders that a process shows by what it maps, by its virtual
 * environment, or by the place of its interpreter.
 */
#include "base/fs.h"
#include "probe/process.h"
#include "probe/redact.h"
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SITES_MAX = 32, PACKAGES_MAX = 4000, METADATA_READ = 4096 };

struct site {
    char path[512]; /* as the process sees it */
    pid_t pid;
};

struct sites {
    struct site items[SITES_MAX];
    size_t count;
    bool python; /* an interpreter was seen */
};

static void add_site(struct sites *s, const char *path, size_t n, pid_t pid)
{
    if (n >= sizeof s->items[0].path || s->count >= SITES_MAX)
        return;
    for (size_t i = 0; i < s->count; i++)
        if (strlen(s->items[i].path) == n && memcmp(s->items[i].path, path, n) == 0)
            return;
    (void)snprintf(s->items[s->count].path, sizeof s->items[0].path, "%.*s", (int)n, path);
    s->items[s->count++].pid = pid;
}

static void add_mapped(struct sites *s, const struct map_files *files)
{
    static const char *const folders[] = {"/site-packages/", "/dist-packages/"};

    for (size_t i = 0; i < files->count; i++)
        for (size_t k = 0; k < COUNT_OF(folders); k++) {
            const char *at = strstr(files->items[i].path, folders[k]);

            if (at)
                add_site(s, files->items[i].path,
                         (size_t)(at - files->items[i].path) + strlen(folders[k]) - 1,
                         files->items[i].pid);
        }
}

/* The site folders below @prefix, such as a virtual environment's: lib/pythonX.Y/site-packages. */
static void add_below(struct sites *s, const char *root, pid_t pid, const char *prefix)
{
    static const char *const folders[] = {"site-packages", "dist-packages"};
    char path[PATH_MAX], site[PATH_MAX];
    DIR *d;

    (void)snprintf(path, sizeof path, "%s/proc/%d/root%s/lib", root, (int)pid, prefix);
    d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));)
        for (size_t i = 0; i < COUNT_OF(folders) && strncmp(e->d_name, "python3", 7) == 0; i++) {
            int n = snprintf(site, sizeof site, "%s/lib/%s/%s", prefix, e->d_name, folders[i]);

            if (n > 0 && (size_t)n < sizeof site)
                add_site(s, site, (size_t)n, pid);
        }
    if (d)
        (void)closedir(d);
}

/* "/venv/bin/python3" -> "/venv" */
static void add_beside(struct sites *s, const char *root, pid_t pid, const char *program)
{
    const char *bin = strstr(program, "/bin/");
    char prefix[512];

    if (program[0] != '/' || !bin || (size_t)(bin - program) >= sizeof prefix)
        return;
    (void)snprintf(prefix, sizeof prefix, "%.*s", (int)(bin - program), program);
    add_below(s, root, pid, prefix);
}

static void add_process(struct sites *s, const struct process_source *p, pid_t pid)
{
    AUTO(process_args_release) struct process_args args = {0}, variables = {0};
    char path[PATH_MAX], link[PATH_MAX];
    const char *name, *venv = NULL;
    ssize_t n;

    (void)snprintf(path, sizeof path, "%s/proc/%d/exe", p->root, (int)pid);
    n = readlink(path, link, sizeof link - 1);
    if (n <= 0)
        return;
    link[n] = '\0';
    name = strrchr(link, '/');
    if (!name || strncmp(name + 1, "python", 6) != 0)
        return;
    s->python = true;
    if (process_args_read(&variables, p->root, pid, "environ") == 0)
        venv = process_variable(&variables, "VIRTUAL_ENV");
    if (venv && venv[0] == '/')
        add_below(s, p->root, pid, venv);
    if (process_args_read(&args, p->root, pid, "cmdline") == 0 && args.len > 0)
        add_beside(s, p->root, pid, args.text);
    add_beside(s, p->root, pid, link);
}

/* The value of a header of METADATA; false: it has none. */
static bool header(char *buf, size_t size, const char *text, const char *name)
{
    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (*line == '\n' || *line == '\r')
            return false; /* the description begins */
        if (strncasecmp(line, name, strlen(name)) == 0) {
            const char *value = line + strlen(name);

            value += strspn(value, " \t");
            (void)snprintf(buf, size, "%.*s", (int)strcspn(value, "\r\n"), value);
            return *buf != '\0';
        }
    }
    return false;
}

static bool is_word(const char *text)
{
    return *text &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789._-+!")] == '\0' &&
           !redact_looks_secret(text);
}

static int put_package(const struct facts *f, const char *path)
{
    char text[METADATA_READ], name[128], version[96];

    if (fs_read_line(text, sizeof text, path) < 0 || !header(name, sizeof name, text, "Name:") ||
        !header(version, sizeof version, text, "Version:") || !is_word(name))
        return 0; /* an installation that is under way or broken: none to the interpreter, too */
    for (char *c = name; *c; c++)
        *c = (char)(*c == '_' ? '-' : tolower((unsigned char)*c));
    return facts_put(f, KNOWN_MEASURED, name, is_word(version) ? version : REDACTED, "",
                     "METADATA of its dist-info");
}

static int put_site(const struct facts *f, const char *root, const struct site *site, size_t *put)
{
    static const char end[] = ".dist-info";
    char path[PATH_MAX], file[PATH_MAX + 300];
    int r = 0;
    DIR *d;

    (void)snprintf(path, sizeof path, "%s/proc/%d/root%s", root, (int)site->pid, site->path);
    d = opendir(path);
    for (struct dirent *e; d && r == 0 && *put < PACKAGES_MAX && (e = readdir(d));) {
        const size_t n = strlen(e->d_name);

        if (n <= sizeof end || strcmp(e->d_name + n - sizeof end + 1, end) != 0)
            continue;
        (void)snprintf(file, sizeof file, "%s/%s/METADATA", path, e->d_name);
        r = put_package(f, file);
        (*put)++;
    }
    if (d)
        (void)closedir(d);
    return r;
}

int process_put_packages(const struct process_source *s, const struct map_files *files)
{
    const struct facts f = {&s->out->facts, "engine.package"};
    struct sites *sites = calloc(1, sizeof *sites);
    size_t put = 0;
    int r = 0;

    if (!sites)
        return -ENOMEM;
    for (size_t i = 0; i < s->tree.count; i++)
        add_process(sites, s, s->tree.items[i].pid);
    if (sites->python)
        add_mapped(sites, files);
    for (size_t i = 0; i < sites->count && r == 0; i++)
        r = put_site(&f, s->root, &sites->items[i], &put);
    if (r == 0 && put == 0)
        r = facts_absent(&f, "packages",
                         sites->python ? "no dist-info folder in its interpreter's sites"
                                       : "no Python interpreter among its processes");
    free(sites);
    return r;
}
