/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/elf_id.c - by hand, since a few bytes of each of hundreds of files are wanted: program
 * headers, then notes, each bounded. */
#include "probe/elf_id.h"
#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PROGRAM_HEADERS_MAX = 128, ID_MAX = 64, NO_NOTE = 1 };

static int read_at(int fd, void *data, size_t n, uint64_t offset)
{
    ssize_t got;

    if (offset > INT64_MAX)
        return -EBADMSG;
    got = pread(fd, data, n, (off_t)offset);
    return got < 0 ? -errno : (size_t)got == n ? 0 : -EBADMSG;
}

static void print_hex(char *hex, const uint8_t *id, size_t n)
{
    hex[0] = '\0';
    for (size_t i = 0; i < n; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", id[i]);
}

static size_t padded(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

/* 0: found. NO_NOTE: not in these. */
static int search_notes(char *hex, const uint8_t *notes, size_t n)
{
    for (size_t at = 0; n - at >= sizeof(Elf64_Nhdr);) {
        Elf64_Nhdr h;
        const uint8_t *name;
        size_t room;

        memcpy(&h, notes + at, sizeof h);
        at += sizeof h;
        room = n - at;
        if (h.n_namesz > room || h.n_descsz > room ||
            padded(h.n_namesz) + (size_t)h.n_descsz > room)
            return -EBADMSG;
        name = notes + at;
        if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == 4 && memcmp(name, "GNU", 4) == 0 &&
            h.n_descsz <= ID_MAX) {
            print_hex(hex, name + 4, h.n_descsz);
            return 0;
        }
        room -= padded(h.n_namesz);
        at = n - room + (padded(h.n_descsz) < room ? padded(h.n_descsz) : room);
    }
    return NO_NOTE;
}

static int search_segment(char *hex, int fd, const Elf64_Phdr *p)
{
    uint8_t notes[4096];
    const size_t n = p->p_filesz < sizeof notes ? (size_t)p->p_filesz : sizeof notes;
    int r = read_at(fd, notes, n, p->p_offset);

    return r < 0 ? r : search_notes(hex, notes, n);
}

int elf_build_id(char *hex, int fd)
{
    Elf64_Ehdr e;
    int r = read_at(fd, &e, sizeof e, 0);

    if (r == -EBADMSG ||
        (r == 0 && (memcmp(e.e_ident, ELFMAG, SELFMAG) != 0 || e.e_ident[EI_CLASS] != ELFCLASS64 ||
                    e.e_ident[EI_DATA] != ELFDATA2LSB)))
        return -ENOEXEC;
    if (r < 0)
        return r;
    if (e.e_phentsize != sizeof(Elf64_Phdr) || e.e_phnum > PROGRAM_HEADERS_MAX)
        return -EBADMSG;
    for (size_t i = 0; i < e.e_phnum; i++) {
        Elf64_Phdr p;

        if (e.e_phoff > INT64_MAX)
            return -EBADMSG;
        r = read_at(fd, &p, sizeof p, e.e_phoff + i * sizeof p);
        if (r == 0 && p.p_type == PT_NOTE)
            r = search_segment(hex, fd, &p);
        else if (r == 0)
            r = NO_NOTE;
        if (r != NO_NOTE)
            return r;
    }
    hex[0] = '\0';
    return 0;
}
