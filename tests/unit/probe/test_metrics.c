/* SPDX-License-Identifier: Apache-2.0 */
/* The probe against a server of a few lines on loopback: where it asks, with what, what it tells.
 */
#include "probe/metrics.h"
#include "base/fs.h"
#include "base/str.h"
#include "sink.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

struct answer {
    const char *path, *first, *later; /* bodies; NULL later: as first */
};

static struct server {
    const struct answer *answers; /* ends with a NULL path */
    pthread_t thread;
    int fd;
    uint16_t port;
    pthread_mutex_t lock; /* of what follows, shared by the threads of connections */
    char asked[8192];     /* "PATH" or "PATH key" a line */
    unsigned connections, count;
    pthread_t each[16];
    int fds[16];
} server = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const char *answer_to(const char *path, const char *key)
{
    const char *body = NULL;
    char line[160];
    bool again;

    (void)snprintf(line, sizeof line, "%s%s\n", path, key);
    (void)pthread_mutex_lock(&server.lock);
    again = strstr(server.asked, line) != NULL;
    (void)strncat(server.asked, line, sizeof server.asked - strlen(server.asked) - 1);
    (void)pthread_mutex_unlock(&server.lock);
    for (const struct answer *a = server.answers; a->path; a++)
        if (strcmp(a->path, path) == 0)
            body = again && a->later ? a->later : a->first;
    return body;
}

static void *serve(void *ctx)
{
    const int c = *(int *)ctx;
    char request[4096], path[128], head[256];
    ssize_t n;

    while ((n = recv(c, request, sizeof request - 1, 0)) > 0) {
        const char *body;

        request[n] = '\0';
        if (sscanf(request, "GET %127s", path) != 1)
            break;
        body = answer_to(path, strstr(request, "Bearer sk-planted") ? " key" : "");
        n = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n",
                     body ? "200 OK" : "404 Not Found", body ? strlen(body) : 0);
        if (send(c, head, (size_t)n, MSG_NOSIGNAL) != n ||
            (body && send(c, body, strlen(body), MSG_NOSIGNAL) < 0))
            break;
    }
    (void)close(c);
    return NULL;
}

static void *listen_on(void *ctx)
{
    (void)ctx;
    for (;;) {
        int c = accept(server.fd, NULL, NULL);

        if (c < 0)
            return NULL;
        server.fds[server.count] = c;
        assert_int_equal(
            pthread_create(&server.each[server.count], NULL, serve, &server.fds[server.count]), 0);
        server.count++;
    }
}

static void start(const struct answer *answers)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;

    server.answers = answers;
    server.asked[0] = '\0';
    server.count = 0;
    server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server.fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(server.fd, (struct sockaddr *)&at, &n), 0);
    assert_int_equal(listen(server.fd, 8), 0);
    server.port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&server.thread, NULL, listen_on, NULL), 0);
}

static void stop(void)
{
    (void)shutdown(server.fd, SHUT_RDWR);
    (void)pthread_join(server.thread, NULL);
    (void)close(server.fd);
    for (unsigned i = 0; i < server.count; i++)
        (void)pthread_join(server.each[i], NULL); /* the probe has closed its connections */
}

static struct seen seen;
static uint32_t series;

static int declare(void *ctx, uint32_t *id, const struct series *s)
{
    const size_t n = strlen(seen.text);

    (void)ctx;
    (void)snprintf(seen.text + n, sizeof seen.text - n, "series %s.%s [%s] %s\n", s->scope, s->name,
                   s->unit, s->source);
    *id = series++;
    return 0;
}

static void put(void *ctx, uint32_t id, int64_t time_ns, double value)
{
    (void)ctx;
    (void)time_ns;
    (void)value;
    assert_true(id < series);
}

static int changed(void *ctx, int64_t time_ns, const char *text)
{
    const size_t n = strlen(seen.text);

    (void)ctx;
    (void)time_ns;
    (void)snprintf(seen.text + n, sizeof seen.text - n, "changed: %s\n", text);
    return 0;
}

static const struct probe_out out = {
    .facts = {seen_put, &seen}, .series = {declare, put, NULL}, .changed = changed};

static struct probe_setup setup_of(const struct url *target, enum engine engine)
{
    return (struct probe_setup){.root = "",
                                .engine = engine,
                                .target = target,
                                .key = "sk-planted",
                                .period_ns = NS_PER_S,
                                .metrics_period_ns = NS_PER_S};
}

static struct url target_here(const char *path)
{
    struct url u = {.host = "127.0.0.1", .port = server.port};

    (void)snprintf(u.path, sizeof u.path, "%s", path);
    return u;
}

/* Opens, samples @times, finishes, closes; true: there was something to sample. */
static bool run(const struct probe_setup *s, int times)
{
    struct probe *p = NULL;
    struct err err = {0};

    seen = (struct seen){.left = -1};
    series = 0;
    if (probe_metrics.open(&p, s, &out, &err) < 0)
        fail_msg("%s", err.text);
    for (int i = 0; p && i < times; i++)
        assert_int_equal(probe_metrics.sample(p, (i + 1) * NS_PER_S), 0);
    if (p)
        assert_int_equal(probe_metrics.finish(p), 0);
    probe_metrics.close(p);
    return p != NULL;
}

static void finds_the_page_and_tells_the_run(void **state)
{
    static const struct answer answers[] = {
        {"/llm/metrics",
         "vllm:num_preemptions_total 2\nvllm:num_requests_running 1\n"
         "vllm:cache_config_info{block_size=\"16\",api_key=\"sk-planted\"} 1\n1bad\n",
         "vllm:num_preemptions_total 5\nvllm:num_requests_running 1\n"},
        {NULL, NULL, NULL}};
    struct probe_setup s;
    struct url u;

    (void)state;
    start(answers);
    u = target_here("/llm/v1");
    s = setup_of(&u, ENGINE_VLLM);
    assert_int_equal(probe_metrics.period_ns(&s), NS_PER_S);
    assert_true(run(&s, 2));
    stop();
    assert_int_equal(server.count, 1); /* the connection was kept */
    assert_string_equal(server.asked, "/llm/metrics key\n/llm/metrics key\n/llm/metrics key\n"
                                      "/llm/metrics key\n");
    assert_seen(&seen, "engine.metrics.map=vllm@1 [1]");
    assert_seen(&seen, "series engine.requests.running [requests] GET /llm/metrics "
                       "vllm:num_requests_running, sum of its samples, map vllm@1\n");
    assert_seen(&seen, "engine.preemptions.total=3 [1]");
    assert_seen(&seen, "engine.metrics.scrapes=4 [0]");
    assert_seen(&seen, "engine.metrics.scrapes_failed=0 [0]");
    assert_seen(&seen, "engine.metrics.lines_not_read=1 [0] GET /llm/metrics: the first is line 4: "
                       "no name where one is due\n");
    assert_seen(&seen, "engine.kv_cache.block_tokens=16 tokens[2]");
    assert_seen(&seen, "engine.kv_cache.use=? [5]");
    assert_unseen(&seen, "sk-planted");
}

static void an_engine_without_a_page_is_told_and_no_error(void **state)
{
    static const struct answer none[] = {{NULL, NULL, NULL}};
    static const struct answer other[] = {{"/metrics", "refserver_requests_total 1\n", NULL},
                                          {NULL, NULL, NULL}};
    struct probe_setup s;
    struct url u;

    (void)state;
    start(none);
    u = target_here("/v1");
    s = setup_of(&u, ENGINE_VLLM);
    assert_false(run(&s, 1));
    assert_seen(&seen, "engine.metrics=? [5] GET /metrics: HTTP 404\n");
    s.engine = ENGINE_OLLAMA;
    server.asked[0] = '\0';
    assert_false(run(&s, 1));
    assert_seen(&seen, "engine.metrics=? [5] Ollama has no metrics page");
    assert_string_equal(server.asked, "");
    s.engine = ENGINE_TRTLLM;
    assert_false(run(&s, 1));
    assert_string_equal(server.asked, "/prometheus/metrics key\n");
    stop();
    start(other);
    u = target_here("/v1");
    s = setup_of(&u, ENGINE_UNKNOWN);
    assert_false(run(&s, 1));
    assert_seen(&seen, "engine.metrics=? [5] GET /metrics: no family of a known engine in it\n");
    stop();
    assert_false(run(&s, 1)); /* nobody listens there now */
    assert_seen(&seen, "engine.metrics=? [5] GET /metrics: ");
    assert_false(run(&(struct probe_setup){.metrics_period_ns = NS_PER_S}, 1));
    assert_seen(&seen, "engine.metrics=? [5] no target\n");
}

static void exporters_are_asked_without_the_key(void **state)
{
    static const struct answer answers[] = {
        {"/metrics", "DCGM_FI_DEV_GPU_TEMP{gpu=\"1\"} 60\n", NULL},
        {"/node", "node_load1 0.5\nnode_cpu_seconds_total{cpu=\"0\",mode=\"steal\"} 1\n", NULL},
        {NULL, NULL, NULL}};
    struct url target = {.host = "127.0.0.2", .port = 1, .path = "/v1"};
    char dcgm[64], node[64];
    struct probe_setup s = setup_of(&target, ENGINE_UNKNOWN);

    (void)state;
    start(answers);
    (void)snprintf(dcgm, sizeof dcgm, "http://127.0.0.1:%u", server.port);
    (void)snprintf(node, sizeof node, "http://127.0.0.1:%u/node", server.port);
    s.dcgm_url = dcgm;
    s.node_url = node;
    s.metrics_url = dcgm; /* no engine's page */
    assert_true(run(&s, 1));
    stop();
    assert_null(strstr(server.asked, "key"));
    assert_seen(&seen, "series gpu.1.temperature [celsius] GET /metrics DCGM_FI_DEV_GPU_TEMP");
    assert_seen(&seen, "gpu.1.power=? [5] GET /metrics: family DCGM_FI_DEV_POWER_USAGE not in");
    assert_unseen(&seen, "gpu.0.");
    assert_seen(&seen, "series node.load.1m [1] GET /node node_load1");
    assert_seen(&seen, "series node.cpu.steal [s/s] GET /node "
                       "node_cpu_seconds_total{mode=\"steal\"}, sum of its samples");
    assert_seen(&seen, "engine.metrics=? [5] GET /metrics: no family of a known engine in it\n");
}

/* A page that goes away leaves a gap, not an end. */
static void a_failed_scrape_is_counted(void **state)
{
    static const struct answer answers[] = {{"/metrics", "vllm:num_preemptions_total 2\n", "{}\n"},
                                            {NULL, NULL, NULL}};
    struct probe_setup s;
    struct probe *p = NULL;
    struct err err = {0};
    struct url u;

    (void)state;
    start(answers);
    u = target_here("/v1");
    s = setup_of(&u, ENGINE_VLLM);
    seen = (struct seen){.left = -1};
    assert_int_equal(probe_metrics.open(&p, &s, &out, &err), 0);
    assert_non_null(p);
    server.answers = &answers[1];
    assert_int_equal(probe_metrics.sample(p, NS_PER_S), 0);
    assert_int_equal(probe_metrics.finish(p), 0);
    probe_metrics.close(p);
    stop();
    assert_seen(&seen, "engine.metrics.scrapes=1 [0]");
    assert_seen(&seen, "engine.metrics.scrapes_failed=2 [0] GET /metrics: HTTP 404\n");
    assert_seen(&seen, "engine.preemptions.total=0 [1]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_page_and_tells_the_run),
        cmocka_unit_test(an_engine_without_a_page_is_told_and_no_error),
        cmocka_unit_test(exporters_are_asked_without_the_key),
        cmocka_unit_test(a_failed_scrape_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
