/* SPDX-License-Identifier: Apache-2.0 */
/* asrun/asrun.h - the public API's version. */
#pragma once

/* "MAJOR.MINOR.PATCH (COMMIT, BUILD)"; static storage. */
const char *asrun_version(void);
