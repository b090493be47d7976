/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/record/record.h - what the timed path writes down: one 32-byte record per thing that
 * happened. A spool of these, replayed in order, gives every sample of a run; nothing else is
 * needed, so that a run that was killed can be recovered from its spool alone.
 */
#pragma once
#include "base/base.h"

enum rec_type {
    REC_NONE = 0,   /* never written: an all-zero slot is no record */
    REC_POINT = 1,  /* kind: enum rec_point; one of a sample's single times */
    REC_READ = 2,   /* one read that returned bytes: value = bytes, user_ns = user-space stamp */
    REC_EVENT = 3,  /* one response event: kind = EVENT_* bits, value = payload bytes */
    REC_COUNT = 4,  /* kind: enum rec_count, value = the number */
    REC_TEXT = 5,   /* up to 16 bytes of an error's words: value and user_ns hold characters */
    REC_END = 6,    /* kind: enum outcome, value = HTTP status (0 none); the sample's last record */
    REC_SECOND = 7, /* of the thread, not of a sample: sample = the trial, time_ns = the second's
                       start, kind = a field of record/second.h; value, user_ns: it and the next */
    REC_CONNECTION = 8, /* the same of a connection that closed at time_ns; record/connection.h */
};

enum rec_point {
    POINT_DUE = 0,           /* value = input_requested | output_requested << 32; user_ns =
                                session | (turn + 1) << 32, 0 where no item of the trial waits */
    POINT_RELEASED = 1,      /* the generator took it up; value = trial | reuse_expected << 32 */
    POINT_CONNECT_START = 2, /* absent on a reused connection; value as that of POINT_SENT */
    POINT_CONNECT_END = 3,
    POINT_SENT = 4,       /* just before the write that carried the first request byte; value =
                             its connection in the trial, from 1 (0: older spools) */
    POINT_SENT_LAST = 5,  /* after the write that carried the last; value = request bytes */
    POINT_FIRST_BYTE = 6, /* first response byte (stamp of its read) */
    POINT_RESENT = 7,  /* a stale reused connection was reset: times from CONNECT on start again */
    POINT_END = 8,     /* end of the response: last byte of its body */
    POINT_TLS_END = 9, /* TLS handshake done; absent without TLS and on a reused connection */
    POINT_SENT_KERNEL = 10, /* the packet with the last byte of POINT_SENT's write left, by the
                               kernel's stamp (load.send_stamps); absent where it gave none */
};

/* What an event carried; several bits may be set. In the evidence as they are: never renumber. */
enum event_kind {
    EVENT_ROLE = 1,      /* choices with a role and no text */
    EVENT_CONTENT = 2,   /* non-empty content (or completions text) */
    EVENT_REASONING = 4, /* non-empty reasoning */
    EVENT_TOOL = 8,      /* tool call delta */
    EVENT_FINISH = 16,   /* a finish_reason */
    EVENT_USAGE = 32,
    EVENT_ERROR = 64,
    EVENT_CHOICES = 128, /* a non-empty "choices" array, whatever is in it */
};
#define EVENT_TOKENS (EVENT_CONTENT | EVENT_REASONING | EVENT_TOOL)

enum rec_count {
    COUNT_INPUT = 0,     /* usage.prompt_tokens */
    COUNT_OUTPUT = 1,    /* usage.completion_tokens */
    COUNT_CACHED = 2,    /* usage.prompt_tokens_details.cached_tokens */
    COUNT_FINISH = 3,    /* enum finish_reason */
    COUNT_HANG_UP = 4,   /* enum hang_up; only where the schedule says so */
    COUNT_COMPONENT = 5, /* of the plan's workload.mix; only where there is one */
};

/* Whether a request was drawn to hang up before its answer is complete (load.hang_up). */
enum hang_up { HANG_UP_NONE, HANG_UP_EVENTS, HANG_UP_TIME };
const char *hang_up_name(enum hang_up h); /* "", "events", "time" */

enum finish_reason {
    FINISH_NONE = 0,
    FINISH_STOP = 1,
    FINISH_LENGTH = 2,
    FINISH_TOOL = 3,
    FINISH_FILTER = 4,
    FINISH_OTHER = 5,
};

/* How a sample ended. In the evidence as numbers and names: never renumber. */
enum outcome {
    OUTCOME_OK = 0,
    OUTCOME_REFUSED = 1,        /* the connection was refused */
    OUTCOME_CONNECT_FAILED = 2, /* any other failure to connect */
    OUTCOME_RESET = 3,          /* connection reset or broken, before or in the response */
    OUTCOME_HTTP_4XX = 4,
    OUTCOME_HTTP_5XX = 5,
    OUTCOME_HTTP_OTHER = 6,   /* a status that is neither 2xx, 4xx nor 5xx */
    OUTCOME_BAD_HTTP = 7,     /* malformed response head */
    OUTCOME_BAD_CHUNK = 8,    /* malformed chunked framing */
    OUTCOME_BAD_EVENT = 9,    /* malformed SSE, or an event whose data is no JSON object */
    OUTCOME_ERROR_EVENT = 10, /* an error object inside a 200 answer */
    OUTCOME_EARLY_END =
        11,               /* closed before the response was complete, or no finish and no [DONE] */
    OUTCOME_STALL = 12,   /* no byte for load.stall_timeout */
    OUTCOME_TIMEOUT = 13, /* not complete within load.timeout */
    OUTCOME_CANCELLED = 14,    /* stopped by the user or the run's end while in flight */
    OUTCOME_INTERRUPTED = 15,  /* in flight when asrun itself was killed; written by recovery */
    OUTCOME_TLS = 16,          /* the TLS handshake, verification or protocol failed */
    OUTCOME_WRONG_ANSWER = 17, /* complete and good HTTP, but not what was asked for */
    OUTCOME_HUNG_UP = 18,      /* as the schedule wanted: no failure, but no whole answer either */
    OUTCOME_COUNT_,
};
/* Neither a whole answer nor a planned end. */
static inline bool outcome_failed(enum outcome o)
{
    return o != OUTCOME_OK && o != OUTCOME_HUNG_UP;
}
const char *outcome_name(enum outcome o); /* "ok", "refused", "http_4xx", ... */
/* -EINVAL: no such name. */
NODISCARD int outcome_parse(enum outcome *ret, const char *name);
const char *finish_name(enum finish_reason f); /* "", "stop", "length", ... */

enum rec_flag {
    REC_KERNEL = 1, /* time_ns is a kernel receive stamp; otherwise the user-space stamp */
    REC_NOT_LAST =
        2,          /* event: not the last of its read; true arrival in (previous stamp, time_ns] */
    REC_REUSED = 4, /* POINT_SENT: on a connection that had carried a request before */
    REC_STEP = 8,   /* the converted kernel stamp was implausible, the user stamp is used */
};

struct rec {
    int64_t time_ns; /* CLOCK_MONOTONIC */
    uint32_t sample; /* position in the schedule, unique within a run */
    uint8_t type;    /* enum rec_type */
    uint8_t kind;    /* by type */
    uint16_t flags;  /* enum rec_flag */
    int64_t value;   /* by type */
    int64_t user_ns; /* READ, EVENT: user-space stamp after the read; TEXT: characters; by kind */
};
_Static_assert(sizeof(struct rec) == 32, "the spool's format");
