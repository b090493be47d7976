/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/host.h - the parts of probe_host(), with the root of /proc and /sys given, so that
 * tests can make up a host; private to probe. */
#pragma once
#include "probe/facts.h"

enum { HOST_TEXT = 512, HOST_NAME = 64 };

/* The first line of @root@path in @buf (HOST_TEXT bytes); -ENOENT and friends. */
NODISCARD int host_line(char *buf, const char *root, const char *path);
/* The value of the first "@key : value" line of a /proc style file, at most HOST_TEXT bytes;
 * -ENOENT: no such file, -ENODATA: no such line. */
NODISCARD int host_value(char *buf, const char *root, const char *path, const char *key);

/* A one-line file as a fact, or its absence with the reason. */
int host_put_line(const struct facts *f, const char *root, const char *name, const char *path);
/* "always [madvise] never" -> madvise, as a fact. */
int host_put_chosen(const struct facts *f, const char *root, const char *name, const char *path);
/* A number in a one-line file, times @scale. -ENOENT and friends; -ENODATA: no number. */
NODISCARD int host_number(int64_t *ret, const char *root, const char *path, int64_t scale);

/* Calls @fn for each entry of a folder whose name is shorter than HOST_NAME and doesn't begin with
 * a dot, in order of names, until it returns non-zero, which is returned. -ENOENT: no entry, or no
 * folder; -ENOMEM. */
int host_each(const struct facts *f, const char *root, const char *folder,
              int (*fn)(const struct facts *f, const char *root, const char *name));

/* Each returns 0, or what the sink returned. @root is "" for the real host. */
int host_cpu(const struct facts *f, const char *root);
int host_topology(const struct facts *f, const char *root);
int host_dmi(const struct facts *f, const char *root);
int host_clock(const struct facts *f, const char *root);
int host_disks(const struct facts *f, const char *root);
/* The network interface @name. */
int host_interface(const struct facts *f, const char *root, const char *name);
int host_memory(const struct facts *f, const char *root);
int host_kernel(const struct facts *f, const char *root);
int host_virtual(const struct facts *f, const char *root);
int host_cgroup(const struct facts *f, const char *root);
int host_self(const struct facts *f);

/* The frequency governors of all CPUs: "performance", or "performance x4, powersave x2". -ENOENT.
 */
NODISCARD int host_governors(char *buf, size_t size, const char *root);
/* 1: the CPUs may go beyond their nominal frequency; 0: they may not; -ENOENT: none tells. */
int host_boost(const char **source, const char *root);

/* The group's path of @controller ("" for version 2) in @table, the text of /proc/PID/cgroup, at
 * most HOST_TEXT bytes; false: not listed. */
bool cgroup_path(char *buf, const char *table, const char *controller);
