/* SPDX-License-Identifier: Apache-2.0 */
#include "asrun/asrun.h"
#include "build_info.h"

const char *asrun_version(void)
{
    return BUILD_VERSION " (" BUILD_COMMIT ", " BUILD_COMPILER ")";
}
