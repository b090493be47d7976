/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over the files of its corpus; an absent or empty corpus fails. */
#include "base/fs.h"
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int replay_file(const char *path)
{
    AUTO(free) char *data = NULL;
    struct err err = {0};
    size_t n = 0;

    if (fs_read(&data, &n, path, SIZE_MAX / 2, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    return LLVMFuzzerTestOneInput((const uint8_t *)data, n);
}

int main(int argc, char **argv)
{
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
    struct dirent *entry;
    int count = 0;

    if (!dir) {
        fprintf(stderr, "usage: fuzz_NAME CORPUS-FOLDER\n");
        return 2;
    }
    while ((entry = readdir(dir))) {
        char path[PATH_MAX];

        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        if (replay_file(path) != 0)
            return 1;
        count++;
    }
    (void)closedir(dir);
    printf("%d inputs replayed\n", count);
    return count > 0 ? 0 : 1;
}
