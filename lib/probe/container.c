/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/container.c - in which container a process runs, and from which image.
 *
 * The id is the 64 hex digits in the path of its control group or of the files that a runtime
 * mounts into it. The image is known where its runtime leaves a note that we may read: Docker's
 * configuration of the container (its administrator may), Podman's /run/.containerenv.
 */
#include "base/fs.h"
#include "base/json.h"
#include "probe/host.h"
#include "probe/process.h"
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_DIGITS = 64, NOTE_MAX = 1 << 20 };

static bool find_id(char *id, const char *text)
{
    size_t n = 0;

    for (const char *c = text; *c; c++) {
        n = isdigit((unsigned char)*c) || (*c >= 'a' && *c <= 'f') ? n + 1 : 0;
        if (n == ID_DIGITS && !isxdigit((unsigned char)c[1])) {
            memcpy(id, c + 1 - ID_DIGITS, ID_DIGITS);
            id[ID_DIGITS] = '\0';
            return true;
        }
    }
    return false;
}

/* Of the mounts only what a runtime puts into a container: "/containers/ID/hostname". */
static bool find_mounted_id(char *id, const char *mounts)
{
    const char *at = strstr(mounts, "containers/");

    for (; at; at = strstr(at + 1, "containers/"))
        if (find_id(id, at) && strncmp(at + 11, id, ID_DIGITS) == 0)
            return true;
    return false;
}

static int put_id(const struct facts *f, const char *root, pid_t pid, char *id)
{
    static const char *const files[] = {"cgroup", "mountinfo"};
    const char *source = NULL;

    for (size_t i = 0; i < COUNT_OF(files) && !source; i++) {
        AUTO(process_args_release) struct process_args a = {0};

        if (process_args_read(&a, root, pid, files[i]) == 0 &&
            (i == 0 ? find_id(id, a.text) : find_mounted_id(id, a.text)))
            source = i == 0 ? "/proc/PID/cgroup" : "/proc/PID/mountinfo";
    }
    return source ? facts_put(f, KNOWN_MEASURED, "container.id", id, "", source)
                  : facts_absent(f, "container.id",
                                 "no container's id in /proc/PID/cgroup and /proc/PID/mountinfo");
}

static int put_digest(const struct facts *f, const char *text, const char *source)
{
    char id[ID_DIGITS + 1], digest[8 + ID_DIGITS];

    if (!text || !find_id(id, text))
        return facts_absent(f, "container.image", "%s: it names none", source);
    (void)snprintf(digest, sizeof digest, "sha256:%.*s", ID_DIGITS, id);
    return facts_put(f, KNOWN_MEASURED, "container.image", digest, "", source);
}

static int put_docker(const struct facts *f, const char *root, const char *id)
{
    AUTO(free) char *text = NULL;
    AUTO(json_unref) json_t *j = NULL;
    char path[PATH_MAX];
    size_t n;
    int r;

    (void)snprintf(path, sizeof path, "%s/var/lib/docker/containers/%s/config.v2.json", root, id);
    r = fs_read(&text, &n, path, NOTE_MAX, NULL);
    if (r < 0)
        return facts_absent(f, "container.image", "its runtime's note of it can't be read: %s",
                            strerror(-r));
    if (json_parse(&j, text, "config.v2.json", NULL) < 0)
        return facts_absent(f, "container.image", "Docker's config.v2.json is no JSON");
    return put_digest(f, json_string_value(json_object_get(j, "Image")),
                      "Docker's config.v2.json, image id");
}

static int put_image(const struct facts *f, const char *root, pid_t pid, const char *id)
{
    AUTO(free) char *text = NULL;
    char path[PATH_MAX];
    const char *at;
    size_t n;

    (void)snprintf(path, sizeof path, "%s/proc/%d/root/run/.containerenv", root, (int)pid);
    if (fs_read(&text, &n, path, NOTE_MAX, NULL) == 0 && (at = strstr(text, "imageid=")))
        return put_digest(f, at, "Podman's /run/.containerenv, image id");
    if (!*id)
        return facts_absent(f, "container.image", "no container is seen");
    return put_docker(f, root, id);
}

int process_put_container(const struct facts *f, const char *root, pid_t pid)
{
    char id[ID_DIGITS + 1] = "";
    int r = put_id(f, root, pid, id);

    return r < 0 ? r : put_image(f, root, pid, id);
}
