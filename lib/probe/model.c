/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/model.c - which files of weights an engine uses, and what they are.
 *
 * They are mapped or held open by one of its processes; an engine that has loaded its weights and
 * let go of the files still names them in its command line: a file, a folder, or a name that its
 * hub's cache knows (HF_HUB_CACHE, HF_HOME, ~/.cache/huggingface; refs/main there).
 */
#include "probe/model.h"
#include "base/fs.h"
#include "base/str.h"
#include "probe/process.h"
#include "probe/redact.h"
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES_SHOWN = 64, HUB_DIGEST = 64 };
static const uint64_t loud_bytes = UINT64_C(1) << 30;

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);

    return n > m && strcmp(text + n - m, end) == 0;
}

/* Files in a hub's cache are named by their digests: large ones by SHA-256. */
static bool is_hub_blob(const char *path)
{
    const char *at = strstr(path, "/blobs/");
    size_t n = 0;

    if (!at)
        return false;
    at += strlen("/blobs/");
    if (strncmp(at, "sha256-", 7) == 0)
        at += 7;
    while (isxdigit((unsigned char)at[n]))
        n++;
    return n == HUB_DIGEST && at[n] == '\0';
}

bool model_is_weights(const char *path)
{
    static const char *const ends[] = {".gguf", ".safetensors", ".pt", ".pth", ".onnx", ".engine"};

    for (size_t i = 0; i < COUNT_OF(ends); i++)
        if (ends_with(path, ends[i]))
            return true;
    return is_hub_blob(path);
}

static bool is_folder(const char *root, pid_t pid, const char *path)
{
    const struct map_file f = {.path = path, .pid = pid};
    char own[PATH_MAX];
    struct stat s;

    map_file_path(own, sizeof own, root, &f);
    return stat(own, &s) == 0 && S_ISDIR(s.st_mode);
}

static int add_file(struct map_files *m, const struct map_file *found)
{
    const struct map_file f = {
        .path = arena_strdup(&m->arena, found->path), .pid = found->pid, .gone = found->gone};

    return f.path ? map_files_push(m, &f) : -ENOMEM;
}

static int add_found(struct map_files *m, const char *path, pid_t pid)
{
    return add_file(m, &(struct map_file){.path = path, .pid = pid});
}

static bool has_file(const char *folder, const char *name)
{
    char path[PATH_MAX + 300];
    struct stat s;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return stat(path, &s) == 0;
}

/* The files of one kind in a folder, which asrun sees as @own; not the same weights twice, as
 * consolidated*.safetensors beside model*.safetensors. */
static int add_kind(struct map_files *m, pid_t pid, const char *folder, const char *own,
                    const char *end)
{
    const bool twice =
        has_file(own, "model.safetensors") || has_file(own, "model.safetensors.index.json");
    char path[PATH_MAX + 300];
    DIR *d = opendir(own);
    int r = 0;

    for (struct dirent *e; d && r == 0 && (e = readdir(d));) {
        if (!ends_with(e->d_name, end) || (twice && strncmp(e->d_name, "consolidated", 12) == 0))
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        r = add_found(m, path, pid);
    }
    if (d)
        (void)closedir(d);
    return r;
}

/* The weights in a folder: safetensors, or GGUF where there is none of them. */
static int add_folder(struct map_files *m, const char *root, pid_t pid, const char *folder)
{
    const struct map_file f = {.path = folder, .pid = pid};
    const size_t before = m->count;
    char own[PATH_MAX];
    int r;

    map_file_path(own, sizeof own, root, &f);
    r = add_kind(m, pid, folder, own, ".safetensors");
    return r < 0 || m->count > before ? r : add_kind(m, pid, folder, own, ".gguf");
}

static int add_named(struct map_files *m, const char *root, pid_t pid, const char *path)
{
    if (is_folder(root, pid, path))
        return add_folder(m, root, pid, path);
    return model_is_weights(path) ? add_found(m, path, pid) : 0;
}

/* The hub's cache as the engine sees it. */
static void hub_folder(char *buf, size_t size, const struct process_args *variables)
{
    const char *cache = process_variable(variables, "HF_HUB_CACHE");
    const char *hf = process_variable(variables, "HF_HOME"), *home;

    home = process_variable(variables, "HOME");
    if (cache)
        (void)snprintf(buf, size, "%s", cache);
    else if (hf)
        (void)snprintf(buf, size, "%s/hub", hf);
    else
        (void)snprintf(buf, size, "%s/.cache/huggingface/hub", home ? home : "");
}

/* REPOSITORY/snapshots/REVISION of what refs/main in a hub's folder names. */
static bool hub_snapshot(char *buf, size_t size, const char *root, pid_t pid,
                         const char *repository)
{
    char ref[PATH_MAX], own[PATH_MAX], revision[64];
    const struct map_file file = {.path = ref, .pid = pid};

    if (snprintf(ref, sizeof ref, "%s/refs/main", repository) >= (int)sizeof ref)
        return false;
    map_file_path(own, sizeof own, root, &file);
    if (fs_read_line(revision, sizeof revision, own) < 0 || !revision[0] ||
        revision[strspn(revision, "0123456789abcdef")] != '\0')
        return false;
    return snprintf(buf, size, "%s/snapshots/%s", repository, revision) < (int)size;
}

/* "org/name" -> the snapshot in HUB/models--org--name */
static int add_from_hub(struct map_files *m, const char *root, pid_t pid, const char *name)
{
    AUTO(process_args_release) struct process_args variables = {0};
    char hub[PATH_MAX], repository[PATH_MAX + 300], folder[PATH_MAX];
    const char *slash = strchr(name, '/');

    if (!slash || strchr(slash + 1, '/') || strlen(name) > 256 || strstr(name, "..") ||
        process_args_read(&variables, root, pid, "environ") < 0)
        return 0;
    hub_folder(hub, sizeof hub, &variables);
    (void)snprintf(repository, sizeof repository, "%s/models--%.*s--%s", hub, (int)(slash - name),
                   name, slash + 1);
    return hub_snapshot(folder, sizeof folder, root, pid, repository)
               ? add_folder(m, root, pid, folder)
               : 0;
}

/* The command line's model: an option's value, or what follows "serve". */
static const char *named_model(const struct process_args *cmdline)
{
    static const char *const names[] = {"-m", "--model", "--model-path", "--model-id", "serve"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *value = process_option(cmdline, names[i]);

        if (value && *value && *value != '-' && strchr(value, '/'))
            return value;
    }
    return NULL;
}

static int add_by_command(struct map_files *m, const struct process_source *s, pid_t pid)
{
    AUTO(process_args_release) struct process_args cmdline = {0};
    const char *name;

    if (process_args_read(&cmdline, s->root, pid, "cmdline") < 0 || !(name = named_model(&cmdline)))
        return 0;
    return *name == '/' ? add_named(m, s->root, pid, name) : add_from_hub(m, s->root, pid, name);
}

static int gather(struct map_files *m, const struct process_source *s,
                  const struct map_files *files, const char **how)
{
    int r = 0;

    *how = "mapped by the engine";
    for (size_t i = 0; i < files->count && r == 0; i++)
        if (model_is_weights(files->items[i].path))
            r = add_file(m, &files->items[i]);
    for (size_t i = 0; i < s->tree.count && r == 0; i++) {
        r = map_files_add_open(m, s->root, s->tree.items[i].pid, model_is_weights);
        r = r == -ENOMEM ? r : 0;
    }
    if (r == 0 && m->count == 0) {
        *how = "named in the engine's command line; not mapped or open now";
        for (size_t i = 0; i < s->tree.count && r == 0 && m->count == 0; i++)
            r = add_by_command(m, s, s->tree.items[i].pid);
    }
    map_files_sort(m);
    return r;
}

/* -ENOENT: deleted or replaced since it was mapped. */
static int64_t bytes_of(const char *root, const struct map_file *file)
{
    char own[PATH_MAX];
    struct stat st;

    map_file_path(own, sizeof own, root, file);
    if (file->gone)
        return -ENOENT;
    return stat(own, &st) == 0 ? (int64_t)st.st_size : -errno;
}

/* Of all files together; 0: one of them can't be seen. */
static uint64_t all_bytes(const char *root, const struct map_files *m)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < m->count; i++) {
        const int64_t bytes = bytes_of(root, &m->items[i]);

        if (bytes < 0)
            return 0;
        sum += (uint64_t)bytes;
    }
    return sum;
}

static int put_bytes(const struct process_source *s, const struct facts *f,
                     const struct map_file *file, const char *name)
{
    const int64_t bytes = bytes_of(s->root, file);

    if (bytes < 0)
        return facts_absent(f, name, "%s",
                            file->gone ? "deleted or replaced since it was mapped"
                                       : strerror((int)-bytes));
    return facts_i64(f, KNOWN_MEASURED, name, bytes, "bytes", "stat");
}

static int put_file(const struct process_source *s, const struct facts *f,
                    const struct map_file *file, size_t number, const char *how)
{
    AUTO(str_release) struct str shown = {0};
    char prefix[32] = "file", fact[64];
    int r;

    if (number > 1)
        (void)snprintf(prefix, sizeof prefix, "file.%zu", number);
    redact_path(&shown, file->path);
    if (!str_ok(&shown))
        return -ENOMEM;
    (void)snprintf(fact, sizeof fact, "%s.path", prefix);
    r = facts_put(f, KNOWN_MEASURED, fact, shown.data, "", how);
    (void)snprintf(fact, sizeof fact, "%s.bytes", prefix);
    if (r == 0)
        r = put_bytes(s, f, file, fact);
    return r < 0 ? r : process_put_sha256(s, f, prefix, file, loud_bytes);
}

/* The one whose head speaks for the model: the first of a split one, else the largest. */
static const struct map_file *main_file(const struct process_source *s, const struct map_files *m)
{
    const struct map_file *best = &m->items[0];
    int64_t largest = -1;

    for (size_t i = 0; i < m->count; i++) {
        const int64_t bytes = bytes_of(s->root, &m->items[i]);

        if (strstr(m->items[i].path, "-00001-of-"))
            return &m->items[i];
        if (bytes > largest) {
            largest = bytes;
            best = &m->items[i];
        }
    }
    return best;
}

static int put_files(const struct process_source *s, const struct facts *f,
                     const struct map_files *m, const char *how)
{
    int r = facts_i64(f, KNOWN_MEASURED, "files", (int64_t)m->count, "", how);

    for (size_t i = 0; i < m->count && i < FILES_SHOWN && r == 0; i++)
        r = put_file(s, f, &m->items[i], i + 1, how);
    return r;
}

/* Beside the file, or, of one that a hub's cache keeps under its digest, in the snapshot. */
static void config_path(char *buf, size_t size, const char *root, const struct map_file *f)
{
    char folder[PATH_MAX], snapshot[PATH_MAX], *end;

    (void)snprintf(folder, sizeof folder, "%s", f->path);
    end = strstr(folder, "/blobs/");
    if (!end)
        end = strrchr(folder, '/');
    if (end)
        *end = '\0';
    if (strstr(f->path, "/blobs/") && hub_snapshot(snapshot, sizeof snapshot, root, f->pid, folder))
        memcpy(folder, snapshot, sizeof folder);
    (void)snprintf(buf, size, "%s/proc/%d/root%s/config.json", root, (int)f->pid, folder);
}

static int put_meaning(const struct process_source *s, const struct facts *f,
                       const struct map_file *file, uint64_t bytes)
{
    AUTO(process_args_release) struct process_args cmdline = {0};
    struct model_cache cache = {0};
    char path[PATH_MAX + 64];

    if (process_args_read(&cmdline, s->root, s->tree.root, "cmdline") == 0) {
        static const char *const keys[] = {"-ctk", "--cache-type-k", "--kv-cache-dtype"};
        static const char *const values[] = {"-ctv", "--cache-type-v", "--kv-cache-dtype"};

        for (size_t i = 0; i < COUNT_OF(keys); i++) {
            cache.key_type = cache.key_type ? cache.key_type : process_option(&cmdline, keys[i]);
            cache.value_type =
                cache.value_type ? cache.value_type : process_option(&cmdline, values[i]);
        }
    }
    map_file_path(path, sizeof path, s->root, file);
    if (ends_with(file->path, ".gguf") || strstr(file->path, "/blobs/sha256-"))
        return model_put_gguf(f, path, &cache);
    config_path(path, sizeof path, s->root, file);
    return model_put_config(f, path, bytes, &cache);
}

int model_put(const struct process_source *s, const struct map_files *files)
{
    const struct facts f = {&s->out->facts, "model"};
    AUTO(map_files_release) struct map_files m = {0};
    const char *how;
    int r = gather(&m, s, files, &how);

    if (r < 0)
        return r;
    if (m.count == 0)
        return facts_absent(&f, "files",
                            "no file of weights is mapped, open, or named in the "
                            "engine's command line by a path that exists");
    r = put_files(s, &f, &m, how);
    return r < 0 ? r : put_meaning(s, &f, main_file(s, &m), all_bytes(s->root, &m));
}
