/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/harness/fault.h - make our own allocations fail. Only calls from our objects are counted
 * (the linker wraps malloc, calloc, realloc, strdup, strndup, aligned_alloc), not a library's.
 */
#pragma once

/* The @nth allocation from here (0 = the next) returns NULL, later ones succeed; -1: none fails. */
void fault_alloc(int nth);
/* Allocations since the last fault_alloc(). */
int fault_allocs(void);
