/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/process.h - the parts of the probe "process"; private to probe.
 *
 * Each puts facts and returns 0, or what the sink returned, or -ENOMEM. What can't be read is an
 * absent fact with its reason. */
#pragma once
#include "probe/digests.h"
#include "probe/facts.h"
#include "probe/mapped.h"
#include "probe/ops.h"
#include "probe/tree.h"

enum { PROCESS_FILE_MAX = 4 << 20, CHILDREN_SHOWN = 16 };

extern const struct probe_ops probe_process;

struct process_source {
    const char *root;
    const struct probe_out *out;
    struct digests *digests;
    struct probe_tree tree;
};

struct process_args { /* NUL-separated texts of /proc/PID/cmdline or environ; never stored as is */
    char *text;
    size_t len;
};
/* -EACCES, -ESRCH, -ENOMEM ... */
NODISCARD int process_args_read(struct process_args *ret, const char *root, pid_t pid,
                                const char *file);
void process_args_release(struct process_args *a);
DEFINE_AUTO_HELD(struct process_args, process_args_release)
/* The value of variable @name in an environment, of option @name ("--kv-cache-dtype", or
 * "--kv_cache_dtype" there, "-m") in a command line; NULL: it isn't there. Borrowed. */
const char *process_variable(const struct process_args *variables, const char *name);
const char *process_option(const struct process_args *cmdline, const char *name);

/* Pid, start, executable, command, environment, limits, affinity, children. */
int process_put(const struct process_source *s);
/* Where it is a container's: id and image. */
int process_put_container(const struct facts *f, const char *root, pid_t pid);

/* NAME.build_id and NAME.sha256 of a file that a process has. */
int process_put_identity(const struct process_source *s, const struct facts *f,
                         const struct map_file *file, const char *name);
/* NAME.sha256, remembered or read; aloud where the file is larger than @loud_bytes. */
int process_put_sha256(const struct process_source *s, const struct facts *f, const char *name,
                       const struct map_file *file, uint64_t loud_bytes);
/* Is it code, but no program of the tree? */
bool process_is_library(const struct process_source *s, const struct map_file *f);
/* "libc.so.6", or with "#2" after it where another file of that name comes before. */
void process_library_name(char *buf, size_t size, const struct map_files *files, size_t i);
/* Path, build id and digest of one. */
int process_put_library(const struct process_source *s, const struct map_files *files, size_t i);
int process_put_libraries(const struct process_source *s, const struct map_files *files);
/* *.dist-info of the interpreters in the tree. */
int process_put_packages(const struct process_source *s, const struct map_files *files);

/* Files of weights that are mapped, held open, or named in the command line, and what they and
 * the configuration beside them say. */
bool model_is_weights(const char *path);
int model_put(const struct process_source *s, const struct map_files *files);
