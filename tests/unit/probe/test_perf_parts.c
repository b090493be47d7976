/* SPDX-License-Identifier: Apache-2.0 */
/* Records, mappings, counts and symbols: no kernel, no engine. */
#include "base/fs.h"
#include "harness/fault.h"
#include "harness/unit.h"
#include "probe/perf_count.h"
#include "probe/perf_maps.h"
#include "probe/symbols.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <unistd.h>

enum { RING = 4096 };

struct ring_of {
    unsigned char data[RING];
    uint64_t head;
};

static void put(struct ring_of *r, uint16_t type, uint16_t misc, const void *body, size_t n)
{
    struct perf_event_header h = {type, misc, (uint16_t)(sizeof h + n)};
    unsigned char all[512];

    memcpy(all, &h, sizeof h);
    memcpy(all + sizeof h, body, n);
    for (size_t i = 0; i < sizeof h + n; i++)
        r->data[r->head++ & (RING - 1)] = all[i];
}

struct heard {
    char text[1024];
};

static void hear(struct heard *h, const char *fmt, unsigned long long a, const char *b)
{
    size_t n = strlen(h->text);

    (void)snprintf(h->text + n, sizeof h->text - n, "%s:%llx:%s ", fmt, a, b);
}

static void hear_sample(void *ctx, uint64_t ip, bool user)
{
    hear(ctx, "ip", ip, user ? "user" : "kernel");
}

static void hear_map(void *ctx, const struct perf_map *m)
{
    hear(ctx, "map", m->start + m->len, m->path);
}

static void hear_lost(void *ctx, uint64_t n)
{
    hear(ctx, "lost", n, "");
}

static void reads_records_across_the_ends(void **state)
{
    static struct ring_of r;
    struct heard heard = {0};
    const struct perf_visitor v = {hear_sample, hear_map, hear_lost, &heard};
    const uint64_t ip[] = {0x1234}, lost[] = {1, 7}, more[9] = {0};
    unsigned char map[64 + 8] = {0};
    const uint64_t where[] = {0x7000, 0x1000, 0x200};

    (void)state;
    memcpy(map + 8, where, sizeof where);
    memcpy(map + 64, "/lib/x", 7);
    r.head = 5 * RING - 88; /* the map's path lies across the end */
    put(&r, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_USER, ip, sizeof ip);
    put(&r, PERF_RECORD_MMAP2, PERF_RECORD_MISC_USER, map, sizeof map);
    put(&r, PERF_RECORD_EXIT, 0, more, sizeof more);
    put(&r, PERF_RECORD_LOST, 0, lost, sizeof lost);
    put(&r, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_KERNEL, ip, sizeof ip);
    perf_records(r.data, RING, 5 * RING - 88, r.head, &v);
    assert_string_equal(heard.text, "ip:1234:user map:8000:/lib/x lost:7: ip:1234:kernel ");
}

static void ends_at_a_record_that_makes_no_sense(void **state)
{
    static struct ring_of r;
    struct heard heard = {0};
    const struct perf_visitor v = {hear_sample, hear_map, hear_lost, &heard};
    const struct perf_event_header none = {PERF_RECORD_SAMPLE, 0, 0},
                                   far = {PERF_RECORD_SAMPLE, 0, 4000};
    const uint64_t ip[] = {1};

    (void)state;
    put(&r, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_USER, ip, sizeof ip);
    memcpy(r.data + r.head, &none, sizeof none);
    perf_records(r.data, RING, 0, r.head + 100, &v);
    memcpy(r.data + r.head, &far, sizeof far);
    perf_records(r.data, RING, 0, r.head + 100, &v);
    assert_string_equal(heard.text, "ip:1:user ip:1:user ");
}

static const char maps_text[] =
    "55d0c0a00000-55d0c0a10000 r--p 00000000 fe:01 99 /usr/bin/engine\n"
    "55d0c0a10000-55d0c0a20000 r-xp 00010000 fe:01 99 /usr/bin/engine\n"
    "7f0000000000-7f0000001000 rwxp 00000000 00:00 0 \n"
    "7f0000002000-7f0000003000 r-xp 00002000 fe:01 7          /lib/a file.so (deleted)\n"
    "7ffd00000000-7ffd00001000 r-xp 00000000 00:00 0 [vdso]\n"
    "nonsense\n";

static const char *path_at(struct perf_maps *m, const struct perf_objects *o, uint64_t ip)
{
    const struct perf_mapping *at = perf_maps_find(m, ip);

    return at ? o->items[at->object].path : NULL;
}

static void knows_whose_an_address_is(void **state)
{
    AUTO(free) char *text = strdup(maps_text);
    struct perf_objects o;
    struct perf_maps m = {0};

    (void)state;
    assert_int_equal(perf_objects_init(&o), 0);
    assert_int_equal(perf_maps_parse(&m, &o, text), 0);
    assert_int_equal(m.count, 4);
    assert_null(path_at(&m, &o, 0x55d0c0a00000)); /* not executable */
    assert_string_equal(path_at(&m, &o, 0x55d0c0a10000), "/usr/bin/engine");
    assert_int_equal(perf_maps_find(&m, 0x55d0c0a1ffff)->offset, 0x10000);
    assert_string_equal(path_at(&m, &o, 0x7f0000000010), "[anon]");
    assert_string_equal(path_at(&m, &o, 0x7f0000002fff), "/lib/a file.so (deleted)");
    assert_null(path_at(&m, &o, 0x7f0000003000));
    assert_string_equal(path_at(&m, &o, 0x7ffd00000800), "[vdso]");
    perf_maps_release(&m);
    perf_objects_release(&o);
}

static void the_newest_mapping_wins(void **state)
{
    AUTO(free) char *text = strdup(maps_text);
    struct perf_objects o;
    struct perf_maps m = {0};
    const struct perf_map new = {0x55d0c0a14000, 0x1000, 0, 0xfe, 1, 100, "/lib/new.so"};

    (void)state;
    assert_int_equal(perf_objects_init(&o), 0);
    assert_int_equal(perf_maps_parse(&m, &o, text), 0);
    assert_string_equal(path_at(&m, &o, 0x55d0c0a14010), "/usr/bin/engine");
    assert_int_equal(perf_maps_add(&m, &o, &new), 0);
    assert_string_equal(path_at(&m, &o, 0x55d0c0a14010), "/lib/new.so");
    assert_string_equal(path_at(&m, &o, 0x55d0c0a15000), "/usr/bin/engine");
    assert_int_equal(perf_maps_find(&m, 0x55d0c0a15000)->offset, 0x15000);
    assert_string_equal(path_at(&m, &o, 0x55d0c0a14010), "/lib/new.so"); /* after a hit elsewhere */
    perf_maps_release(&m);
    perf_objects_release(&o);
}

static void a_full_table_counts_by_object(void **state)
{
    struct perf_counts c;
    uint64_t nowhere = 0, all = 0;

    (void)state;
    assert_int_equal(perf_counts_init(&c, 64), 0);
    for (uint64_t i = 0; i < 1000; i++)
        perf_counts_add(&c, 0, (uint32_t)(i % 3), i);
    for (uint64_t i = 0; i < 5; i++)
        perf_counts_add(&c, 0, 0, 0);
    perf_counts_sort(&c);
    assert_int_equal(c.count, 48 + 3);
    assert_int_equal(c.slots[0].samples, 6); /* an old place still counts */
    for (size_t i = 0; i < c.count; i++) {
        all += c.slots[i].samples;
        nowhere += c.slots[i].offset == PERF_NOWHERE ? c.slots[i].samples : 0;
    }
    assert_int_equal(all, 1005);
    assert_int_equal(nowhere, 1000 - 48);
    assert_int_equal(c.dropped, 0);
    perf_counts_release(&c);
}

static void what_finds_no_room_is_dropped(void **state)
{
    struct perf_counts c;
    uint64_t all = 0;

    (void)state;
    assert_int_equal(perf_counts_init(&c, 8), 0);
    for (uint32_t i = 0; i < 100; i++)
        perf_counts_add(&c, i, i, i);
    perf_counts_sort(&c);
    assert_int_equal(c.count, 7);
    for (size_t i = 0; i < c.count; i++)
        all += c.slots[i].samples;
    assert_int_equal(all + c.dropped, 100);
    perf_counts_release(&c);
}

__attribute__((noinline, used)) static int well_known_function(int x)
{
    return x * 3 + 1;
}

/* Where @address is in which file. */
static uint64_t offset_of(char *path, size_t size, uintptr_t address)
{
    struct perf_objects o;
    struct perf_maps m = {0};
    const struct perf_mapping *at;
    uint64_t offset;

    assert_int_equal(perf_objects_init(&o), 0);
    assert_int_equal(perf_maps_read(&m, &o, "", getpid()), 0);
    at = perf_maps_find(&m, address);
    assert_non_null(at);
    (void)snprintf(path, size, "%s", o.items[at->object].path);
    offset = address - at->start + at->offset;
    perf_object_open(&o, at, "", getpid());
    assert_true(o.items[at->object].fd >= 0);
    perf_maps_release(&m);
    perf_objects_release(&o);
    return offset;
}

static void assert_named(uintptr_t address, const char *want)
{
    AUTO(symbols_close) struct symbols *s = NULL;
    AUTO(fd_close) int fd = -1;
    struct err err = {0};
    char path[4096];
    uint64_t offset = offset_of(path, sizeof path, address);

    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (symbols_open(&s, path, fd, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(symbols_function(s, offset), want);
    assert_true(strlen(symbols_build_id(s)) >= 16);
    assert_string_equal(symbols_function(s, UINT64_MAX - 1), "");
}

static void names_functions_with_and_without_symtab(void **state)
{
    int (*volatile own)(int) = well_known_function;

    (void)state;
    assert_int_equal(own(1), 4);
    assert_named((uintptr_t)own + 1, "well_known_function");
    assert_named((uintptr_t)dlsym(RTLD_DEFAULT, "getenv") + 1, "getenv"); /* libc: .dynsym */
}

static void a_file_that_is_no_elf_is_told(void **state)
{
    AUTO(fd_close) int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    AUTO(symbols_close) struct symbols *s = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(symbols_open(&s, "some.file", fd, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "some.file"));
}

static void survives_every_failed_allocation(void **state)
{
    int r = -ENOMEM;

    (void)state;
    for (int nth = 0; r == -ENOMEM && nth < 200; nth++) {
        char text[sizeof maps_text];
        struct perf_objects o = {0};
        struct perf_maps m = {0};
        struct perf_counts c = {0};

        memcpy(text, maps_text, sizeof text);
        fault_alloc(nth);
        r = perf_counts_init(&c, 64);
        if (r == 0)
            r = perf_objects_init(&o);
        if (r == 0)
            r = perf_maps_parse(&m, &o, text);
        perf_maps_release(&m);
        perf_objects_release(&o);
        perf_counts_release(&c);
    }
    fault_alloc(-1);
    assert_int_equal(r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_records_across_the_ends),
        cmocka_unit_test(ends_at_a_record_that_makes_no_sense),
        cmocka_unit_test(knows_whose_an_address_is),
        cmocka_unit_test(the_newest_mapping_wins),
        cmocka_unit_test(a_full_table_counts_by_object),
        cmocka_unit_test(what_finds_no_room_is_dropped),
        cmocka_unit_test(names_functions_with_and_without_symtab),
        cmocka_unit_test(a_file_that_is_no_elf_is_told),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
