/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "harness/fault.h"
#include "harness/unit.h"
#include "run/body.h"

static struct plan plan_for(enum api api)
{
    return (struct plan){.target = {.model = "m\"{{prompt}}",
                                    .api = api,
                                    .stream = true,
                                    .path = "",
                                    .body = "{\"top_n\":3}",
                                    .documents = api == API_RERANK ? 3 : 0,
                                    .body_template =
                                        "{\"a\":\"{{prompt}}\",\"b\":[{{input_tokens}},"
                                        "{{output_tokens}}],\"c\":\"{{request_id}}\","
                                        "\"d\":{\"e\":\"{{prompt}} {{model}}\"}}"}};
}

static const char eight[] = "one two three four five six seven eight";

/* The body as a document, of exactly the room that body_bytes() promises. */
static json_t *rendered(const struct plan *p, const char *prompt)
{
    AUTO(body_release) struct body b = {0};
    size_t n = strlen(prompt), room, len;
    struct err err = {0};
    json_t *doc = NULL;
    char *buf;

    assert_int_equal(body_init(&b, p, p->target.model, true, &err), 0);
    room = body_bytes(&b, n);
    buf = malloc(room + 1);
    len = body_render(&b, buf,
                      &(struct body_item){.id = "asrun-00c0ffee-4294967295",
                                          .input_tokens = 10000000,
                                          .output_tokens = INT32_MAX,
                                          .prompt = prompt,
                                          .prompt_len = n});
    assert_in_range(len, 1, room);
    buf[len] = '\0';
    if (json_parse(&doc, buf, "body", &err) < 0)
        fail_msg("%s: %s", err.text, buf);
    free(buf);
    return doc;
}

static const char *text_at(json_t *doc, const char *key)
{
    return json_string_value(json_object_get(doc, key));
}

static void chat_and_completions_have_none(void **state)
{
    AUTO(body_release) struct body b = {0};
    struct plan p = plan_for(API_CHAT);
    struct err err = {0};

    (void)state;
    assert_int_equal(body_init(&b, &p, p.target.model, false, &err), 0);
    assert_int_equal(b.count, 0);
}

static void asks_for_a_response(void **state)
{
    struct plan p = plan_for(API_RESPONSES);
    json_t *doc = rendered(&p, eight);

    (void)state;
    assert_string_equal(text_at(doc, "model"), "m\"{{prompt}}");
    assert_string_equal(text_at(doc, "input"), eight);
    assert_int_equal(json_integer_value(json_object_get(doc, "max_output_tokens")), INT32_MAX);
    assert_true(json_is_true(json_object_get(doc, "stream")));
    assert_true(json_is_true(json_object_get(doc, "ignore_eos")));
    json_unref(doc);
}

static void asks_for_an_embedding(void **state)
{
    struct plan p = plan_for(API_EMBEDDINGS);
    json_t *doc = rendered(&p, eight);

    (void)state;
    assert_string_equal(text_at(doc, "input"), eight);
    assert_int_equal(json_integer_value(json_object_get(doc, "top_n")), 3);
    assert_int_equal(json_object_size(doc), 3);
    json_unref(doc);
}

static void query_and_documents_are_equal_parts_of_the_prompt(void **state)
{
    static const struct {
        const char *prompt, *query, *documents[3];
    } cases[] = {
        {eight, "one two", {"three four", "five six", "seven eight"}},
        {"a b c d e", "a", {"b", "c", "d e"}},
        {"a b", "a", {"b", "", ""}},
        {"a", "a", {"", "", ""}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct plan p = plan_for(API_RERANK);
        json_t *doc = rendered(&p, cases[i].prompt);
        json_t *list = json_object_get(doc, "documents");

        assert_string_equal(text_at(doc, "query"), cases[i].query);
        assert_int_equal(json_array_size(list), 3);
        for (size_t d = 0; d < 3; d++)
            assert_string_equal(json_string_value(json_array_get(list, d)), cases[i].documents[d]);
        json_unref(doc);
    }
}

static void fills_in_the_plans_own_template(void **state)
{
    struct plan p = plan_for(API_JSON);
    json_t *doc = rendered(&p, eight);
    json_t *numbers = json_object_get(doc, "b");

    (void)state;
    assert_string_equal(text_at(doc, "a"), eight);
    assert_string_equal(text_at(doc, "c"), "asrun-00c0ffee-4294967295");
    assert_int_equal(json_integer_value(json_array_get(numbers, 0)), 10000000);
    assert_int_equal(json_integer_value(json_array_get(numbers, 1)), INT32_MAX);
    assert_string_equal(text_at(json_object_get(doc, "d"), "e"),
                        "one two three four five six seven eight m\"{{prompt}}");
    json_unref(doc);
}

static void survives_every_failed_allocation(void **state)
{
    struct plan p = plan_for(API_JSON);
    int r = -ENOMEM;

    (void)state;
    for (int nth = 0; r == -ENOMEM && nth < 100; nth++) {
        AUTO(body_release) struct body b = {0};
        struct err err = {0};

        fault_alloc(nth);
        r = body_init(&b, &p, p.target.model, false, &err);
        fault_alloc(-1);
        assert_int_equal(r == 0, b.count > 0);
    }
    assert_int_equal(r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chat_and_completions_have_none),
        cmocka_unit_test(asks_for_a_response),
        cmocka_unit_test(asks_for_an_embedding),
        cmocka_unit_test(query_and_documents_are_equal_parts_of_the_prompt),
        cmocka_unit_test(fills_in_the_plans_own_template),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
