/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/process.h"
#include "base/fs.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int process_args_read(struct process_args *ret, const char *root, pid_t pid, const char *file)
{
    struct process_args a = {0};
    char path[PATH_MAX];
    int r;

    (void)snprintf(path, sizeof path, "%s/proc/%d/%s", root, (int)pid, file);
    r = fs_read(&a.text, &a.len, path, PROCESS_FILE_MAX, NULL);
    if (r == 0)
        *ret = a;
    return r;
}

/* Secrets don't stay in memory that is given back. */
void process_args_release(struct process_args *a)
{
    if (a->text)
        explicit_bzero(a->text, a->len);
    free(a->text);
    *a = (struct process_args){0};
}

static const char *next(const struct process_args *a, const char *arg)
{
    const char *after = arg ? arg + strlen(arg) + 1 : a->text;

    return after && after < a->text + a->len ? after : NULL;
}

/* What follows @name and '=' in one of the texts. */
static const char *assigned(const char *arg, const char *name)
{
    const size_t n = strlen(name);

    return strncmp(arg, name, n) == 0 && arg[n] == '=' ? arg + n + 1 : NULL;
}

const char *process_variable(const struct process_args *variables, const char *name)
{
    for (const char *arg = NULL; (arg = next(variables, arg));)
        if (assigned(arg, name))
            return assigned(arg, name);
    return NULL;
}

/* The rest of @arg after option @name, whose '-' may be '_' there; NULL: it is another. */
static const char *after_option(const char *arg, const char *name)
{
    size_t n = 0;

    for (; name[n]; n++)
        if (arg[n] != name[n] && !(arg[n] == '_' && name[n] == '-' && n > 1))
            return NULL;
    return arg + n;
}

const char *process_option(const struct process_args *cmdline, const char *name)
{
    for (const char *arg = NULL; (arg = next(cmdline, arg));) {
        const char *after = after_option(arg, name);

        if (after && *after == '\0')
            return next(cmdline, arg);
        if (after && *after == '=')
            return after + 1;
    }
    return NULL;
}
