/* SPDX-License-Identifier: Apache-2.0 */
/* tests/harness/unit.h - cmocka and the headers it wants first. Exit code 77 skips a test. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/base.h"

/* assert_int_equal truncates nothing that matters here but prints badly: doubles with a tolerance.
 */
#define assert_close(a, b, tolerance)                                                              \
    do {                                                                                           \
        double a_ = (a), b_ = (b), d_ = a_ - b_;                                                   \
        if (!(d_ <= (tolerance) && d_ >= -(tolerance)))                                            \
            fail_msg("%s = %.17g, expected %.17g", #a, a_, b_);                                    \
    } while (0)
