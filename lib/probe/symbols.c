/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/symbols.h"
#include "base/vec.h"
#include <elfutils/libdwfl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEPS_BACK = 16 };

struct function {
    GElf_Addr start, end;
    const char *name; /* libdw's */
    uint8_t bind;
};

/* libdw looks a single address up by walking over the whole symbol table, and we have thousands:
 * so its functions are sorted once. */
struct symbols {
    Dwfl *dwfl;
    Dwfl_Module *module;
    struct function *functions; /* by start; of those with one start, the preferred one last */
    size_t count, cap;
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

/* Of two names for one start: the longer one's end, then what other objects call it. */
static int by_start(const void *pa, const void *pb)
{
    const struct function *a = pa, *b = pb;

    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    if (a->end != b->end)
        return a->end < b->end ? -1 : 1;
    if ((a->bind == STB_GLOBAL) != (b->bind == STB_GLOBAL))
        return b->bind == STB_GLOBAL ? -1 : 1;
    return strcmp(b->name, a->name);
}

static int read_functions(struct symbols *s)
{
    const int n = dwfl_module_getsymtab(s->module); /* negative: there is none */

    for (int i = 1; i < n; i++) {
        GElf_Sym sym;
        GElf_Addr at;
        const char *name = dwfl_module_getsym_info(s->module, i, &sym, &at, NULL, NULL, NULL);
        const int type = GELF_ST_TYPE(sym.st_info);

        if (!name || !*name || sym.st_shndx == SHN_UNDEF || sym.st_size == 0 ||
            (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE))
            continue;
        if (VEC_PUSH(s->functions, s->count, s->cap,
                     ((struct function){at, at + sym.st_size, name, GELF_ST_BIND(sym.st_info)})) <
            0)
            return -ENOMEM;
    }
    if (s->count > 0)
        qsort(s->functions, s->count, sizeof *s->functions, by_start);
    return 0;
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
    if (read_functions(s) < 0)
        return err_set(err, -ENOMEM, "%s: out of memory", path);
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

/* The innermost that holds it: one function may lie within another's bounds. */
static const char *function_at(const struct symbols *s, GElf_Addr address)
{
    size_t lo = 0, hi = s->count;

    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;

        if (s->functions[mid].start <= address)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (int steps = 0; lo > 0 && steps < STEPS_BACK; steps++)
        if (address < s->functions[--lo].end)
            return s->functions[lo].name;
    return "";
}

const char *symbols_function(struct symbols *s, uint64_t offset)
{
    GElf_Addr address;

    return address_of(&address, s, offset) ? function_at(s, address) : "";
}

void symbols_close(struct symbols *s)
{
    if (!s)
        return;
    if (s->dwfl)
        dwfl_end(s->dwfl);
    free(s->functions);
    free(s);
}
