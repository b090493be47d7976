/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of a server that means harm: what begins wrong, and what never ends. */
#include "refserver.h"
#include <string.h>

enum { BLOCK = 64 << 10 };

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"

static const struct harm {
    enum mis mis;
    const char *begins;
    const char *goes_on; /* over and over; NULL: nothing follows, and nothing is heard any more */
} harms[] = {
    {MIS_ENDLESS_HEADERS, HEAD, "X-Flood: and another one\r\n"},
    {MIS_ENDLESS_HEADER, HEAD "X-Flood: ", "and more of the same"},
    {MIS_ENDLESS_CONTINUE, "", "HTTP/1.1 100 Continue\r\n\r\n"},
    {MIS_SWITCH, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
     NULL},
    {MIS_NEGATIVE_LENGTH, HEAD "Content-Length: -1\r\n\r\ndata: {}\n\n", NULL},
    {MIS_HUGE_LENGTH, HEAD "Content-Length: 99999999999999999999\r\n\r\ndata: {}\n\n", NULL},
    {MIS_HUGE_CHUNK, HEAD "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\ndata: {}\n\n",
     NULL},
};

/* @text as often as it fits a block. */
static struct slice fill(char *block, const char *text)
{
    size_t n = strlen(text), len = 0;

    for (; len + n <= BLOCK; len += n)
        memcpy(block + len, text, n);
    return (struct slice){block, len};
}

bool hostile_start(struct worker *w, struct conn *c)
{
    static _Thread_local char blocks[COUNT_OF(harms)][BLOCK];

    for (size_t i = 0; i < COUNT_OF(harms); i++) {
        if (harms[i].mis != c->mis)
            continue;
        conn_send(w, c, harms[i].begins, strlen(harms[i].begins));
        if (harms[i].goes_on)
            conn_flood(w, c, fill(blocks[i], harms[i].goes_on));
        else
            conn_deafen(w, c);
        return true;
    }
    return false;
}

void hostile_line(struct worker *w, struct conn *c)
{
    static const char opens[] = "fffffffffff\r\ndata: {\"choices\":[{\"index\":0,\"text\":\"";
    static _Thread_local char block[BLOCK];

    conn_send(w, c, opens, sizeof opens - 1);
    conn_flood(w, c, fill(block, "and so on "));
    stream_leave(w, c, c->due_ns);
}
