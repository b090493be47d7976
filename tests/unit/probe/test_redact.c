/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/redact.h"
#include "harness/unit.h"

static void assert_command(const char *args, size_t n, const char *expected)
{
    AUTO(str_release) struct str s = {0};

    redact_command(&s, args, n);
    assert_true(str_ok(&s));
    assert_string_equal(s.data ? s.data : "", expected);
}
#define COMMAND(args, expected) assert_command(args, sizeof(args) - 1, expected)

static void shows_the_settings_of_engines(void **state)
{
    (void)state;
    setenv("HOME", "/home/someone", 1);
    COMMAND("/home/someone/bin/llama-server\0-m\0/home/other/m.gguf\0--host\0"
            "127.0.0.1\0--port\08080\0-np\0004\0-c\0004096\0--metrics\0--cache-ram\0000\0",
            "~/bin/llama-server -m ~/m.gguf --host 127.0.0.1 --port 8080 -np 4 -c 4096 --metrics "
            "--cache-ram 0");
    COMMAND("python3\0-m\0vllm.entrypoints.openai.api_server\0--model=Qwen/Qwen2.5-7B-Instruct-AWQ"
            "\0--max-num-batched-tokens\08192\0--max_model_len\0004096\0--dtype\0bfloat16\0",
            "python3 -m vllm.entrypoints.openai.api_server --model=Qwen/Qwen2.5-7B-Instruct-AWQ "
            "--max-num-batched-tokens 8192 --max_model_len 4096 --dtype bfloat16");
    COMMAND("vllm\0serve\0/models/hub/snapshots/0123456789abcdef0123456789abcdef01234567\0",
            "vllm serve /models/hub/snapshots/0123456789abcdef0123456789abcdef01234567");
    COMMAND("x\0--threads-http\0-1\0--temp\0000.7", "x --threads-http -1 --temp 0.7");
    COMMAND("", "");
}

static void hides_what_may_be_a_secret(void **state)
{
    static const char *const secret[] = {"hunter2", "sk-abcdefghijklmnop", "0123456789",
                                         "Zq8vXw2LmN4bT6yR1cK9", "correct horse battery staple"};
    static const char *const before[] = {
        "e --api-key ",  "e --api-key=", "e --unheard-of ", "e --model x --token ",
        "e --hf-token=", "e serve ",     "e -k ",           "e --metrics ",
        "e --unheard=",  "e -H ",        "e -c 1 ",         "e --Password "};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(secret); i++)
        for (size_t k = 0; k < COUNT_OF(before); k++) {
            AUTO(str_release) struct str out = {0};
            char line[256];
            int n = snprintf(line, sizeof line, "%s", before[k]);

            for (char *c = line; c < line + n; c++)
                *c = (char)(*c == ' ' ? '\0' : *c);
            n += snprintf(line + n, sizeof line - (size_t)n, "%s", secret[i]);
            redact_command(&out, line, (size_t)n + 1);
            assert_non_null(strstr(out.data, REDACTED));
            if (strstr(out.data, secret[i]))
                fail_msg("\"%s\" in: %s", secret[i], out.data);
        }
    COMMAND("e\0--model\0https://u:p@host/m\0", "e --model " REDACTED);
    COMMAND("sh\0-c\0API_KEY=abc exec vllm serve\0", "sh -c " REDACTED);
    COMMAND("e\0--speculative-config\0{\"model\":\"d\",\"num_speculative_tokens\":5}\0",
            "e --speculative-config {\"model\":\"d\",\"num_speculative_tokens\":5}");
    COMMAND("e\0--speculative-config\0{\"model\":\"d\",\"hf_token\":\"x\"}\0",
            "e --speculative-config " REDACTED);
}

static void assert_env(const char *name, const char *value, const char *expected)
{
    AUTO(str_release) struct str s = {0};

    redact_env(&s, name, value);
    assert_string_equal(s.data ? s.data : "", expected);
}

static void shows_listed_variables(void **state)
{
    (void)state;
    assert_true(redact_env_listed("OMP_NUM_THREADS"));
    assert_true(redact_env_listed("OPENBLAS_CORETYPE"));
    assert_false(redact_env_listed("AWS_SECRET_ACCESS_KEY"));
    assert_false(redact_env_listed("PATH"));
    assert_env("OPENBLAS_CORETYPE", "HASWELL", "HASWELL");
    assert_env("VLLM_MAX_TOKENS", "512", "512");
    assert_env("CUDA_VISIBLE_DEVICES", "0,1", "0,1");
    assert_env("NVIDIA_VISIBLE_DEVICES", "GPU-8f2c1d3e-1a2b-3c4d-5e6f-0123456789ab",
               "GPU-8f2c1d3e-1a2b-3c4d-5e6f-0123456789ab");
    assert_env("HF_HOME", "/data/hf_home", "/data/hf_home");
    assert_env("HF_HUB_ENABLE_TRANSFER", "", "");
    assert_env("HF_TOKEN", "hf_abc", REDACTED);
    assert_env("HF_TOKENIZER_TOKEN", "abc", REDACTED);
    assert_env("VLLM_API_KEY", "1", REDACTED);
    assert_env("VLLM_TOKENS", "abc", REDACTED);
    assert_env("HF_ENDPOINT", "https://user:pw@hub.example/", REDACTED);
    assert_env("HF_ENDPOINT", "https://hub.example/a@b", "https://hub.example/a@b");
    assert_env("TORCH_NOTE", "hf_AbCdEfGhIjKlMnOp", REDACTED);
    assert_env("GGML_X", "aGkgdGhlcmUgYWxsIG9mIHlvdQ", REDACTED);
    assert_env("GGML_X", "aQkRdGhLcPeUgYWxsIGiHYlvQd", REDACTED);
}

static void an_option_for_a_secret_takes_a_value_with_a_dash(void **state)
{
    (void)state;
    COMMAND("e\0--api-key\0-hunterTwo\0--port\08080\0", "e --api-key " REDACTED " --port 8080");
    COMMAND("e\0--hf_token\0-x=hunterTwo\0-c\0005\0", "e --hf_token " REDACTED " -c 5");
    COMMAND("e\0--api-key\0--metrics\0", "e --api-key --metrics");
    COMMAND("e\0--max-num-seqs\0-c\0005\0", "e --max-num-seqs -c 5");
}

static void keeps_what_the_kernel_was_told(void **state)
{
    AUTO(str_release) struct str s = {0};

    (void)state;
    redact_kernel(&s, " BOOT_IMAGE=/vmlinuz-6.1 root=UUID=12345678-abcd ro isolcpus=2-7 "
                      "mitigations=off luks.key=abcdef my.password=hunter2 quiet -- abc=d\n");
    assert_string_equal(s.data, "BOOT_IMAGE=/vmlinuz-6.1 root=" REDACTED " ro isolcpus=2-7 "
                                "mitigations=off luks.key=" REDACTED " my.password=" REDACTED
                                " quiet -- " REDACTED);
}

static void assert_kernel(const char *line, const char *expected)
{
    AUTO(str_release) struct str s = {0};

    redact_kernel(&s, line);
    assert_true(str_ok(&s));
    assert_string_equal(s.data, expected);
}

static void shows_no_kernel_parameter_that_is_not_listed(void **state)
{
    (void)state;
    assert_kernel("luks.pin=123456 maxcpus=8", "luks.pin=" REDACTED " maxcpus=8");
    assert_kernel("luks.on=yes a= nr_cpus=4", "luks.on=" REDACTED " a=" REDACTED " nr_cpus=4");
}

static void takes_quotes_as_the_kernel_does(void **state)
{
    char line[3000];

    (void)state;
    assert_kernel("x.password=\"correct horse\" quiet", "x.password=" REDACTED " quiet");
    assert_kernel("\"x.note=correct horse\" quiet", REDACTED "=" REDACTED " quiet");
    assert_kernel("\"correct horse\" quiet", REDACTED " quiet");
    assert_kernel("x.note=a\" -- b=c\"d quiet", "x.note=" REDACTED " quiet");
    assert_kernel("isolcpus=\"2-7\" x=\"never closed b", "isolcpus=\"2-7\" x=" REDACTED);
    (void)snprintf(line, sizeof line, "isolcpus=%02000d ro", 0);
    assert_kernel(line, "isolcpus=" REDACTED " ro");
}

static void home_folders_become_a_tilde(void **state)
{
    AUTO(str_release) struct str s = {0};

    (void)state;
    setenv("HOME", "/srv/me", 1);
    redact_path(&s, "/srv/me/a:/srv/men/b,/root/c:/rooted/d:/home/x/e:/home/\x01");
    assert_string_equal(s.data, "~/a:/srv/men/b,~/c:/rooted/d:~/e:/home/?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_the_settings_of_engines),
        cmocka_unit_test(hides_what_may_be_a_secret),
        cmocka_unit_test(shows_listed_variables),
        cmocka_unit_test(an_option_for_a_secret_takes_a_value_with_a_dash),
        cmocka_unit_test(shows_no_kernel_parameter_that_is_not_listed),
        cmocka_unit_test(takes_quotes_as_the_kernel_does),
        cmocka_unit_test(keeps_what_the_kernel_was_told),
        cmocka_unit_test(home_folders_become_a_tilde),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
