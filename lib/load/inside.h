/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/inside.h - the engine's inside, shared by its files only:
 *   engine.c  construction, one step: stop, deadlines, waiting
 *   pace.c    which item is next, when, and its request rendered ahead
 *   follow.c  the items that come after others
 *   conn.c    one request on one connection, from connect to the end of the answer
 *   link.c    a connection's socket: connecting, reading with a stamp, watching
 *   sent.c    the kernel's stamps of sending
 *   keep.c    a connection between two requests
 *   h2.c, h2_session.c  HTTP/2: several requests on one connection
 *   transport.c  plain or TLS, behind the same calls
 *   slots.c   how many slots a closed loop has
 *   tell.c    the records
 *   account.c what a connection came to, told when it closes
 *   ease.c    how a real-time thread leaves room for others
 *   meter.c   what the thread knows of itself, second by second
 *   pool.c    free, idle and watched connections, request buffers, deadlines
 *
 * A connection is at any time in exactly one of: the free list, in flight, idle (may be reused),
 * watched (idle after an SSE answer, not to be reused before the server has been seen to keep it).
 */
#pragma once
#include "load/chain.h"
#include "load/ease.h"
#include "load/engine.h"
#include "load/h2.h"
#include "load/meter.h"
#include "load/response.h"
#include "load/tls.h"

enum {
    READ_BYTES = 64 * 1024,
    FOLLOW_AHEAD = ENGINE_AHEAD / 4,
    NOT_IN_HEAP = -1,
    NO_BUFFER = -1,
    NO_CONN = -1,
};
#define ANCHOR_SLACK_NS (2 * NS_PER_US) /* error of the offset between the two clocks */
#define WATCH_NS (500 * NS_PER_MS)      /* an idle connection that lived so long is being kept */

enum conn_state {
    CONN_FREE,
    CONN_IDLE,
    CONN_WATCHED,
    CONN_LINK,       /* of HTTP/2: a socket, its requests are other connections */
    CONN_CONNECTING, /* this and what follows: a request is in flight */
    CONN_HANDSHAKE,  /* connected, of TLS */
    CONN_WAITING,    /* for HTTP/2's connection */
    CONN_SENDING,    /* reads too: a server may answer before it has everything */
    CONN_READING,
};

struct account { /* of one connection, from the call to connect to its close */
    int64_t opened_ns, connected_ns, secured_ns; /* the latter two TIME_NONE until then */
    uint32_t id;                                 /* unique in the trial */
    int32_t requests;
    bool open;
};

struct sent { /* the kernel's stamp of a request's first write */
    bool awaited;
    uint32_t stream;  /* bytes sent on the connection so far; wraps */
    uint32_t last;    /* awaited: of that byte */
    int64_t after_ns; /* awaited: not before */
};

struct conn {
    uint8_t state;   /* enum conn_state */
    bool reused;     /* carried a request before this one */
    bool resent;     /* this sample was sent before, on a stale connection */
    bool told_sent;  /* POINT_SENT is written */
    bool told_first; /* POINT_FIRST_BYTE is written */
    bool writable_watched;
    int fd;
    uint32_t generation; /* of the socket: an event for an earlier one is dropped */
    uint32_t sample;
    int32_t buffer, at_heap, prev, next; /* prev, next: of the list it is in */
    int send_code;                       /* -errno of a failed send: reading goes on */
    size_t length, sent;                 /* of the request */
    struct sent sent_stamp;
    int64_t released_ns;
    int64_t hang_up_ns; /* when its client hangs up, whatever has come by then; INT64_MAX: never */
    int32_t hang_up_events; /* or once so many content events have come; 0: never */
    int64_t active_ns;      /* last progress: what the stall timeout counts from */
    int64_t floor_ns;       /* nothing still unread can have arrived before this */
    int64_t last_ns;        /* stamp of the last read */
    int64_t slot_ns;        /* idle: when the slot whose request it carried last may go on */
    uint16_t last_flags;
    bool read_late; /* the last read, by the kernel's stamp */
    struct account account;
    struct response response;
};

struct conn_list {
    int32_t head, tail, count;
};

struct ready { /* an item whose request is rendered */
    uint32_t index;
    int32_t buffer;
    size_t length;
};

struct soon { /* the same of one that came after others */
    int64_t due_ns;
    struct ready ready;
};

struct deadline {
    int64_t at_ns;
    int32_t conn;
};

enum server_keeps { KEEPS_UNKNOWN, KEEPS_YES, KEEPS_NO };

struct engine {
    const struct load_config *config;
    const struct loop_ops *ops;
    void *loop;
    struct tls *tls; /* NULL: plain */
    struct h2 *h2;   /* NULL: HTTP/1.1 */
    struct ring *ring;
    int32_t thread, threads, cap;
    bool closed;   /* closed loop */
    bool stopping; /* no new item */
    enum server_keeps sse_keeps;
    int64_t now_ns;      /* latest reading of the clock */
    int64_t drain_at_ns; /* what is in flight then is cancelled */
    int64_t anchor_at_ns;
    int64_t
        close_by_ns; /* the idle connections, with room for their records or without; 0: not yet */
    struct ease ease;
    bool spinning;
    int32_t in_flight;
    int64_t full_until_ns; /* when last a full house ended: what was due before had to wait */

    /* items that wait for no other: this thread's, and how many are that far */
    size_t share, rendered, released;
    struct ready ahead[ENGINE_AHEAD]; /* ring; rendered - released of them are filled */
    struct chain *chain;              /* NULL: no item waits for another */
    size_t followed;                  /* of those that wait for others: started */
    struct soon soon[FOLLOW_AHEAD];   /* rendered, by due time */
    int32_t soon_count;
    int64_t *slot_free; /* closed loop: heap of the times when a free slot may be used, @cap big */
    int32_t slots;      /* free ones, resting or not */
    int32_t slots_open, slots_wanted; /* slots there are, in use or free, and should be */
    size_t slot_step;                 /* the next of the configuration's */

    struct conn *conns;
    int32_t conn_count, link_count; /* links: the first ones, of HTTP/2 */
    struct conn_list free, idle, watched;
    struct deadline *heap;
    int32_t heap_count;
    char *buffers;
    int32_t *buffer_free;
    int32_t buffer_count, buffers_left;
    char *read_buffer;
    struct load_report report;
    uint32_t accounts;  /* connections opened or tried so far */
    int64_t account_ns; /* when the last one was closed; each is told a time of its own */
    struct meter meter;
};

/* pool.c */
int pool_init(struct engine *e);
void pool_release(struct engine *e);
void list_add(struct engine *e, struct conn_list *l, struct conn *c);
void list_remove(struct engine *e, struct conn_list *l, struct conn *c);
struct conn *list_first(const struct engine *e, const struct conn_list *l);
struct conn *list_last(const struct engine *e, const struct conn_list *l);
void deadline_set(struct engine *e, struct conn *c, int64_t at_ns); /* adds or moves */
void deadline_clear(struct engine *e, struct conn *c);
int64_t deadline_first(const struct engine *e); /* INT64_MAX if none */
char *buffer_at(const struct engine *e, int32_t buffer);
int32_t buffer_take(struct engine *e); /* NO_BUFFER if none is left */
void buffer_give(struct engine *e, int32_t buffer);
static inline int32_t conn_index(const struct engine *e, const struct conn *c)
{
    return (int32_t)(c - e->conns);
}

/* pace.c */
bool pace_may_start(const struct engine *e);   /* items are left and may still be started */
int64_t pace_next_due(const struct engine *e); /* INT64_MAX: none before something ends */
void pace_release(struct engine *e);           /* starts what is due at now_ns, a batch at most */
bool pace_render(struct engine *e);            /* one more request, if there is room */
bool pace_all_started(const struct engine *e); /* all that will not be skipped */
/* With a buffer, of which there must be one. */
struct ready pace_rendered(struct engine *e, uint32_t index);
void pace_start(struct engine *e, const struct ready *ready, int64_t due_ns);
void pace_slot_free(struct engine *e, int64_t from_ns); /* closed loop: a slot, from then on */

/* slots.c */
void slots_init(struct engine *e);
void slots_adjust(struct engine *e);           /* takes the steps that are due */
int64_t slots_next_ns(const struct engine *e); /* of the next step; INT64_MAX: none */
bool slots_retire(struct engine *e);           /* a slot that comes free is one too many: it goes */

/* follow.c */
int follow_init(struct engine *e);          /* -ENOMEM */
int64_t follow_due(const struct engine *e); /* INT64_MAX: none before something ends */
bool follow_all_started(const struct engine *e);
int32_t follow_never_started(const struct engine *e);
bool follow_render(struct engine *e);
bool follow_release(struct engine *e); /* the one that is due first; false: no buffer */
void follow_ended(struct engine *e, uint32_t index, bool well, int64_t time_ns); /* any item */

/* conn.c */
static inline bool conn_in_flight(const struct conn *c)
{
    return c->state >= CONN_CONNECTING;
}
void conn_start(struct engine *e, const struct ready *ready, int64_t due_ns);
void conn_event(struct engine *e, struct conn *c, const struct loop_event *event);
void conn_deadline(struct engine *e, struct conn *c);
void conn_cancel(struct engine *e, struct conn *c);
void conn_end(struct engine *e, struct conn *c, enum outcome outcome, const char *words,
              int64_t time_ns, uint16_t flags, bool reusable);
void conn_first_byte(struct engine *e, struct conn *c); /* came with the last read */
void conn_give_buffer(struct engine *e, struct conn *c);
int64_t conn_next_deadline(const struct engine *e, const struct conn *c);
bool conn_may_resend(const struct engine *e, const struct conn *c); /* it was stale */
enum outcome conn_connect_outcome(int code);                        /* of a connect that failed */
const char *conn_connect_words(int code);

/* link.c */
uint64_t conn_tag(const struct engine *e, const struct conn *c);
void link_connect(struct engine *e, struct conn *c); /* c->fd: the socket, or -errno */
void link_watch(struct engine *e, struct conn *c, bool writable);
/* As transport_recv(); where it gives bytes, c->last_ns, last_flags and read_late are of them. */
ssize_t link_read(struct engine *e, struct conn *c, struct tls_read *got);

/* sent.c: nothing of it does anything unless load.send_stamps asks for it. */
void sent_connect(struct conn *c);
/* As transport_send(); the first write of a request asks for a stamp. */
ssize_t sent_send(struct engine *e, struct conn *c, int64_t before_ns, const char *data,
                  size_t len);
/* Takes what stamps are there, and records the awaited one; whether there were any. */
bool sent_collect(struct engine *e, struct conn *c);

/* transport.c: the same with and without TLS */
int transport_open(struct engine *e, struct conn *c);      /* over the connected socket: */
int transport_handshake(struct engine *e, struct conn *c); /* TLS_DONE, TLS_WANTS_..., -errno */
ssize_t transport_send(struct engine *e, struct conn *c, const char *data, size_t len);
ssize_t transport_recv(struct engine *e, struct conn *c, struct tls_read *ret); /* as tls_recv() */
bool transport_over(const struct engine *e, const struct conn *c);
const char *transport_words(const struct engine *e, const struct conn *c);
void transport_close(struct engine *e, struct conn *c);

/* keep.c */
/* The next request's, due at @due_ns: a reusable one, or a free one. */
struct conn *keep_take(struct engine *e, int64_t due_ns);
void keep_or_free(struct engine *e, struct conn *c); /* its answer is complete, and announced it */
void keep_free(struct engine *e, struct conn *c);    /* closes; the connection is in no list */
void keep_close(struct engine *e, struct conn *c);   /* closes the socket only */
void keep_drop(struct engine *e, struct conn *c);    /* an idle or watched one */
void keep_idle_event(struct engine *e,
                     struct conn *c); /* an idle or watched one reports something */
void keep_seen(struct engine *e);     /* a watched one has lived long enough */

/* account.c */
void account_open(struct engine *e, struct conn *c);  /* before the call to connect */
void account_close(struct engine *e, struct conn *c); /* before the socket is closed; once */
int64_t account_number(const struct conn *c);         /* its id as POINT_SENT tells it, from 1 */
bool account_room(const struct engine *e);            /* in the ring, for one more */

/* tell.c */
void tell(struct engine *e, uint32_t sample, const struct rec *rec);
void tell_point(struct engine *e, const struct conn *c, enum rec_point point, int64_t time_ns,
                int64_t value, uint16_t flags);
void tell_due(struct engine *e, const struct conn *c, int64_t due_ns);
void tell_read(struct engine *e, const struct conn *c, ssize_t bytes, int64_t user_ns);
void tell_event(struct engine *e, const struct conn *c, const struct openai_event *event,
                int64_t user_ns, bool last);
void tell_second(struct engine *e); /* what the meter has, and starts the next */
void tell_end(struct engine *e, const struct conn *c, enum outcome outcome, const char *words,
              int64_t time_ns, uint16_t flags);
