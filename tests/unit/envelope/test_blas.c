/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/blas.h"
#include "base/fs.h"
#include "harness/unit.h"
#include "probe/elf_id.h"
#include <fcntl.h>

static struct blas *the_double(void)
{
    const char *path = getenv("BLAS_DOUBLE");
    struct blas *b = NULL;
    struct err err = {0};

    if (!path)
        skip();
    if (blas_open(&b, path, &err) < 0)
        fail_msg("%s", err.text);
    return b;
}

static void tells_which_products_there_are(void **state)
{
    AUTO(blas_close) struct blas *b = the_double();

    (void)state;
    assert_true(blas_has(b, GEMM_F32));
    assert_true(blas_has(b, GEMM_F64)); /* by its Fortran name */
    assert_false(blas_has(b, GEMM_BF16));
}

static void the_build_id_is_that_of_the_file(void **state)
{
    AUTO(blas_close) struct blas *b = the_double();
    AUTO(fd_close) int fd = open(getenv("BLAS_DOUBLE"), O_RDONLY | O_CLOEXEC);
    char hex[ELF_ID_TEXT] = "";

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(elf_build_id(hex, fd), 0);
    assert_string_equal(blas_build_id(b), hex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_which_products_there_are),
        cmocka_unit_test(the_build_id_is_that_of_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
