/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "harness/fault.h"
#include "harness/unit.h"
#include "run/request.h"

static struct item items[] = {
    {.input_tokens = 20, .output_tokens = 7, .trigger = TRIGGER_AT},
    {.input_tokens = 300, .output_tokens = 12, .trial = 1, .trigger = TRIGGER_AT},
};
static const struct schedule two = {.items = items, .count = 2, .prompt_seed = 5};
static const struct prompt_calibration nominal = {.tokens_per_word = 1};

static struct plan plan_for(enum api api)
{
    return (struct plan){.target = {.model = "m\"1", .body = "", .api = api, .stream = true}};
}

static const struct url base = {.host = "127.0.0.1", .port = 8080, .path = "/v1"};
static const struct request_access full = {&base, "sk-1", "X-Team: blue\r\n", {true, true}, false};
static const struct request_access bare = {&base, NULL, NULL, {false, false}, false};

static json_t *body_of(char *request, size_t n)
{
    char *body = strstr(request, "\r\n\r\n"), *length = strstr(request, "Content-Length: ");
    json_t *doc = NULL;
    struct err err = {0};

    assert_non_null(body);
    assert_non_null(length);
    request[n] = '\0';
    body += 4;
    assert_int_equal(strtol(length + 16, NULL, 10), (long)strlen(body));
    assert_int_equal(json_parse(&doc, body, "body", &err), 0);
    return doc;
}

static void renders_a_chat_request(void **state)
{
    AUTO(requests_release) struct requests r = {0};
    struct plan plan = plan_for(API_CHAT);
    struct err err = {0};
    json_t *doc, *message;
    char *buf;
    size_t n;

    (void)state;
    plan.target.body = "{\"stop\":[\"a\"],\"top_p\":0.5}";
    assert_int_equal(requests_init(&r, &plan, &full, &two, &nominal, "00c0ffee", &err), 0);
    buf = malloc(r.max_bytes + 1);
    n = requests_render(&r, 1, buf, r.max_bytes);
    assert_in_range(n, 1, r.max_bytes);
    doc = body_of(buf, n);
    assert_ptr_equal(strstr(buf, "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"),
                     buf);
    assert_non_null(strstr(buf, "\r\nAuthorization: Bearer sk-1\r\nX-Team: blue\r\n"));
    assert_non_null(strstr(buf, "\r\nX-Request-Id: asrun-00c0ffee-1\r\n"));
    message = json_array_get(json_object_get(doc, "messages"), 0);
    assert_string_equal(json_string_value(json_object_get(doc, "model")), "m\"1");
    assert_true(strlen(json_string_value(json_object_get(message, "content"))) > 300);
    assert_int_equal(json_integer_value(json_object_get(doc, "max_tokens")), 12);
    assert_true(json_is_true(json_object_get(doc, "ignore_eos")));
    assert_close(json_real_value(json_object_get(doc, "top_p")), 0.5, 0);
    assert_int_equal(json_array_size(json_object_get(doc, "stop")), 1);
    json_unref(doc);
    free(buf);
}

static void renders_a_completion_without_a_key(void **state)
{
    AUTO(requests_release) struct requests r = {0};
    struct plan plan = plan_for(API_COMPLETIONS);
    struct err err = {0};
    json_t *doc;
    char *buf;
    size_t n;

    (void)state;
    assert_int_equal(requests_init(&r, &plan, &bare, &two, &nominal, "00c0ffee", &err), 0);
    buf = malloc(r.max_bytes + 1);
    assert_int_equal(requests_render(&r, 0, buf, r.max_bytes - 1), 0); /* too small: says so */
    n = requests_render(&r, 0, buf, r.max_bytes);
    doc = body_of(buf, n);
    assert_null(strstr(buf, "Authorization"));
    assert_true(json_is_string(json_object_get(doc, "prompt")));
    assert_null(json_object_get(doc, "ignore_eos"));
    assert_null(json_object_get(doc, "stream_options"));
    json_unref(doc);
    free(buf);
}

static void names_the_whole_url_to_a_proxy(void **state)
{
    AUTO(requests_release) struct requests r = {0};
    struct plan plan = plan_for(API_CHAT);
    struct request_access access = bare;
    struct err err = {0};

    (void)state;
    access.whole_url = true;
    assert_int_equal(requests_init(&r, &plan, &access, &two, &nominal, "1", &err), 0);
    assert_ptr_equal(strstr(r.head, "POST http://127.0.0.1:8080/v1/chat/completions HTTP/1.1\r\n"
                                    "Host: 127.0.0.1:8080\r\n"),
                     r.head);
}

static void the_digest_follows_the_prompts(void **state)
{
    AUTO(requests_release) struct requests a = {0};
    AUTO(requests_release) struct requests b = {0};
    struct plan chat = plan_for(API_CHAT), completions = plan_for(API_COMPLETIONS);
    struct prompt_calibration other = {.tokens_per_word = 1, .overhead_tokens = 5};
    struct digest one, same, different;
    struct err err = {0};

    (void)state;
    assert_int_equal(requests_init(&a, &chat, &full, &two, &nominal, "1", &err), 0);
    assert_int_equal(requests_digest(&one, &a, &err), 0);
    assert_int_equal(requests_init(&b, &completions, &bare, &two, &nominal, "2", &err), 0);
    assert_int_equal(requests_digest(&same, &b, &err), 0);
    assert_true(digest_equal(&one, &same)); /* texts, not heads: another API changes nothing */
    b.calibration = other;
    assert_int_equal(requests_digest(&different, &b, &err), 0);
    assert_false(digest_equal(&one, &different));
}

static void survives_every_failed_allocation(void **state)
{
    struct plan plan = plan_for(API_CHAT);
    int r = -ENOMEM;

    (void)state;
    for (int nth = 0; r == -ENOMEM && nth < 100; nth++) {
        AUTO(requests_release) struct requests q = {0};
        struct err err = {0};

        fault_alloc(nth);
        r = requests_init(&q, &plan, &full, &two, &nominal, "1", &err);
        fault_alloc(-1);
        assert_int_equal(r == 0, q.head != NULL);
    }
    assert_int_equal(r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renders_a_chat_request),
        cmocka_unit_test(renders_a_completion_without_a_key),
        cmocka_unit_test(names_the_whole_url_to_a_proxy),
        cmocka_unit_test(the_digest_follows_the_prompts),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
