/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/rsmi.h"
#include <dlfcn.h>
#include <string.h>

static const struct {
    const char *symbol;
    size_t at;
} calls[] = {
#define RSMI_ENTRY(field, symbol, parameters) {symbol, offsetof(struct rsmi, field)},
    RSMI_CALLS(RSMI_ENTRY)
#undef RSMI_ENTRY
};

/* ROCm's own, the newest first; Debian's; what a developer's package links. */
static const char *const names[] = {
    "librocm_smi64.so.7", "librocm_smi64.so.6", "librocm_smi64.so.5",
    "librocm_smi64.so.1", "librocm_smi64.so",
};

static void *open_any(void)
{
    void *library = NULL;

    for (size_t i = 0; i < COUNT_OF(names) && !library; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    return library;
}

int rsmi_load(struct rsmi *ret, const char *root, struct err *err)
{
    struct rsmi n = {.library = open_any(), .root = root};
    int code;

    if (!n.library)
        return err_set(err, -ENOENT, "%s", dlerror());
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        void *p = dlsym(n.library, calls[i].symbol);

        memcpy((char *)&n + calls[i].at, &p, sizeof p);
    }
    code = RSMI_CALL(&n, init, 0);
    if (code != 0) {
        (void)err_set(err, -EIO, "librocm_smi64: rsmi_init: %s", rsmi_words(&n, code));
        (void)dlclose(n.library);
        return -EIO;
    }
    *ret = n;
    return 0;
}

void rsmi_unload(struct rsmi *n)
{
    if (!n->library)
        return;
    (void)RSMI_CALL(n, shut_down);
    (void)dlclose(n->library);
    n->library = NULL;
}

const char *rsmi_words(const void *library, int code)
{
    const struct rsmi *n = library;
    const char *words = NULL;

    if (RSMI_CALL(n, status_string, code, &words) == 0 && words)
        return words;
    return code == RSMI_NOT_SUPPORTED ? "not supported" : "an error without words";
}
