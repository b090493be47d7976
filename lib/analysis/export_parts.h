/* SPDX-License-Identifier: Apache-2.0 */
/* lib/analysis/export_parts.h - what the exports share; private to analysis. */
#pragma once
#include "analysis/export.h"
#include "base/str.h"
#include "record/fact_list.h"

enum export_form {
    EXPORT_TEXT,
    EXPORT_COUNT,    /* a whole number; of several parts the sum */
    EXPORT_GIB,      /* bytes as "512 GiB" */
    EXPORT_KIB,      /* bytes as "512 KiB" */
    EXPORT_MHZ,      /* Hz as "2400 MHz" */
    EXPORT_BASENAME, /* of a path */
    EXPORT_ARCH      /* uname's machine as OpenTelemetry has it */
};

struct export_part { /* a fact's "SCOPE.NAME", a pattern: of several the distinct values */
    const char *before, *fact;
};

struct export_key {
    const char *key;
    enum export_form form;
    struct export_part parts[3]; /* joined by ", "; none: only declared */
    const char *why;             /* absent where there is no part: why nobody looks for it */
};

struct export
{
    struct fact_list facts;
    bool here; /* the target is on this host */
    json_t *known, *absent;
    const char *plan; /* the effective plan's text; NULL: none */
};

NODISCARD int export_open(struct export *x, struct evidence *e, struct err *err);
void export_release(struct export *x);
DEFINE_AUTO_HELD(struct export, export_release)
/* The value of @k as JSON (a string, or an integer) and a note of how it is known; NULL: absent,
 * which is noted. What a plan declares under the key's own name fills what nothing else tells. */
json_t *export_value(struct export *x, const struct export_key *k);
/* A value that the export itself knows. */
void export_note(struct export *x, const char *key, const char *known, const char *facts);
void export_absent(struct export *x, const char *key, const char *why);
/* {known, absent}: moved out of @x. */
json_t *export_provenance(struct export *x);
