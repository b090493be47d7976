/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/base/base.h - the few things every file may rely on.
 *
 * Errors: cold paths return 0 or a negative errno and put words into a struct err that lives on
 * the caller's stack; positive returns are answers, documented at the function.
 */
#pragma once
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, v) __attribute__((format(printf, f, v)))
#define AUTO(fn) __attribute__((cleanup(fn##_ptr))) /* fn() runs when the scope ends */
#define DEFINE_AUTO(T, fn)                                                                         \
    static inline void fn##_ptr(T *p)                                                              \
    {                                                                                              \
        fn(*p);                                                                                    \
    }
/* For caller-held structs whose release takes a pointer to them. */
#define DEFINE_AUTO_HELD(T, fn)                                                                    \
    static inline void fn##_ptr(T *p)                                                              \
    {                                                                                              \
        fn(p);                                                                                     \
    }
#define TAKE(p)                                                                                    \
    __extension__({                                                                                \
        __typeof__(p) taken_ = (p);                                                                \
        (p) = NULL;                                                                                \
        taken_;                                                                                    \
    })
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_US INT64_C(1000)
#define TIME_NONE INT64_C(-1) /* a time that was never taken */

struct err {
    int code;
    char text[240];
};

/* Sets *@e (NULL is allowed) to @code, a negative errno, with the words of @fmt; returns @code. */
int err_set(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

static inline int64_t i64_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t i64_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline void free_ptr(void *p)
{
    extern void free(void *);
    free(*(void **)p);
}
/* AUTO(free) char *text = ...; */
