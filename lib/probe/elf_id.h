/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/elf_id.h - the build id in an ELF file's notes. */
#pragma once
#include "base/base.h"

enum { ELF_ID_TEXT = 2 * 64 + 1 };

/*
 * @hex (ELF_ID_TEXT bytes) becomes the NT_GNU_BUILD_ID note of the 64-bit ELF file that @fd reads,
 * "" if it has none. -ENOEXEC: no such ELF file; -EBADMSG: its headers lead nowhere; others: read
 * errors. Any bytes are read safely.
 */
NODISCARD int elf_build_id(char *hex, int fd);
