/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/host.h - the parts of probe_host(), with the root of /proc and /sys given, so that
 * tests can make up a host; private to probe. */
#pragma once
#include "probe/facts.h"

enum { HOST_TEXT = 512 };

/* The first line of @root@path in @buf (HOST_TEXT bytes); -ENOENT and friends. */
NODISCARD int host_line(char *buf, const char *root, const char *path);
/* The value of the first "@key : value" line of a /proc style file, at most HOST_TEXT bytes;
 * -ENOENT: no such file, -ENODATA: no such line. */
NODISCARD int host_value(char *buf, const char *root, const char *path, const char *key);

/* Each returns 0, or what the sink returned. @root is "" for the real host. */
int host_cpu(const struct facts *f, const char *root);
int host_memory(const struct facts *f, const char *root);
int host_kernel(const struct facts *f, const char *root);
int host_virtual(const struct facts *f, const char *root);
int host_cgroup(const struct facts *f, const char *root);
int host_self(const struct facts *f);

/* The group's path of @controller ("" for version 2) in @table, the text of /proc/PID/cgroup, at
 * most HOST_TEXT bytes; false: not listed. */
bool cgroup_path(char *buf, const char *table, const char *controller);
