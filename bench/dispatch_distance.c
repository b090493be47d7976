/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/dispatch_distance.c - the distance of two dispatch fingerprints, and what chance alone
 * would make of it.
 *
 *     bench_dispatch_distance A B      tables of SAMPLES TAB LIBRARY TAB BUILD_ID TAB FUNCTION
 */
#include "analysis/dispatch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_rows(struct dispatch *d, const char *path)
{
    FILE *f = fopen(path, "re");
    char line[8192];
    bool ok = f != NULL;

    while (ok && fgets(line, sizeof line, f)) {
        char *rest = line;
        const char *samples = strsep(&rest, "\t"), *library = strsep(&rest, "\t"),
                   *build_id = strsep(&rest, "\t"), *function = strsep(&rest, "\n");

        ok = function && dispatch_add(d, library, build_id, function, strtod(samples, NULL)) == 0;
    }
    if (f)
        (void)fclose(f);
    if (!ok)
        (void)fprintf(stderr, "%s: no such table\n", path);
    return ok;
}

int main(int argc, char **argv)
{
    AUTO(dispatch_release) struct dispatch a = {0}, b = {0};

    if (argc != 3) {
        (void)fprintf(stderr, "usage: bench_dispatch_distance A B\n");
        return 2;
    }
    if (!read_rows(&a, argv[1]) || !read_rows(&b, argv[2]))
        return 1;
    (void)printf("%.4f %.4f\n", dispatch_distance(&a, &b), dispatch_noise(&a, &b));
    return 0;
}
