/* SPDX-License-Identifier: Apache-2.0 */
/* tests/server/refserver.h - the parts of the reference server; refserver.c says what it does. */
#pragma once
#include "base/base.h"
#include "base/rng.h"
#include "base/str.h"
#include <netinet/in.h>

enum keep_mode { KEEP_HONEST, KEEP_LYING, KEEP_STALE, KEEP_CLOSE };

enum mis {
    MIS_NONE,
    MIS_RESET_BEFORE,
    MIS_RESET_MID,
    MIS_HTTP_400,
    MIS_HTTP_404,
    MIS_HTTP_429,
    MIS_HTTP_500,
    MIS_HTTP_503,
    MIS_BAD_HEAD,
    MIS_BAD_CHUNK,
    MIS_BAD_SSE,
    MIS_BAD_JSON,
    MIS_ERROR_EVENT,
    MIS_ERROR_NAMED,
    MIS_EARLY_END,
    MIS_NO_FINISH,
    MIS_STALL,
    MIS_NEVER,
    MIS_SLOW_HEAD,
    MIS_COALESCE,
    MIS_SPLIT,
    MIS_SHORT,
    MIS_NO_USAGE,
    MIS_HUGE_EVENT,
    MIS_FLOOD_HEADERS,
    MIS_EARLY_CLOSE,
    MIS_EARLY_ANSWER,
    MIS_DRIP,
    MIS_GZIP,
    MIS_BAD_UTF8,
    MIS_ENDLESS_LINE,
    MIS_ENDLESS_HEADERS, /* this and what follows begin wrong: hostile.c */
    MIS_ENDLESS_HEADER,
    MIS_ENDLESS_CONTINUE,
    MIS_SWITCH,
    MIS_NEGATIVE_LENGTH,
    MIS_HUGE_LENGTH,
    MIS_HUGE_CHUNK,
    MIS_WRONG,
};
/* Takes "NAME" or "NAME:K", with or without "bad-" before it; *@after is touched only with a K.
 * -EINVAL: no such name. */
NODISCARD int mis_parse(enum mis *ret, int64_t *after, const char *text, size_t n);
const char *mis_name(size_t i); /* the i-th name, NULL behind the last */
int mis_status(enum mis m);     /* the HTTP status to answer with, 0 for 200 */

struct dist {
    int64_t low_ns, high_ns; /* uniform between; equal: fixed */
};

struct options {
    int64_t port, threads, seed, template_tokens, slots, after, every;
    struct dist ttft, gap;
    int64_t role_ns, input_ns, spin_ns;
    enum keep_mode keep;
    enum mis mis;
    const char *log_path, *api_key, *metrics_path;
    const char *listen; /* an address, or a path with a slash in it; NULL: 127.0.0.1 */
    bool log_peers;
    bool prefix_cache, watch_stdin, fifo, help;
};
/* 0, or -EINVAL with the words in *@err. */
NODISCARD int options_parse(struct options *ret, int argc, char **argv, struct err *err);
const char *options_help(void);

/* A set of word prefixes; bounded: it starts over when it is half full. */
struct prefix_set {
    uint64_t *slots; /* NULL: no cache */
    size_t used;
};
NODISCARD int prefix_set_init(struct prefix_set *p);
bool prefix_set_add(struct prefix_set *p, uint64_t hash); /* true: it was there already */
void prefix_set_release(struct prefix_set *p);

/* A listening socket at @at, and *@port, which is set to what it became (0 for a path). -errno. */
NODISCARD int listen_on(const char *at, int64_t *port, bool shared, struct err *err);
struct log;
/* "peer ADDRESS NS": who has just connected. */
void log_peer(struct log *l, int fd, int64_t ns);

struct slice {
    const char *data;
    size_t len;
};

enum endpoint {
    ENDPOINT_COMPLETIONS,
    ENDPOINT_CHAT,
    ENDPOINT_RESPONSES, /* this and what follows: endpoints.c */
    ENDPOINT_EMBEDDINGS,
    ENDPOINT_RERANK,
    ENDPOINT_INFER,
    ENDPOINT_NONE,
};

/* One request, as far as the server cares. */
struct request {
    char method[8], path[64], id[64], key[128];
    char model[160]; /* raw JSON text between the quotes */
    bool keep_alive, expects, chat, stream, include_usage;
    int64_t body_len, max_tokens;
    int64_t words, cached, documents;
    enum endpoint endpoint;
    char roles[64];           /* of the messages, their first letters: "uau"; "-": a prompt */
    uint64_t text, text_then; /* hashes of roles and texts: of all; before the last two messages */
};
/* Reads the head in @head (up to and with its blank line); -EINVAL: malformed. */
NODISCARD int request_head(struct request *r, const char *head, size_t n);
/* Reads the JSON body; -EINVAL: malformed. */
NODISCARD int request_body(struct request *r, const char *body, size_t n, struct prefix_set *p);

/* Text lines, buffered; flushed by the owner. */
struct log {
    int fd; /* -1: no log */
    char *data;
    size_t len;
    int64_t oldest_ns; /* of the first unflushed line; TIME_NONE if none */
};
NODISCARD int log_init(struct log *l, int fd);
void log_event(struct log *l, const char *id, int64_t index, int64_t ns, size_t bytes,
               const char *kind);
void log_note(struct log *l, const char *id, const char *what, int64_t ns);
void log_hangup(struct log *l, const char *id, int64_t ns, int64_t tokens);
void log_model(struct log *l, const char *id, int64_t ns, const char *model);
/* What was asked: roles, words and hashes of @r. */
void log_prompt(struct log *l, const struct request *r, int64_t ns);
int64_t log_due(const struct log *l); /* when it wants to be flushed; INT64_MAX if empty */
void log_flush(struct log *l);
void log_release(struct log *l);

/* Lateness of sends, in buckets of 1/32 of a power of two. */
struct late {
    uint64_t count, bucket[64 * 32];
    int64_t max_ns;
};
void late_add(struct late *l, int64_t ns);
void late_merge(struct late *into, const struct late *from);
double late_quantile_ns(const struct late *l, double q);

enum phase { PHASE_HEAD, PHASE_CONTENT };
enum conn_state {
    CONN_READING, /* waits for a complete request */
    CONN_QUEUED,  /* waits for a slot */
    CONN_TIMED,   /* in the heap of deadlines */
    CONN_DEAF,    /* never sends again; waits for the client to leave */
    CONN_CLOSING, /* closes once what is pending went out */
    CONN_DEAD,
};

enum { HOLD = 4 };
struct held { /* an event that MIS_COALESCE has not sent yet */
    int64_t index;
    size_t bytes;
    const char *kind;
};

struct conn {
    int fd;
    enum conn_state state;
    struct str in, out; /* bytes not yet parsed; bytes the socket did not take */
    size_t out_at;
    bool want_write, had_sse, has_slot, answering, continued;
    struct conn *next; /* in the queue, or in the graveyard */
    struct conn *all_next, **all_link;
    size_t heap_at;
    int64_t due_ns;
    /* the request being answered */
    struct request request;
    enum mis mis;
    int64_t after; /* content events before the misbehaviour */
    int64_t first_ns, index, tokens, sent;
    int64_t budget;     /* MIS_EARLY_CLOSE: bytes until it closes */
    struct slice flood; /* sent again and again while flood_left lasts */
    int64_t flood_left;
    enum phase phase;
    struct rng rng;
    char prefix[640];
    size_t prefix_len, head_at;
    struct str hold;
    struct held held[HOLD];
    size_t held_count;
};

struct counts {
    uint64_t requests, running, waiting, prompt_tokens, cached_tokens, output_tokens, connections,
        scrapes;
};

struct worker {
    const struct options *options;
    int epoll, listener, stop;
    struct conn **heap;
    size_t heap_len, heap_cap;
    struct conn *queue_head, *queue_tail, *graveyard, *all;
    int64_t free_slots; /* INT64_MAX: unlimited */
    struct prefix_set prefixes;
    struct log log;
    struct late late;
    struct counts counts;
    uint64_t requests_seen;
    int64_t cpu_ns, run_delay_ns;
    char *scratch;
    size_t scratch_cap;
    int64_t sent_ns;            /* of the latest send */
    int64_t window_ns, spun_ns; /* polling since the start of this window */
};
NODISCARD int worker_init(struct worker *w, const struct options *o, int listener, int stop,
                          int log_fd, struct err *err);
void worker_run(struct worker *w); /* until @stop is readable */
void worker_release(struct worker *w);

/* heap.c: the connection with the earliest deadline */
void heap_put(struct worker *w, struct conn *c, int64_t due_ns);
void heap_drop(struct worker *w, struct conn *c);

/* conn.c: bytes in and out. A connection that fails becomes CONN_DEAD and is freed later. */
void conn_accept(struct worker *w);
void conn_ready(struct worker *w, struct conn *c, uint32_t events);
void conn_send(struct worker *w, struct conn *c, const char *data, size_t n);
void conn_next_request(struct worker *w, struct conn *c);
void conn_close(struct worker *w, struct conn *c); /* what is pending goes first */
void conn_reset(struct worker *w, struct conn *c);
void conn_deafen(struct worker *w, struct conn *c);
/* Sends @unit over and over, as fast as it is taken, some 2 GiB; hears nothing any more. */
void conn_flood(struct worker *w, struct conn *c, struct slice unit);
void conn_reap(struct worker *w);
void conn_release_all(struct worker *w);

/* answer.c: everything that is not a stream */
void answer_fixed(struct worker *w, struct conn *c);  /* models, health, metrics, 404 */
void answer_status(struct worker *w, struct conn *c); /* an error of c->mis */
void answer_error(struct worker *w, struct conn *c, int status, const char *message);
void answer_whole(struct worker *w, struct conn *c); /* the completion as one JSON document */
void answer_done(struct worker *w, struct conn *c, bool was_sse);
/* The Connection header's value: what is announced, not always what is done. */
const char *answer_connection(const struct worker *w, const struct conn *c);
void answer_usage(struct str *s, const struct worker *w, const struct conn *c);

/* stream.c: completions, paced */
void stream_request(struct worker *w, struct conn *c, int64_t now_ns);
void stream_leave(struct worker *w, struct conn *c, int64_t now_ns); /* gives the slot on */
void stream_step(struct worker *w, struct conn *c);                  /* its deadline has come */

/* hostile.c: answers of a server that means harm. True: c->mis is one that begins wrong. */
bool hostile_start(struct worker *w, struct conn *c);
void hostile_line(struct worker *w, struct conn *c); /* one line of an event, without end */

/* endpoints.c: answers of the other endpoints */
enum endpoint endpoint_of(const char *path);
void endpoint_log(struct worker *w, const struct conn *c);
void endpoint_document(struct str *s, const struct worker *w, const struct conn *c);
/* An event of a response's stream. */
void response_created(struct worker *w, struct conn *c);
void response_delta(struct worker *w, struct conn *c, const char *text);
void response_ended(struct worker *w, struct conn *c, bool failed);

/* emit.c: one event on the wire */
void emit_prepare(struct conn *c);
void emit_head(struct worker *w, struct conn *c);
void emit_content(struct worker *w, struct conn *c, const char *text);
void emit_huge(struct worker *w, struct conn *c);
void emit(struct worker *w, struct conn *c, const char *kind, const char *payload, size_t n);
void emit_raw(struct worker *w, struct conn *c, const char *kind, const char *event, size_t n);
void emit_typed(struct worker *w, struct conn *c, const char *kind, const char *type,
                const struct str *payload);
void emit_flush(struct worker *w, struct conn *c);
const char *emit_word(int64_t i);
