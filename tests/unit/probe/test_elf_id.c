/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/elf_id.h"
#include "base/fs.h"
#include "harness/unit.h"
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

/* One note segment, with a note of another kind before the id. */
struct file {
    Elf64_Ehdr e;
    Elf64_Phdr p[2];
    struct {
        Elf64_Nhdr h;
        char name[4];
        uint8_t desc[8];
    } other;
    struct {
        Elf64_Nhdr h;
        char name[4];
        uint8_t desc[8];
    } id;
};

static struct file good(void)
{
    struct file f = {
        .e = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB},
              .e_phoff = offsetof(struct file, p),
              .e_phentsize = sizeof(Elf64_Phdr),
              .e_phnum = 2},
        .p = {{.p_type = PT_LOAD},
              {.p_type = PT_NOTE,
               .p_offset = offsetof(struct file, other),
               .p_filesz = sizeof f.other + sizeof f.id}},
        .other = {.h = {4, 5, NT_GNU_ABI_TAG}, .name = "GNU", .desc = {1}},
        .id = {.h = {4, 8, NT_GNU_BUILD_ID},
               .name = "GNU",
               .desc = {0xde, 0xad, 0, 1, 2, 3, 4, 0xff}},
    };

    return f;
}

static int id_of(char *hex, const struct file *f, size_t n)
{
    AUTO(fd_close) int fd = memfd_create("elf", MFD_CLOEXEC);

    assert_int_equal(pwrite(fd, f, n, 0), n);
    return elf_build_id(hex, fd);
}

static void reads_the_note(void **state)
{
    char hex[ELF_ID_TEXT] = "x";
    struct file f = good();

    (void)state;
    assert_int_equal(id_of(hex, &f, sizeof f), 0);
    assert_string_equal(hex, "dead0001020304ff");
    f.id.h.n_type = 99;
    assert_int_equal(id_of(hex, &f, sizeof f), 0);
    assert_string_equal(hex, "");
}

static void odd_files_are_refused(void **state)
{
    char hex[ELF_ID_TEXT] = "x";
    struct file f = good();

    (void)state;
    assert_int_equal(id_of(hex, &f, 10), -ENOEXEC);
    assert_int_equal(id_of(hex, &f, sizeof f - 1), -EBADMSG);
    f.other.h.n_descsz = UINT32_MAX;
    assert_int_equal(id_of(hex, &f, sizeof f), -EBADMSG);
    f = good();
    f.e.e_phoff = UINT64_MAX;
    assert_int_equal(id_of(hex, &f, sizeof f), -EBADMSG);
    f = good();
    f.e.e_phnum = UINT16_MAX;
    assert_int_equal(id_of(hex, &f, sizeof f), -EBADMSG);
    f = good();
    f.e.e_ident[EI_CLASS] = ELFCLASS32;
    assert_int_equal(id_of(hex, &f, sizeof f), -ENOEXEC);
    assert_string_equal(hex, "x");
}

static void agrees_with_readelf(void **state)
{
    AUTO(fd_close) int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    FILE *tool = popen("readelf -n /proc/$PPID/exe 2>/dev/null | sed -n 's/.*Build ID: //p'", "r");
    char hex[ELF_ID_TEXT], said[ELF_ID_TEXT + 2] = "";

    (void)state;
    assert_non_null(tool);
    (void)!fgets(said, sizeof said, tool);
    (void)pclose(tool);
    said[strcspn(said, "\n")] = '\0';
    if (!*said)
        skip();
    assert_int_equal(elf_build_id(hex, fd), 0);
    assert_string_equal(hex, said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_note),
        cmocka_unit_test(odd_files_are_refused),
        cmocka_unit_test(agrees_with_readelf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
