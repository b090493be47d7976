/* SPDX-License-Identifier: Apache-2.0 */
/* lib/evidence/seal.h - the last steps of an evidence file whose state is final. */
#pragma once
#include "base/base.h"

/* Checkpoints @path, leaves WAL mode, syncs the file and makes it read-only. Can be repeated. A
 * reader that has the file open only delays it: then it stays as it is, valid but in WAL mode, and
 * 1 is returned. */
NODISCARD int evidence_seal(const char *path, struct err *err);
