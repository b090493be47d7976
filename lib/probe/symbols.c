/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/symbols.h"
#include <elfutils/libdwfl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct symbols {
    Dwfl *dwfl;
    Dwfl_Module *module;
    char build_id[BUILD_ID_TEXT];
};

/* libdw's own search ends at a debuginfod server where the user has named one: a measurement does
 * not wait for a download. */
static int find_debuginfo(Dwfl_Module *m, void **user, const char *name, Dwarf_Addr base,
                          const char *file, const char *link, GElf_Word crc, char **ret)
{
    if (getenv("DEBUGINFOD_URLS"))
        return dwfl_build_id_find_debuginfo(m, user, name, base, file, link, crc, ret);
    return dwfl_standard_find_debuginfo(m, user, name, base, file, link, crc, ret);
}

static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_build_id_find_elf,
                                         .find_debuginfo = find_debuginfo,
                                         .section_address = dwfl_offline_section_address};

static void read_build_id(struct symbols *s)
{
    const unsigned char *bits = NULL;
    GElf_Addr at;
    int n = dwfl_module_build_id(s->module, &bits, &at);

    for (int i = 0; i < n && 2 * i + 2 < BUILD_ID_TEXT; i++)
        (void)snprintf(s->build_id + 2 * i, 3, "%02x", bits[i]);
}

static int no_elf(struct err *err, const char *path)
{
    return err_set(err, -EBADMSG, "%s: %s", path, dwfl_errmsg(-1));
}

int symbols_open(struct symbols **ret, const char *path, int fd, struct err *err)
{
    AUTO(symbols_close) struct symbols *s = calloc(1, sizeof *s);
    GElf_Addr bias;
    int own;

    if (!s)
        return err_set(err, -ENOMEM, "%s: out of memory", path);
    s->dwfl = dwfl_begin(&callbacks);
    if (!s->dwfl)
        return no_elf(err, path);
    own = dup(fd);
    if (own < 0)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    s->module = dwfl_report_elf(s->dwfl, path, path, own, 0, true); /* takes own, if it works */
    if (!s->module) {
        (void)close(own);
        return no_elf(err, path);
    }
    (void)dwfl_report_end(s->dwfl, NULL, NULL);
    if (!dwfl_module_getelf(s->module, &bias))
        return no_elf(err, path);
    read_build_id(s);
    *ret = TAKE(s);
    return 0;
}

const char *symbols_build_id(const struct symbols *s)
{
    return s->build_id;
}

/* What lies at @offset of the file, lies where in memory? */
static bool address_of(GElf_Addr *ret, struct symbols *s, uint64_t offset)
{
    GElf_Addr bias;
    Elf *elf = dwfl_module_getelf(s->module, &bias);
    GElf_Phdr ph;
    size_t n;

    if (!elf || elf_getphdrnum(elf, &n) < 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_LOAD && offset >= ph.p_offset &&
            offset - ph.p_offset < ph.p_filesz) {
            *ret = offset - ph.p_offset + ph.p_vaddr + bias;
            return true;
        }
    return false;
}

const char *symbols_function(struct symbols *s, uint64_t offset)
{
    GElf_Addr address;
    GElf_Off into;
    GElf_Sym sym;
    const char *name = NULL;

    if (address_of(&address, s, offset))
        name = dwfl_module_addrinfo(s->module, address, &into, &sym, NULL, NULL, NULL);
    return name ? name : "";
}

void symbols_close(struct symbols *s)
{
    if (!s)
        return;
    if (s->dwfl)
        dwfl_end(s->dwfl);
    free(s);
}
