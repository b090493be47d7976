/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/symbols.h - names of the functions of an ELF file, by libdw; private to probe.
 *
 * The fullest table that is there: .symtab of the file or of its separate debug file on this host
 * (found by build id or debug link), the compressed one of .gnu_debugdata, else .dynsym. Nothing
 * is fetched from the network.
 */
#pragma once
#include "base/base.h"

enum { BUILD_ID_TEXT = 2 * 64 + 1 };

struct symbols; /* opaque */

/* @fd is left to the caller, and used until symbols_close(). -EBADMSG: it is no ELF file. */
NODISCARD int symbols_open(struct symbols **ret, const char *path, int fd, struct err *err);
/* Hex, "" if there is none. */
const char *symbols_build_id(const struct symbols *s);
/* The function at @offset of the file, as its linker knows it, "" if none is known to hold it.
 * Valid until symbols_close(). */
const char *symbols_function(struct symbols *s, uint64_t offset);
void symbols_close(struct symbols *s); /* NULL is a no-op */
DEFINE_AUTO(struct symbols *, symbols_close)
