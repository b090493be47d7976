/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/process_files.c - the code that the engine's processes have mapped. */
#include "base/fs.h"
#include "base/str.h"
#include "probe/elf_id.h"
#include "probe/process.h"
#include "probe/redact.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const uint64_t loud = UINT64_C(512) << 20;

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static int put_build_id(const struct facts *f, const char *fact, const char *path)
{
    AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    char hex[ELF_ID_TEXT];
    int r = fd < 0 ? -errno : elf_build_id(hex, fd);

    if (r < 0)
        return facts_absent(f, fact, "%s", r == -ENOEXEC ? "no 64-bit ELF file" : strerror(-r));
    return facts_put(f, KNOWN_MEASURED, fact, hex, "",
                     *hex ? "its NT_GNU_BUILD_ID note" : "the file has no such note");
}

int process_put_sha256(const struct process_source *s, const struct facts *f, const char *name,
                       const struct map_file *file, uint64_t loud_bytes)
{
    char path[PATH_MAX], fact[320];
    const struct digest_asked asked = {.path = path,
                                       .known_as = file->path,
                                       .loud_bytes = loud_bytes,
                                       .say = s->out->say,
                                       .ctx = s->out->say_ctx};
    struct digest_words d;
    struct err err = {0};
    int r;

    (void)snprintf(fact, sizeof fact, "%s.sha256", name);
    if (file->gone)
        return facts_absent(f, fact, "deleted or replaced since it was mapped");
    map_file_path(path, sizeof path, s->root, file);
    r = digests_of(s->digests, &d, &asked, &err);
    if (r < 0)
        return r == -ENOMEM ? r : facts_absent(f, fact, "%s", strerror(-r));
    return facts_put(f, KNOWN_MEASURED, fact, d.hex, "",
                     d.remembered ? "asrun's cache of digests: same path, size and time of change"
                                  : "the file, read now");
}

int process_put_identity(const struct process_source *s, const struct facts *f,
                         const struct map_file *file, const char *name)
{
    char path[PATH_MAX], fact[320];
    int r;

    map_file_path(path, sizeof path, s->root, file);
    (void)snprintf(fact, sizeof fact, "%s.build_id", name);
    r = file->gone ? facts_absent(f, fact, "deleted or replaced since it was mapped")
                   : put_build_id(f, fact, path);
    return r < 0 ? r : process_put_sha256(s, f, name, file, loud);
}

static bool is_program(const struct process_source *s, const struct map_file *f)
{
    char path[PATH_MAX], link[PATH_MAX];

    for (size_t i = 0; i < s->tree.count; i++) {
        ssize_t n;

        (void)snprintf(path, sizeof path, "%s/proc/%d/exe", s->root, (int)s->tree.items[i].pid);
        n = readlink(path, link, sizeof link - 1);
        if (n > 0 && (size_t)n == strlen(f->path) && memcmp(link, f->path, (size_t)n) == 0)
            return true;
    }
    return false;
}

bool process_is_library(const struct process_source *s, const struct map_file *f)
{
    return f->code && !is_program(s, f);
}

void process_library_name(char *buf, size_t size, const struct map_files *files, size_t i)
{
    const char *name = base_name(files->items[i].path);
    size_t before = 0;

    for (size_t k = 0; k < i; k++)
        before += files->items[k].code && strcmp(base_name(files->items[k].path), name) == 0;
    if (before > 0)
        (void)snprintf(buf, size, "%.200s#%zu", name, before + 1);
    else
        (void)snprintf(buf, size, "%.200s", name);
}

int process_put_library(const struct process_source *s, const struct map_files *files, size_t i)
{
    const struct facts f = {&s->out->facts, "engine.library"};
    AUTO(str_release) struct str shown = {0};
    char name[256], fact[288];
    int r;

    process_library_name(name, sizeof name, files, i);
    redact_path(&shown, files->items[i].path);
    if (!str_ok(&shown))
        return -ENOMEM;
    (void)snprintf(fact, sizeof fact, "%s.path", name);
    r = facts_put(&f, KNOWN_MEASURED, fact, shown.data, "", "/proc/PID/maps");
    return r < 0 ? r : process_put_identity(s, &f, &files->items[i], name);
}

int process_put_libraries(const struct process_source *s, const struct map_files *files)
{
    int r = 0;

    for (size_t i = 0; i < files->count && r == 0; i++)
        if (process_is_library(s, &files->items[i]))
            r = process_put_library(s, files, i);
    return r;
}
