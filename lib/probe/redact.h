/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/redact.h - what of a command line or an environment may be stored; private to probe.
 *
 * By allow-list: a value is shown when its name is on a list of what engines and their libraries
 * call their settings, or when it is a plain number or yes/no. Whatever is listed must still not
 * look like a secret: a name with TOKEN, KEY, SECRET, PASSWORD and the like in it, user info in a
 * URL, a known prefix of keys, a long piece of mixed letters and digits. Else REDACTED stands in
 * its place. Home folders become "~".
 */
#pragma once
#include "base/str.h"

#define REDACTED "(redacted)"

/* A variable that belongs to an engine's or a library's settings. */
bool redact_env_listed(const char *name);
/* The value of a listed variable, or REDACTED. */
void redact_env(struct str *out, const char *name, const char *value);
/* @n bytes of arguments, a NUL after each, as one line. */
void redact_command(struct str *out, const char *args, size_t n);
/* The kernel's command line: listed parameters whole, of others the name. */
void redact_kernel(struct str *out, const char *line);
/* A path or other text that holds no secret by its origin: home folders become "~". */
void redact_path(struct str *out, const char *path);

/* Does @value look like a secret, whatever its name? */
bool redact_looks_secret(const char *value);
