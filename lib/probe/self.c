/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/self.c - the instrument's own identity. */
#include "base/digest.h"
#include "build_info.h"
#include "probe/host.h"
#include <string.h>

static int put_digest(const struct facts *f)
{
    struct digest d;
    struct err err = {0};

    if (digest_file(&d, "/proc/self/exe", &err) < 0)
        return facts_absent(f, "executable.sha256", "%s", err.text);
    return facts_put(f, KNOWN_MEASURED, "executable.sha256", digest_hex(&d).text, "",
                     "/proc/self/exe");
}

int host_self(const struct facts *f)
{
    int r = facts_put(f, KNOWN_MEASURED, "version", BUILD_VERSION, "", "build");

    if (r == 0)
        r = strcmp(BUILD_COMMIT, "unknown") != 0
                ? facts_put(f, KNOWN_MEASURED, "commit", BUILD_COMMIT, "", "git at build time")
                : facts_absent(f, "commit", "built outside a git checkout");
    if (r == 0)
        r = facts_put(f, KNOWN_MEASURED, "compiler", BUILD_COMPILER, "", "build");
    return r < 0 ? r : put_digest(f);
}
