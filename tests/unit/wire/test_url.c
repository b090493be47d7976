/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/url.h"
#include "harness/unit.h"

static void reads_what_an_api_base_needs(void **state)
{
    static const struct {
        const char *text, *host, *path, *header;
        uint16_t port;
        bool tls;
    } rows[] = {
        {"http://127.0.0.1:8089", "127.0.0.1", "/", "127.0.0.1:8089", 8089, false},
        {"http://localhost/", "localhost", "/", "localhost", 80, false},
        {"https://api.example.com/v1/", "api.example.com", "/v1", "api.example.com", 443, true},
        {"HTTPS://h:8443/a/b%20c//", "h", "/a/b%20c", "h:8443", 8443, true},
        {"http://[::1]:9/x", "::1", "/x", "[::1]:9", 9, false},
        {"https://[2001:db8::7]", "2001:db8::7", "/", "[2001:db8::7]", 443, true},
        {"http://h:443", "h", "/", "h:443", 443, false},
        {"http://my_host-1.lan:65535/@x;y=1", "my_host-1.lan", "/@x;y=1", "my_host-1.lan:65535",
         65535, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct err err = {0};
        struct url u;
        char header[300];

        if (url_parse(&u, rows[i].text, &err) < 0)
            fail_msg("%s: %s", rows[i].text, err.text);
        assert_string_equal(u.host, rows[i].host);
        assert_string_equal(u.path, rows[i].path);
        assert_int_equal(u.port, rows[i].port);
        assert_int_equal(u.tls, rows[i].tls);
        url_host_header(&u, header, sizeof header);
        assert_string_equal(header, rows[i].header);
    }
}

static void refuses_with_words_and_touches_nothing(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", "http://"},
        {"localhost:80", "http://"},
        {"ftp://h", "http://"},
        {"http://", "no host"},
        {"http:///v1", "no host"},
        {"http://:80", "no host"},
        {"http://u:secret@h/", "user info"},
        {"http://h h/", "host"},
        {"http://h\\x/", "host"},
        {"http://h%41/", "host"},
        {"http://h:", "port"},
        {"http://h:0", "port"},
        {"http://h:65536", "port"},
        {"http://h:99999999999999999999", "port"},
        {"http://h:80x", "port"},
        {"http://h:-1", "port"},
        {"http://[::1", "']'"},
        {"http://[]", "no host"},
        {"http://[1.2.3.4]", "IPv6"},
        {"http://[::1%25lo]", "IPv6"},
        {"http://[::1]80", "':'"},
        {"http://h/v1?x=1", "query"},
        {"http://h?x=1", "query"},
        {"http://h/#top", "fragment"},
        {"http://h/a b", "percent"},
        {"http://h/%4", "percent"},
        {"http://h/\xc3\xa4", "percent"},
        {"http://h/\r\nX: y", "percent"},
    };
    const struct url before = {.port = 7, .host = "kept"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct url u = before;
        struct err err = {0};

        if (url_parse(&u, rows[i].text, &err) != -EINVAL)
            fail_msg("%s was taken", rows[i].text);
        if (!strstr(err.text, rows[i].words))
            fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].text, err.text, rows[i].words);
        assert_memory_equal(&u, &before, sizeof u);
        assert_null(strstr(err.text, "secret"));
    }
}

static void refuses_hosts_and_paths_that_do_not_fit(void **state)
{
    char text[1024];
    struct err err = {0};
    struct url u;

    (void)state;
    (void)snprintf(text, sizeof text, "http://%0255d/", 0);
    assert_int_equal(url_parse(&u, text, &err), 0);
    (void)snprintf(text, sizeof text, "http://%0256d/", 0);
    assert_int_equal(url_parse(&u, text, &err), -EINVAL);
    (void)snprintf(text, sizeof text, "http://h/%0510d", 0);
    assert_int_equal(url_parse(&u, text, &err), 0);
    assert_int_equal(strlen(u.path), 511);
    (void)snprintf(text, sizeof text, "http://h/%0511d", 0);
    assert_int_equal(url_parse(&u, text, &err), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_an_api_base_needs),
        cmocka_unit_test(refuses_with_words_and_touches_nothing),
        cmocka_unit_test(refuses_hosts_and_paths_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
