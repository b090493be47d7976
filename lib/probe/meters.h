/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/meters.h - the kernel's files of which each tells some conditions. Private to probe. */
#pragma once
#include "probe/facts.h"
#include "probe/gauges.h"
#include "probe/kept.h"
#include <sys/types.h>

enum { METER_READINGS = 6, METERS_MAX = 32, METER_TEXT = 1 << 21 };

struct meter_kind {
    const char *name; /* "host.pressure.cpu" */
    const char *path;
    /* Its readings out of the file's text, in the order of @gauges; -EBADMSG, -ENODATA. */
    int (*read)(double *readings, const char *text);
    struct gauge gauges[METER_READINGS + 1]; /* ends with a NULL name */
    bool slow;                               /* costs much: once a second is enough */
};

struct meters {
    const char *root;
    const struct series_sink *sink;
    struct meter {
        const struct meter_kind *kind;
        struct kept file;
        struct gauges gauges;
        char name[32]; /* of its one gauge, where that isn't the kind's */
        struct gauge own[2];
    } of[METERS_MAX];
    size_t count;
    char text[METER_TEXT];
};

/* Those of the host; then those of the control group of process @pid (0: our own). What can't be
 * read becomes an absent fact of @f. Returns what the sinks returned. */
NODISCARD int meters_open_host(struct meters *m, const struct facts *f);
NODISCARD int meters_open_group(struct meters *m, const struct facts *f, const char *scope,
                                pid_t pid);
NODISCARD int meters_read(struct meters *m, int64_t now_ns, bool slow);
void meters_release(struct meters *m);
