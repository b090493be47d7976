/* SPDX-License-Identifier: Apache-2.0 */
/* ELF headers and notes: any bytes are read or refused; an id is short hex. */
#include "base/fs.h"
#include "probe/elf_id.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static int fd = -1;
    char hex[ELF_ID_TEXT];

    if (fd < 0)
        fd = memfd_create("elf", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, data, n, 0) != (ssize_t)n)
        abort();
    if (elf_build_id(hex, fd) == 0 && strspn(hex, "0123456789abcdef") != strlen(hex))
        abort();
    return 0;
}
