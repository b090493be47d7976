/* SPDX-License-Identifier: Apache-2.0 */
/* src/cmd/aftermath.h - after a run: what its own client takes away from it. */
#pragma once

/* One line on stderr for each thing lost or void in the evidence at @path; nothing if all stands.
 * What can't be read here is for asrun claim to complain about. */
void aftermath_say(const char *path);
