/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/nvml_api.h"
#include <dlfcn.h>
#include <string.h>

static const struct {
    const char *symbol;
    size_t at;
} calls[] = {
#define NVML_ENTRY(field, symbol, parameters) {symbol, offsetof(struct nvml, field)},
    NVML_CALLS(NVML_ENTRY)
#undef NVML_ENTRY
};

static void find(struct nvml *n, size_t at, const char *symbol)
{
    void *p = dlsym(n->library, symbol);

    memcpy((char *)n + at, &p, sizeof p); /* a function's address, as POSIX has dlsym() give it */
}

int nvml_load(struct nvml *ret, const char *path, struct err *err)
{
    struct nvml n = {.library = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
    int code;

    if (!n.library)
        return err_set(err, -ENOENT, "%s", dlerror());
    for (size_t i = 0; i < COUNT_OF(calls); i++)
        find(&n, calls[i].at, calls[i].symbol);
    find(&n, offsetof(struct nvml, error_string), "nvmlErrorString");
    code = NVML_CALL(&n, init);
    if (code != NVML_SUCCESS) {
        (void)err_set(err, -EIO, "%s: nvmlInit_v2: %s", path, nvml_words(&n, code));
        (void)dlclose(n.library);
        return -EIO;
    }
    *ret = n;
    return 0;
}

void nvml_unload(struct nvml *n)
{
    if (!n->library)
        return;
    (void)NVML_CALL(n, shutdown);
    (void)dlclose(n->library);
    n->library = NULL;
}

const char *nvml_words(const struct nvml *n, int code)
{
    const char *words = NULL;

    if (code == NVML_FUNCTION_NOT_FOUND)
        return "this driver has no such function";
    if (n->error_string)
        words = n->error_string(code);
    return words ? words : "unknown error";
}
